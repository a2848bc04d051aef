"""LSTM without an input activation function.

Greff et al. 2017, variant NIAF: g(x) = x. With peepholes, as their vanilla LSTM; the output gate sees the new c.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Greff, Srivastava, Koutnik, Steunebrink, Schmidhuber 2017 (arXiv 1503.04069)"


def step(x, y, c, *, W, R, p, b):
    z = W.z @ x + R.z @ y + b.z
    i = sigmoid(W.i @ x + R.i @ y + p.i * c + b.i)
    f = sigmoid(W.f @ x + R.f @ y + p.f * c + b.f)
    c = z * i + c * f
    o = sigmoid(W.o @ x + R.o @ y + p.o * c + b.o)
    y = tanh(c) * o
    return y, c
