"""The long expressive memory.

Rusch et al. 2022, Eq. 3: two states on two learned time scales; the output's candidate sees the new z.
"""

from gatebench.graph.ops import Positive, sigmoid, tanh

PAPER = "Rusch, Mishra, Erichson, Mahoney 2022 (arXiv 2110.04744)"


def step(u, y, z, *, W, V, b, dt: Positive = 1.0):
    dt_n = dt * sigmoid(W["1"] @ y + V["1"] @ u + b["1"])
    dt_bar = dt * sigmoid(W["2"] @ y + V["2"] @ u + b["2"])
    z = (1 - dt_n) * z + dt_n * tanh(W.z @ y + V.z @ u + b.z)
    y = (1 - dt_bar) * y + dt_bar * tanh(W.y @ z + V.y @ u + b.y)
    return y, z
