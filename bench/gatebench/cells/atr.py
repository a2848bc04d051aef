"""Addition-subtraction twin-gated recurrent network.

Zhang et al. 2018, with a bias: both gates come of one product with the input and one with the state, their sum and their
difference.
"""

from gatebench.graph.ops import sigmoid

PAPER = "Zhang, Xiong, Su, Lin, Zhang 2018 (arXiv 1810.12546)"


def step(x, h, *, W, U, b):
    p = W @ x + b.p
    q = U @ h
    i = sigmoid(p + q)
    f = sigmoid(p - q)
    h = i * p + f * h
    return h
