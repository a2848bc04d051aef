"""The minimal form of the LSTM.

Feng et al. 2024, Section 3.2, with biases: no gate sees the state, and f and i are divided by their sum, which is
written as in their Appendix B: it holds where both are 0. ``positive`` has the g of that appendix, which keeps states
positive for a scan of logarithms: x + 0.5 where x >= 0, sigma(x) below.
"""

from gatebench.graph.ops import relu, sigmoid, softplus

PAPER = "Feng, Tung, Ahmed, Bengio, Hajimirsadeghi 2024 (arXiv 2410.01201)"


def step(x, h, *, W, b, positive: bool = False):
    diff = softplus(-(W.f @ x + b.f)) - softplus(-(W.i @ x + b.i))
    f_prime, i_prime = sigmoid(-diff), sigmoid(diff)
    a = W.h @ x + b.h
    h_tilde = relu(a) + sigmoid(-relu(-a)) if positive else a
    h = f_prime * h + i_prime * h_tilde
    return h
