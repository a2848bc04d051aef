"""LSTM without an input gate.

Greff et al. 2017, variant NIG: i = 1. With peepholes, as their vanilla LSTM; the output gate sees the new c.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Greff, Srivastava, Koutnik, Steunebrink, Schmidhuber 2017 (arXiv 1503.04069)"


def step(x, y, c, *, W, R, p, b):
    z = tanh(W.z @ x + R.z @ y + b.z)
    f = sigmoid(W.f @ x + R.f @ y + p.f * c + b.f)
    c = z + c * f
    o = sigmoid(W.o @ x + R.o @ y + p.o * c + b.o)
    y = tanh(c) * o
    return y, c
