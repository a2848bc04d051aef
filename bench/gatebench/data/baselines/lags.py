"""What stands some steps before a prediction, for all predictions of a split at once.

Where sequences are windows of a series, a step looks back as far as a model that carries its state does: over the windows
before, those of earlier splits included (`series.scored_runs`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gatebench.data import series
from gatebench.data.sequences import Sequence

CHUNK_NUMBERS = 2**22
"""Numbers of a chunk of rows, at the most: what is computed at once."""
FITTED_STEPS = 2**15
"""Predictions of train that a regression on lags is fitted to, at the most, evenly taken."""


@dataclass(frozen=True)
class Rows:
    """The steps of a split, and before them those that are known of their series, one after the other."""

    x: np.ndarray
    """What is read, ``[N, X]``."""
    y: np.ndarray
    """What is predicted, ``[N, Y]``."""
    positions: np.ndarray
    """How many rows before each one it can look back at: those of its sequence, and of the windows before it, ``[N]``."""
    steps: np.ndarray
    """Place of each row in its sequence, or else in its series, from 0, ``[N]``."""
    scored: np.ndarray
    """The rows of the split itself, in the order of its sequences, ``[M]``."""

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


def stack(splits: dict[str, list[Sequence]]) -> dict[str, Rows]:
    """Return the steps of every split, of which each has a prediction."""
    return {split: _rows(splits[split], series.before(splits, split)) for split in splits}


def _rows(sequences: list[Sequence], past: list[Sequence]) -> Rows:
    everything, first = [*past, *sequences], len(past)
    runs = series.scored_runs(everything, first)
    in_order = [i for run in runs for i in run]
    lengths = np.array([len(everything[i]) for i in in_order])
    starts = dict(zip(in_order, np.cumsum([0, *lengths[:-1]]).tolist(), strict=True))
    positions = [np.arange(sum(len(everything[i]) for i in run)) for run in runs]
    before = _steps_before(everything)
    return Rows(
        np.concatenate([everything[i].x for i in in_order]),
        np.concatenate([everything[i].y for i in in_order]),
        np.concatenate(positions),
        np.concatenate([of_run + before[run[0]] for run, of_run in zip(runs, positions, strict=True)]),
        np.concatenate([starts[i] + np.arange(len(everything[i])) for i in range(first, len(everything))]),
    )


def _steps_before(sequences: list[Sequence]) -> dict[int, int]:
    """Return for each sequence how many steps of its series come before it."""
    before: dict[int, int] = {}
    for run in series.runs(sequences):
        ends = np.cumsum([0, *(len(sequences[i]) for i in run[:-1])])
        before.update(zip(run, ends.tolist(), strict=True))
    return before


def chunks(rows: np.ndarray, width: int) -> Iterator[np.ndarray]:
    """Yield rows in parts, each of at most `CHUNK_NUMBERS` numbers of so many in a row."""
    size = max(1, CHUNK_NUMBERS // max(1, width))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
