"""The minimal form of the GRU.

Feng et al. 2024, Section 3.1, with biases: neither the gate nor the candidate sees the state. ``positive`` has the g of
their Appendix B, which keeps states positive for a scan of logarithms: x + 0.5 where x >= 0, sigma(x) below.
"""

from gatebench.graph.ops import relu, sigmoid

PAPER = "Feng, Tung, Ahmed, Bengio, Hajimirsadeghi 2024 (arXiv 2410.01201)"


def step(x, h, *, W, b, positive: bool = False):
    z = sigmoid(W.z @ x + b.z)
    a = W.h @ x + b.h
    h_tilde = relu(a) + sigmoid(-relu(-a)) if positive else a
    h = (1 - z) * h + z * h_tilde
    return h
