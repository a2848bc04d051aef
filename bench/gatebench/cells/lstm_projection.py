"""LSTM with a recurrent projection (LSTMP).

Sak, Senior, Beaufays 2014, with their diagonal peepholes, which ``peepholes=False`` leaves out. Their second projection,
which is not fed back, is part of a readout; the paper leaves the projection's width free: here it is a share of the units.
"""

from gatebench.graph.ops import Share, sigmoid, tanh

PAPER = "Sak, Senior, Beaufays 2014 (arXiv 1402.1128)"


def sizes(H, *, projection, **_):
    return {"P": max(1, int(projection * H))}


def step(x, r: "P", c: "H", *, W, p, b, projection: Share = 0.5, peepholes: bool = True):
    def peephole(gate, c):
        return p[gate] * c if peepholes else 0

    i = sigmoid(W.ix @ x + W.ir @ r + b.i + peephole("i", c))
    f = sigmoid(W.fx @ x + W.fr @ r + b.f + peephole("f", c))
    c = f * c + i * tanh(W.cx @ x + W.cr @ r + b.c)
    o = sigmoid(W.ox @ x + W.or_ @ r + b.o + peephole("o", c))
    m = o * tanh(c)
    r = W.rm @ m
    return r, c
