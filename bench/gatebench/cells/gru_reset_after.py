"""Gated recurrent unit, reset after the product.

Chung et al. 2014, footnote 1, and cuDNN, whose second bias of the candidate stands inside the reset.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Cho et al. 2014, first version; Chung, Gulcehre, Cho, Bengio 2014, footnote 1 (arXiv 1412.3555); cuDNN"


def step(x, h, *, W, U, b):
    z = sigmoid(W.z @ x + U.z @ h + b.z)
    r = sigmoid(W.r @ x + U.r @ h + b.r)
    h_tilde = tanh(W @ x + b.h + r * (U @ h + b.u))
    h = (1 - z) * h + z * h_tilde
    return h
