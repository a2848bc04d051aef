"""Coupled oscillatory recurrent network.

Rusch, Mishra 2021, Eq. 3: damped and forced oscillators, discretised with an explicit damping.
"""

from gatebench.graph.ops import Positive, tanh

PAPER = "Rusch, Mishra 2021 (arXiv 2010.00951)"


def step(u, y, z, *, W, V, b, dt: Positive = 0.1, gamma: Positive = 1.0, epsilon: Positive = 1.0):
    z = z + dt * (tanh(W.y @ y + W.z @ z + V @ u + b.y) - gamma * y - epsilon * z)
    y = y + dt * z
    return y, z
