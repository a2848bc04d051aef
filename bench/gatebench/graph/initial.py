"""How parameters begin where a cell's paper says so: what the function ``initial`` of a cell's text returns, by parameter.

A parameter that it does not name begins as the protocol of a training says.
"""

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
