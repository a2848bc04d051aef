"""Mutated unit 3 of an evolutionary search.

Jozefowicz et al. 2015, MUT3. The update gate sees the tanh of the state.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Jozefowicz, Zaremba, Sutskever 2015 (PMLR 37)"


def step(x, h, *, W, b):
    z = sigmoid(W.xz @ x + W.hz @ tanh(h) + b.z)
    r = sigmoid(W.xr @ x + W.hr @ h + b.r)
    h = tanh(W.hh @ (r * h) + W.xh @ x + b.h) * z + h * (1 - z)
    return h
