"""LSTM with layer normalisation.

Ba et al. 2016, their LSTM: what the gates get from the state is normalised over all four together, what they get from the
input likewise, each with its gain alpha and its shift beta; and so is the memory that the output shows.
"""

from gatebench.graph.initial import constant
from gatebench.graph.ops import layer_normalised, sigmoid, tanh

PAPER = "Ba, Kiros, Hinton 2016 (arXiv 1607.06450)"
GATES = "f", "i", "o", "g"
"""The four gates, normalised together."""


def initial(**_):
    return {f"alpha_{name}": constant(1) for name in ("3", *(f"{part}{gate}" for part in "12" for gate in GATES))}


def step(x, h, c, *, W_h, W_x, alpha, beta, b):
    from_h = layer_normalised(*(W_h[gate] @ h for gate in GATES))
    from_x = layer_normalised(*(W_x[gate] @ x for gate in GATES))
    f, i, o, g = (
        b[gate] + (alpha[f"1{gate}"] * n_h + beta[f"1{gate}"]) + (alpha[f"2{gate}"] * n_x + beta[f"2{gate}"])
        for gate, n_h, n_x in zip(GATES, from_h, from_x, strict=True)
    )
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    (n_c,) = layer_normalised(c)
    h = sigmoid(o) * tanh(alpha["3"] * n_c + beta["3"])
    return h, c
