"""Recurrent unit with ReLU (IRNN).

Le, Jaitly, Hinton 2015: the recurrent matrix begins as the identity, that of the input small.
"""

from gatebench.graph.initial import identity, normal
from gatebench.graph.ops import relu

PAPER = "Le, Jaitly, Hinton 2015 (arXiv 1504.00941)"


def initial(**_):
    return {"U": identity(), "W": normal(0.001)}


def step(x, h, *, W, U, b):
    h = relu(W @ x + U @ h + b.h)
    return h
