"""Vanilla LSTM of Sherstinsky, with full-matrix state connections.

Sherstinsky 2020, Eq. 126-136; his W_xcu, W_scu, W_vcu are W.xcu, W.scu, W.vcu. The readout gate sees the current state.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Sherstinsky 2020, Eq. 126-136 (arXiv 1808.03314)"


def step(x, v, s, *, W, b):
    g_cu = sigmoid(W.xcu @ x + W.scu @ s + W.vcu @ v + b.cu)
    g_cs = sigmoid(W.xcs @ x + W.scs @ s + W.vcs @ v + b.cs)
    u = tanh(W.xdu @ x + W.vdu @ v + b.du)
    s = g_cs * s + g_cu * u
    g_cr = sigmoid(W.xcr @ x + W.scr @ s + W.vcr @ v + b.cr)
    r = tanh(s)
    v = g_cr * r
    return v, s
