"""Gated recurrent unit, reset before the product.

Chung et al. 2014, Section 3.2, with biases.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Cho et al. 2014; Chung, Gulcehre, Cho, Bengio 2014, Section 3.2 (arXiv 1412.3555)"


def step(x, h, *, W, U, b):
    z = sigmoid(W.z @ x + U.z @ h + b.z)
    r = sigmoid(W.r @ x + U.r @ h + b.r)
    h_tilde = tanh(W @ x + U @ (r * h) + b.h)
    h = (1 - z) * h + z * h_tilde
    return h
