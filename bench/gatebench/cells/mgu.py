"""The minimal gated unit.

Zhou et al. 2016, with biases: one gate, which forgets and resets.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Zhou, Wu, Zhang, Zhou 2016 (arXiv 1603.09420)"


def step(x, h, *, W, U, b):
    f = sigmoid(W.f @ x + U.f @ h + b.f)
    h_tilde = tanh(W.h @ x + U.h @ (f * h) + b.h)
    h = (1 - f) * h + f * h_tilde
    return h
