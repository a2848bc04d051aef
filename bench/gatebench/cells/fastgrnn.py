"""The gated form of FastRNN (FastGRNN).

Kusupati et al. 2018: gate and candidate share their matrices, and two learned numbers weigh the candidate.
The matrices are whole here; the paper also makes them of low rank, sparse and quantised.
"""

from gatebench.graph.initial import constant
from gatebench.graph.ops import scalar, sigmoid, tanh

PAPER = "Kusupati, Singh, Bhatia, Kumar, Jain, Varma 2018 (arXiv 1901.02358)"


def initial(**_):
    return {"zeta": constant(1), "nu": constant(-4)}


def step(x, h, *, W, U, b, zeta, nu):
    pre = W @ x + U @ h
    z = sigmoid(pre + b.z)
    h_tilde = tanh(pre + b.h)
    h = (sigmoid(scalar(zeta)) * (1 - z) + sigmoid(scalar(nu))) * h_tilde + z * h
    return h
