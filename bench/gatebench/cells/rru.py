"""The residual recurrent unit.

Freivalds et al. 2021, as in their released code: no gates, one hidden layer j of normalised rectified units that reads input
and state, and a state that keeps a learned share of itself. The output o is not the state. What differs here: j is ``width``
times as wide as the state (theirs twice as wide as input and state together), o is as wide as the state, there is no dropout
inside, and the state begins at zero.
"""

from gatebench.graph.initial import constant, logit
from gatebench.graph.ops import Positive, of_width, relu, rms_normalised, sigmoid

PAPER = "Freivalds, Ozolins, Barzdins 2021 (arXiv 2108.00527)"


def sizes(units, *, width, **_):
    return {"J": max(1, round(width * units))}


def initial(**_):
    return {"S": logit(0.95 / 1.5), "Z": constant(0)}  # a state keeps 0.95 of itself


def step(x, o, h, *, W, U, b, S, Z, width: Positive = 4.0):
    (j,) = rms_normalised(of_width("J", W.j @ x + U.j @ h + b.j), epsilon=1e-6)
    j = relu(j)
    o = W.o @ j + b.o
    h = 1.5 * sigmoid(S) * h + Z * (W.h @ j + b.h)
    return o, h
