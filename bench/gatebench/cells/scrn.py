"""Structurally constrained recurrent network.

Mikolov et al. 2015: beside the hidden units h a slow context s, a leaky integral of the input. The output is U h + V s,
which their softmax reads.
"""

from gatebench.graph.ops import Fraction, sigmoid

PAPER = "Mikolov, Joulin, Chopra, Mathieu, Ranzato 2015 (arXiv 1412.7753)"


def step(x, y, h, s, *, A, B, P, R, U, V, alpha: Fraction = 0.95):
    s = (1 - alpha) * (B @ x) + alpha * s
    h = sigmoid(P @ s + A @ x + R @ h)
    y = U @ h + V @ s
    return y, h, s
