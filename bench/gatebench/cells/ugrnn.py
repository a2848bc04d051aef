"""Update gate recurrent network.

Collins et al. 2017: a plain recurrent network with one gate between the old state and the new. Their constant beside the
gate's bias is `training.forget_bias`.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Collins, Sohl-Dickstein, Sussillo 2017 (arXiv 1611.09913)"


def step(x, h, *, W, b):
    c = tanh(W.ch @ h + W.cx @ x + b.c)
    g = sigmoid(W.gh @ h + W.gx @ x + b.g)
    h = g * h + (1 - g) * c
    return h
