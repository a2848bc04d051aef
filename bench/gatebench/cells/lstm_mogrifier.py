"""The LSTM behind a Mogrifier.

Melis, Kocisky, Blunsom 2020, Eq. 1-2: before the step, input and state gate one another in turn, for so many rounds; with
none it is the LSTM. Their option of matrices of low rank is not here.
"""

from gatebench.graph.ops import Rounds, sigmoid, tanh

PAPER = "Melis, Kocisky, Blunsom 2020 (arXiv 1909.01792)"


def step(x, h, c, *, W, U, Q, R, b, rounds: Rounds = 5):
    xs, hs = [x], [h]
    for i in range(1, rounds + 1):
        if i % 2:
            xs.append(2 * sigmoid(Q[f"{i}"] @ hs[-1]) * xs[-1])
        else:
            hs.append(2 * sigmoid(R[f"{i}"] @ xs[-1]) * hs[-1])
    f = sigmoid(W.f @ xs[-1] + U.f @ hs[-1] + b.f)
    i = sigmoid(W.i @ xs[-1] + U.i @ hs[-1] + b.i)
    j = tanh(W.j @ xs[-1] + U.j @ hs[-1] + b.j)
    o = sigmoid(W.o @ xs[-1] + U.o @ hs[-1] + b.o)
    c = f * c + i * j
    h = o * tanh(c)
    return h, c
