"""The independently recurrent network.

Li et al. 2018, Eq. 2: each unit sees its own past alone. The recurrent weights begin uniform in [0, 1].
"""

from gatebench.graph.initial import uniform
from gatebench.graph.ops import relu

PAPER = "Li, Li, Cook, Zhu, Gao 2018 (arXiv 1803.04831)"


def initial(**_):
    return {"u": uniform(0, 1)}


def step(x, h, *, W, u, b):
    h = relu(W @ x + u * h + b.h)
    return h
