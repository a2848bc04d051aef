"""Gated recurrent unit with layer normalisation.

Ba et al. 2016, their GRU: what the two gates get from the state is normalised over both together, what they get from the
input likewise, each with its gain alpha and its shift beta; so is either part of the candidate, which the reset gate joins
as in the GRU that resets after the product. There are no other biases.
"""

from gatebench.graph.initial import constant
from gatebench.graph.ops import layer_normalised, sigmoid, tanh

PAPER = "Ba, Kiros, Hinton 2016 (arXiv 1607.06450)"
GATES = "z", "r"
"""The two gates, normalised together."""


def initial(**_):
    return {f"alpha_{name}": constant(1) for name in ("3", "4", *(f"{part}{gate}" for part in "12" for gate in GATES))}


def step(x, h, *, W_h, W_x, W, U, alpha, beta):
    from_h = layer_normalised(*(W_h[gate] @ h for gate in GATES))
    from_x = layer_normalised(*(W_x[gate] @ x for gate in GATES))
    z, r = (
        sigmoid(alpha[f"1{gate}"] * n_h + beta[f"1{gate}"] + (alpha[f"2{gate}"] * n_x + beta[f"2{gate}"]))
        for gate, n_h, n_x in zip(GATES, from_h, from_x, strict=True)
    )
    (n_x,), (n_h,) = layer_normalised(W @ x), layer_normalised(U @ h)
    h_tilde = tanh(alpha["3"] * n_x + beta["3"] + r * (alpha["4"] * n_h + beta["4"]))
    h = (1 - z) * h + z * h_tilde
    return h
