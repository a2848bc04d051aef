"""The stackable recurrent cell.

Turkoglu et al. 2021: one gate, and a tanh around the new state.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Turkoglu, D'Aronco, Wegner, Schindler 2021 (arXiv 1911.11033)"


def step(x, h, *, W, b):
    z = tanh(W.z @ x + b.z)
    k = sigmoid(W.x @ x + W.h @ h + b.k)
    h = tanh((1 - k) * h + k * z)
    return h
