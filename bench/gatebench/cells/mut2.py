"""Mutated unit 2 of an evolutionary search.

Jozefowicz et al. 2015, MUT2. Printed is r = sigma(x + W_hr h + b_r), which fits an input as wide as the state alone:
here it is W_xr x.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Jozefowicz, Zaremba, Sutskever 2015 (PMLR 37)"


def step(x, h, *, W, b):
    z = sigmoid(W.xz @ x + W.hz @ h + b.z)
    r = sigmoid(W.xr @ x + W.hr @ h + b.r)
    h = tanh(W.hh @ (r * h) + W.xh @ x + b.h) * z + h * (1 - z)
    return h
