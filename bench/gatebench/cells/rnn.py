"""Recurrent unit with tanh.

Chung et al. 2014, Eq. 1-2, with a bias.
"""

from gatebench.graph.ops import tanh

PAPER = "Elman 1990; Chung, Gulcehre, Cho, Bengio 2014, Eq. 1-2 (arXiv 1412.3555)"


def step(x, h, *, W, U, b):
    h = tanh(W @ x + U @ h + b.h)
    return h
