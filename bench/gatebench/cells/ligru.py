"""Light gated recurrent unit.

Ravanelli et al. 2018: no reset gate, and a candidate by ReLU. Their batch normalisation of the products with the input,
which mixes the sequences of a batch, is left out; biases stand in its place.
"""

from gatebench.graph.ops import relu, sigmoid

PAPER = "Ravanelli, Brakel, Omologo, Bengio 2018 (arXiv 1803.10225)"


def step(x, h, *, W, U, b):
    z = sigmoid(W.z @ x + U.z @ h + b.z)
    h_tilde = relu(W.h @ x + U.h @ h + b.h)
    h = z * h + (1 - z) * h_tilde
    return h
