"""The bistable recurrent cell.

Vecoven, Ernst, Drion 2021, with biases: units see one another through the layer's input alone, and each can latch.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Vecoven, Ernst, Drion 2021 (arXiv 2006.05252)"


def step(x, h, *, U, w, b):
    a = 1 + tanh(U.a @ x + w.a * h + b.a)
    c = sigmoid(U.c @ x + w.c * h + b.c)
    h = c * h + (1 - c) * tanh(U @ x + a * h + b.h)
    return h
