"""The minimal recurrent network.

Chen 2017: the state stays in the space of what is made of the input alone; a gate sees both.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Chen 2017 (arXiv 1711.06788)"


def step(x, h, *, W, U, b):
    z = tanh(W.x @ x + b.z)
    u = sigmoid(U.h @ h + U.z @ z + b.u)
    h = u * h + (1 - u) * z
    return h
