"""What stands some steps before a prediction, for all predictions of a split at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gatebench.data.sequences import Sequence

CHUNK_NUMBERS = 2**22
"""Numbers of a chunk of rows, at the most: what is computed at once."""
FITTED_STEPS = 2**15
"""Predictions of train that a regression on lags is fitted to, at the most, evenly taken."""


@dataclass(frozen=True)
class Rows:
    """The steps of a split, one after the other; a row can look back to the beginning of its sequence."""

    x: np.ndarray
    """What is read, ``[N, X]``."""
    y: np.ndarray
    """What is predicted, ``[N, Y]``."""
    positions: np.ndarray
    """Place of each row in its sequence, from 0, ``[N]``."""

    def __len__(self) -> int:
        return len(self.x)

    def fitted(self, least: int = 0) -> np.ndarray:
        """Return rows to fit to that have so many before them, at most `FITTED_STEPS`, evenly taken."""
        rows = np.flatnonzero(self.positions >= least)
        return rows if len(rows) <= FITTED_STEPS else rows[np.linspace(0, len(rows) - 1, FITTED_STEPS).astype(int)]

    def lagged(self, rows: np.ndarray, columns: list[int], order: int) -> np.ndarray:
        """Return the columns at some rows and at those before them, ``[R, order C]``; the rows must have them."""
        back = rows[:, None] - np.arange(order)
        return self.x[back][:, :, columns].reshape(len(rows), -1).astype(float)


def stack(sequences: list[Sequence]) -> Rows:
    """Return the steps of sequences of which each has a prediction."""
    positions = [np.arange(len(sequence)) for sequence in sequences]
    parts = ([sequence.x for sequence in sequences], [sequence.y for sequence in sequences], positions)
    return Rows(*map(np.concatenate, parts))


def chunks(rows: np.ndarray, width: int) -> Iterator[np.ndarray]:
    """Yield rows in parts, each of at most `CHUNK_NUMBERS` numbers of so many in a row."""
    size = max(1, CHUNK_NUMBERS // max(1, width))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
