"""How much of test lies outside of what train has: there a network extrapolates."""

import numpy as np

from gatebench.data import long_arrays
from gatebench.data.sequences import Sequence

MUCH = 0.05
"""Share of a column's test values outside train's range from which on it is much."""


def shares_outside(train: list[np.ndarray], test: list[np.ndarray]) -> np.ndarray:
    """Return of each column of ``[T, X]`` the share of test values below the least or above the largest one of train."""
    width = train[0].shape[1]
    low, high, outside = np.full(width, np.nan), np.full(width, np.nan), np.zeros(width)
    for block in long_arrays.blocks(train):
        low, high = np.fmin(low, np.fmin.reduce(block)), np.fmax(high, np.fmax.reduce(block))
    for block in long_arrays.blocks(test):
        outside += ((block < low) | (block > high)).sum(0)
    return outside / sum(map(len, test))


def largest_share(splits: dict[str, list[Sequence]]) -> float:
    """Return the largest share of test values of a column, read or predicted, that lie outside train's range."""
    shares = [
        shares_outside(*([getattr(s, side) for s in splits[split]] for split in ("train", "test"))).max()
        for side in ("x", "y")
    ]
    return float(f"{max(shares):.3g}")
