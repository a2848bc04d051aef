"""The antisymmetric recurrent network.

Chang et al. 2019: a step ``epsilon`` of an ordinary differential equation whose matrix is antisymmetric, so that it
neither grows nor shrinks what it carries, less a little diffusion ``gamma``. The paper's gated form has one gate z
more that sees the same matrix.
"""

from gatebench.graph.ops import NonNegative, Positive, sigmoid, tanh, transposed_product

PAPER = "Chang, Chen, Haber, Chi 2019 (arXiv 1902.09689)"


def step(x, h, *, W, V, b, epsilon: Positive = 0.1, gamma: NonNegative = 0.01, gated: bool = False):
    turned = W @ h - transposed_product(W, h) - gamma * h
    z = sigmoid(turned + V.z @ x + b.z) if gated else 1
    h = h + epsilon * z * tanh(turned + V.h @ x + b.h)
    return h
