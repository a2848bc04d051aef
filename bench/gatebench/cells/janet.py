"""Just another network: an LSTM with nothing but a forget gate.

van der Westhuizen, Lasenby 2018: what is added is gated by 1 - sigma(s - beta), so that a state is kept more readily than it
is overwritten; h is c. The forget gate's bias begins at log(u), u uniform in [1, t_max - 1] (chrono initialisation).
"""

from gatebench.graph.initial import log_of_uniform
from gatebench.graph.ops import Count, Signed, sigmoid, tanh

PAPER = "van der Westhuizen, Lasenby 2018 (arXiv 1804.04849)"


def initial(*, t_max, **_):
    return {"b_f": log_of_uniform(1, max(t_max - 1, 1))}


def step(x, h, *, W, U, b, beta: Signed = 1.0, t_max: Count = 100):
    s = U.f @ h + W.f @ x + b.f
    c_tilde = tanh(U.c @ h + W.c @ x + b.c)
    c = sigmoid(s) * h + (1 - sigmoid(s - beta)) * c_tilde
    return c
