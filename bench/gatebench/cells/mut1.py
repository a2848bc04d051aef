"""Mutated unit 1 of an evolutionary search.

Jozefowicz et al. 2015, MUT1. Printed is tanh(x), which fits an input as wide as the state alone: here it is tanh(W_xh x).
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Jozefowicz, Zaremba, Sutskever 2015 (PMLR 37)"


def step(x, h, *, W, b):
    z = sigmoid(W.xz @ x + b.z)
    r = sigmoid(W.xr @ x + W.hr @ h + b.r)
    h = tanh(W.hh @ (r * h) + tanh(W.xh @ x) + b.h) * z + h * (1 - z)
    return h
