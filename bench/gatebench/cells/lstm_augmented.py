"""Augmented LSTM of Sherstinsky: external input gate, recurrent projection, input context window.

Sherstinsky 2020, Eq. 183-215. Each extension can be off: ``gate=False``, ``projection=None``, ``length=1``; with all off
this is `lstm_sherstinsky`. His window looks ahead (x[n+l]); ``window="past"`` (x[n-l]) is fair in prediction. The paper
leaves d_v free: here it is a share of d_s.
"""

from typing import Literal

from gatebench.graph.ops import Repeats, Share, shift, sigmoid, tanh

PAPER = "Sherstinsky 2020, Eq. 183-215 (arXiv 1808.03314)"


def sizes(H, *, projection, **_):
    return {} if projection is None else {"P": max(1, int(projection * H))}


def step(
    x, v: "P", s: "H", *, W, b,
    gate: bool = True, projection: Share | None = 0.5, window: Literal["past", "ahead"] = "past", length: Repeats = 1,
):  # fmt: skip
    ahead = 1 if window == "ahead" else -1

    def xi(k):  # Eq. 183-188
        return sum(W[f"{k}_{n}" if n else k] @ shift(x, n * ahead) for n in range(length))

    g_cu = sigmoid(xi("xcu") + W.scu @ s + W.vcu @ v + b.cu)
    g_cs = sigmoid(xi("xcs") + W.scs @ s + W.vcs @ v + b.cs)
    g_cx = sigmoid(xi("xcx") + W.scx @ s + W.vcx @ v + b.cx) if gate else 1  # Eq. 191-195
    u = tanh(g_cx * xi("xdu") + W.vdu @ v + b.du)
    s = g_cs * s + g_cu * u
    g_cr = sigmoid(xi("xcr") + W.scr @ s + W.vcr @ v + b.cr)
    r = tanh(s)
    q = g_cr * r
    v = q if projection is None else W.qdr @ q  # Eq. 189-190
    return v, s
