"""LSTM without an output gate.

Greff et al. 2017, variant NOG: o = 1. With peepholes, as their vanilla LSTM.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Greff, Srivastava, Koutnik, Steunebrink, Schmidhuber 2017 (arXiv 1503.04069)"


def step(x, y, c, *, W, R, p, b):
    z = tanh(W.z @ x + R.z @ y + b.z)
    i = sigmoid(W.i @ x + R.i @ y + p.i * c + b.i)
    f = sigmoid(W.f @ x + R.f @ y + p.f * c + b.f)
    c = z * i + c * f
    y = tanh(c)
    return y, c
