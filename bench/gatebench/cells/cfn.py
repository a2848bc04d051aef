"""The chaos-free recurrent network.

Laurent, von Brecht 2017: without an input the state decays, whatever the weights.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Laurent, von Brecht 2017 (arXiv 1612.06212)"


def step(x, h, *, W, U, V, b):
    theta = sigmoid(U.theta @ h + V.theta @ x + b.theta)
    eta = sigmoid(U.eta @ h + V.eta @ x + b.eta)
    h = theta * tanh(h) + eta * tanh(W @ x)
    return h
