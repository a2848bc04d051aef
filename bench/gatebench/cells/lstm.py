"""Long short-term memory without peepholes.

Gers et al. 2000; the variant NP of Greff et al. 2017 and the LSTM of most libraries, with one bias a gate.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000; Greff et al. 2017, NP (arXiv 1503.04069)"


def step(x, h, c, *, W, U, b):
    f = sigmoid(W.f @ x + U.f @ h + b.f)
    i = sigmoid(W.i @ x + U.i @ h + b.i)
    c_tilde = tanh(W.c @ x + U.c @ h + b.c)
    o = sigmoid(W.o @ x + U.o @ h + b.o)
    c = f * c + i * c_tilde
    h = o * tanh(c)
    return h, c
