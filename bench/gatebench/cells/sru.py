"""The simple recurrent unit.

Lei et al. 2018: the gates see the state through diagonal weights alone, and the output has a highway past the state. Where
the input is not as wide as the state, the highway has a matrix; here it always has.
"""

from gatebench.graph.ops import sigmoid

PAPER = "Lei, Zhang, Wang, Dai, Artzi 2018 (arXiv 1709.02755)"


def step(x, h, c, *, W, v, b):
    f = sigmoid(W.f @ x + v.f * c + b.f)
    r = sigmoid(W.r @ x + v.r * c + b.r)
    c = f * c + (1 - f) * (W @ x)
    h = r * c + (1 - r) * (W.x @ x)
    return h, c
