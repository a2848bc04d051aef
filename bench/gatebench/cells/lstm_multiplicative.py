"""The LSTM with a multiplicative state.

Krause et al. 2017, with biases: the gates see the state through an intermediate one, which the input multiplies.
"""

from gatebench.graph.ops import as_wide_as, sigmoid, tanh

PAPER = "Krause, Lu, Murray, Renals 2017 (arXiv 1609.07959)"


def step(x, h, c, *, W, b):
    m = as_wide_as(h, (W.mx @ x + b.m) * (W.mh @ h))
    h_hat = W.hx @ x + W.hm @ m + b.h
    i = sigmoid(W.ix @ x + W.im @ m + b.i)
    o = sigmoid(W.ox @ x + W.om @ m + b.o)
    f = sigmoid(W.fx @ x + W.fm @ m + b.f)
    c = f * c + i * tanh(h_hat)
    h = tanh(c) * o
    return h, c
