"""Recurrently neuromodulated bistable recurrent cell.

Vecoven, Ernst, Drion 2021, with biases: the gates of the bistable cell see all units.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Vecoven, Ernst, Drion 2021 (arXiv 2006.05252)"


def step(x, h, *, U, W, b):
    a = 1 + tanh(U.a @ x + W.a @ h + b.a)
    c = sigmoid(U.c @ x + W.c @ h + b.c)
    h = c * h + (1 - c) * tanh(U @ x + a * h + b.h)
    return h
