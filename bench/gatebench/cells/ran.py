"""The recurrent additive network.

Lee et al. 2017: the content is linear in the input, so that a state is a gated sum of inputs; tanh only of the output.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Lee, Levy, Zettlemoyer 2017 (arXiv 1705.07393)"


def step(x, h, c, *, W, b):
    c_tilde = W.cx @ x
    i = sigmoid(W.ih @ h + W.ix @ x + b.i)
    f = sigmoid(W.fh @ h + W.fx @ x + b.f)
    c = i * c_tilde + f * c
    h = tanh(c)
    return h, c
