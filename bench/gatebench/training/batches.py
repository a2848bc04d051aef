"""The batches of an epoch: sequences of like length together, or windows of series in order, row by row of a batch."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from gatebench.data import series
from gatebench.data.sequences import Sequence
from gatebench.data.tasks import buckets
from gatebench.engines.base import Batch
from gatebench.training.evaluation import make_batch
from gatebench.training.model import Model, stream
from gatebench.training.protocol import Training


class Draw(NamedTuple):
    """What one update trains on."""

    positions: np.ndarray
    """Positions of training sequences, ``[B]``."""
    follows: np.ndarray
    """Whether each goes on where the sequence in the same row of the update before ended, ``[B]``."""


def of_lengths(lengths: list[int], size: int, random: np.random.Generator) -> list[Draw]:
    """Return the batches of one epoch in which nothing is carried on: those of `buckets`."""
    return [Draw(positions, np.zeros(len(positions), bool)) for positions in buckets(lengths, size, random)]


def of_series(runs: list[list[int]], size: int, random: np.random.Generator) -> list[Draw]:
    """Return the batches of one epoch in which what is read of a series is carried on from window to window.

    All series are laid end to end in a random order, as a circle that is opened at a random place, and cut into ``size``
    tracts of equally many windows. Each tract is a row of all batches: every window comes once, in the order of time. A row
    begins anew where its tract begins and where a series does. The last batch is smaller where the size does not divide.
    """
    circle = [(i, place > 0) for r in random.permutation(len(runs)) for place, i in enumerate(runs[r])]
    start = int(random.integers(len(circle)))
    windows = circle[start:] + circle[:start]
    ends = np.cumsum([len(tract) for tract in np.array_split(np.arange(len(windows)), min(size, len(windows)))]).tolist()
    tracts = [windows[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    draws = []
    for u in range(len(tracts[0])):  # the first tracts are the longest
        rows = [tract[u] for tract in tracts if u < len(tract)]
        follows = [u > 0 and is_next for _, is_next in rows]
        draws.append(Draw(np.array([i for i, _ in rows]), np.array(follows)))
    return draws


class TrainingBatches:
    """The batches of the training split, other ones in every epoch."""

    def __init__(self, model: Model, sequences: list[Sequence], training: Training) -> None:
        self.model, self.sequences, self.size = model, sequences, training.batch
        runs = [] if training.carry_state is False or not model.carries else series.runs(sequences)
        self.runs = runs if max(map(len, runs), default=1) > 1 else None
        """The windows of the series, in order, where states are carried from one to the next; None: they are not."""
        self._batches_of_one: dict[int, Batch] = {}
        """Training sequence -> the batch of it alone."""

    def draws(self, seed: int, epoch: int) -> list[Draw]:
        """Return what the updates of an epoch train on, for members of a seed."""
        random = stream(seed, "order", epoch)
        if self.runs is None:
            return of_lengths([len(sequence) for sequence in self.sequences], self.size, random)
        return of_series(self.runs, self.size, random)

    def batch(self, positions: np.ndarray) -> Batch:
        """Return the batch of some sequences. One of a single sequence comes again every epoch and is made once."""
        if len(positions) > 1:
            return make_batch(self.model, [self.sequences[i] for i in positions])
        i = int(positions[0])
        if i not in self._batches_of_one:
            self._batches_of_one[i] = make_batch(self.model, [self.sequences[i]])
        return self._batches_of_one[i]

    def begin(self, draws: list[Draw], carried: np.ndarray | None, parameters: Tensor) -> np.ndarray | None:
        """Return what the rows of every member's batch begin with, ``[A, B, S]``; None where nothing is carried.

        Parameters
        ----------
        draws
            What each member trains on next.
        carried
            What the rows ended with, which is changed; None before the first update of an epoch, which has the most rows.
        parameters
            Those of the members.

        """
        if self.runs is None:
            return None
        if carried is None:
            zeros = self.model.start_of_series(len(draws[0].follows), parameters)
            return np.stack([zeros] * len(draws))
        for rows, draw in zip(carried, draws, strict=True):
            rows[: len(draw.follows)][~draw.follows] = 0
        return carried
