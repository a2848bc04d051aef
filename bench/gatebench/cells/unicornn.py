"""Undamped independent controlled oscillatory recurrent network.

Rusch, Mishra 2021, Eq. 4: one layer of Hamiltonian oscillators, each with a time step that is learned.
"""

from gatebench.graph.initial import uniform
from gatebench.graph.ops import NonNegative, Positive, sigmoid, tanh

PAPER = "Rusch, Mishra 2021 (arXiv 2103.05487)"


def initial(**_):
    return {"w": uniform(0, 1), "c": uniform(-0.1, 0.1)}


def step(u, y, z, *, V, w, c, b, dt: Positive = 0.1, alpha: NonNegative = 1.0):
    step_size = dt * sigmoid(c)
    z = z - step_size * (tanh(w * y + V @ u + b.y) + alpha * y)
    y = y + step_size * z
    return y, z
