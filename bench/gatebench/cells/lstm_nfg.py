"""LSTM without a forget gate.

Greff et al. 2017, variant NFG: f = 1. With peepholes, as their vanilla LSTM; the output gate sees the new c.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Greff, Srivastava, Koutnik, Steunebrink, Schmidhuber 2017 (arXiv 1503.04069)"


def step(x, y, c, *, W, R, p, b):
    z = tanh(W.z @ x + R.z @ y + b.z)
    i = sigmoid(W.i @ x + R.i @ y + p.i * c + b.i)
    c = z * i + c
    o = sigmoid(W.o @ x + R.o @ y + p.o * c + b.o)
    y = tanh(c) * o
    return y, c
