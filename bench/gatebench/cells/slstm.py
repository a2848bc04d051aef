"""LSTM with exponential gates (sLSTM).

Beck et al. 2024, one head: a normaliser n makes the cell a weighted mean, and a stabiliser m, which changes no output, keeps
the exponentials within range. The forget gate is a logistic function; ``forget="exp"`` has their other choice. The input
gate has no bias: it would multiply c and n alike, and so change nothing.
"""

from typing import Literal

from gatebench.graph.ops import exp, maximum, sigmoid, sign, softplus, tanh

PAPER = "Beck, Poeppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter, Hochreiter 2024 (arXiv 2405.04517)"


def step(x, h, c, n, m, *, W, R, b, forget: Literal["sigmoid", "exp"] = "sigmoid"):
    z = tanh(W.z @ x + R.z @ h + b.z)
    i_tilde = W.i @ x + R.i @ h
    f_tilde = W.f @ x + R.f @ h + b.f
    o = sigmoid(W.o @ x + R.o @ h + b.o)
    log_f = -softplus(-f_tilde) if forget == "sigmoid" else f_tilde
    # Before the first step n is 0, and m that of the input gate, as in their code.
    carried = log_f + m - 1e30 * (1 - sign(n))
    m = maximum(carried, i_tilde)
    i = exp(i_tilde - m)
    f = exp(carried - m)
    c = f * c + i * z
    n = f * n + i
    h = o * (c / n)
    return h, c, n, m
