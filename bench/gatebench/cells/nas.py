"""Recurrent cell of a neural architecture search.

Zoph, Le 2017, Figure 8, as in the authors' release, where the fourth pair of products is multiplied, the others added.
"""

from gatebench.graph.ops import relu, sigmoid, tanh

PAPER = "Zoph, Le 2017 (arXiv 1611.01578)"


def step(x, h, c, *, W, U, b):
    a = [W[f"{k}"] @ x for k in range(8)]
    m = [U[f"{k}"] @ h + b[f"{k}"] for k in range(8)]
    first = tanh(tanh(sigmoid(a[0] + m[0]) * relu(a[1] + m[1])) + c)
    second = tanh(sigmoid(a[2] + m[2]) + relu(a[3] * m[3]))
    third = tanh(tanh(a[4] + m[4]) * sigmoid(a[5] + m[5]))
    fourth = sigmoid(tanh(a[6] + m[6]) + sigmoid(a[7] + m[7]))
    c = first * second
    h = tanh(c * tanh(third + fourth))
    return h, c
