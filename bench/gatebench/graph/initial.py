"""How parameters begin where a cell's paper says so: what the function ``initial`` of a cell's text returns, by parameter.

A parameter that it does not name begins as the protocol of a training says.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Initial:
    """The initial values of one parameter."""

    text: str
    """Says what they are; part of a cell's fingerprint."""
    draw: Callable[[np.random.Generator, int, int], np.ndarray]
    """Takes a random stream and the numbers of rows and columns; returns ``[rows, columns]``."""
    is_fixed: bool = False
    """Whether the values are the same for every random stream."""
    drawn_as: str | None = None
    """Another parameter, from whose random stream these are drawn, since they follow from its values; None: its own."""


def constant(value: float) -> Initial:
    """Return the same value for all."""
    return Initial(f"{value:g}", lambda random, rows, columns: np.full((rows, columns), float(value)), True)


def logit(share: float) -> Initial:
    """Return the value whose sigmoid is a share."""
    return Initial(f"logit of {share:g}", constant(math.log(share / (1 - share))).draw, True)


def identity(scale: float = 1.0) -> Initial:
    """Return a multiple of the identity matrix."""
    return Initial(f"{scale:g} I", lambda random, rows, columns: scale * np.eye(rows, columns), True)


def uniform(low: float, high: float) -> Initial:
    """Return values that are uniform between two limits."""
    return Initial(
        f"uniform in [{low:g}, {high:g}]", lambda random, rows, columns: random.uniform(low, high, (rows, columns))
    )


def normal(deviation: float) -> Initial:
    """Return normal values around 0."""
    return Initial(
        f"normal, deviation {deviation:g}", lambda random, rows, columns: random.normal(0, deviation, (rows, columns))
    )


def scaled_normal(scale: float = 1.0) -> Initial:
    """Return normal values around 0 of deviation ``scale / sqrt(rows)``: a product has the size of what it reads."""
    return Initial(
        f"normal, deviation {scale:g} / sqrt(rows)",
        lambda random, rows, columns: random.normal(0, scale / np.sqrt(rows), (rows, columns)),
    )


def log_of_uniform(low: float, high: float) -> Initial:
    """Return logarithms of values that are uniform between two positive limits."""
    return Initial(
        f"log(u), u uniform in [{low:g}, {high:g}]",
        lambda random, rows, columns: np.log(random.uniform(low, high, (rows, columns))),
    )


def ring(r_min: float, r_max: float) -> Initial:
    """Return log(-log(r)) of radii of points that are uniform in a ring of the plane."""
    return Initial(
        f"log(-log(r)), {_of_ring(r_min, r_max)}",
        lambda random, n, m: np.log(-0.5 * np.log(_squares(random, n, m, r_min, r_max))),
    )


def ring_normaliser(r_min: float, r_max: float, drawn_as: str) -> Initial:
    """Return log(sqrt(1 - r^2)) of the radii that `ring` gives the parameter ``drawn_as``."""
    return Initial(
        f"log(sqrt(1 - r^2)), {_of_ring(r_min, r_max)} of {drawn_as}",
        lambda random, n, m: 0.5 * np.log(1 - _squares(random, n, m, r_min, r_max)),
        drawn_as=drawn_as,
    )


def _of_ring(r_min: float, r_max: float) -> str:
    return f"r^2 uniform in [{r_min**2:g}, {r_max**2:g}]"


def _squares(random: np.random.Generator, rows: int, columns: int, r_min: float, r_max: float) -> np.ndarray:
    return random.uniform(r_min**2, r_max**2, (rows, columns))
