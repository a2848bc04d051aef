"""How much of test lies outside of what train has: there a network extrapolates."""

import numpy as np

from gatebench.data.sequences import Sequence

MUCH = 0.05
"""Share of a column's test values outside train's range from which on it is much."""


def shares_outside(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return of each column of ``[N, X]`` the share of test values below the least or above the largest one of train."""
    low, high = np.nanmin(train, 0), np.nanmax(train, 0)
    return ((test < low) | (test > high)).mean(0)


def largest_share(splits: dict[str, list[Sequence]]) -> float:
    """Return the largest share of test values of a column, read or predicted, that lie outside train's range."""
    shares = [
        shares_outside(*(np.concatenate([getattr(s, side) for s in splits[split]]) for split in ("train", "test"))).max()
        for side in ("x", "y")
    ]
    return float(f"{max(shares):.3g}")
