"""N-grams: how often a symbol came after the last ones, interpolated with what came after fewer of them.

By Witten and Bell (1991): after a history h that was followed by D different symbols in N places,
``p(w | h) = (count(h w) + D p(w | shorter h)) / (N + D)``; after one that train has not, ``p(w | shorter h)``. Without a
history, every symbol has its frequency with one pseudo-count. Nothing is tuned, and a table is as long as train at the most.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gatebench.data.baselines import lags, markov
from gatebench.data.baselines.lags import Rows
from gatebench.data.baselines.scoring import MeansOfPart
from gatebench.data.sequences import Sequence

LONGEST = 5
"""Symbols of an n-gram, at the most: four are looked back."""


@dataclass(frozen=True)
class Stream:
    """The symbols of a split, and before them those that are known of their series, one after the other."""

    symbols: np.ndarray
    """Numbers of symbols ``[N]``."""
    positions: np.ndarray
    """How many symbols before each one are known: those of its sequence, and of the windows before it, ``[N]``."""
    predicted: np.ndarray
    """Places of the symbols that are predicted, in the order of the split's sequences, ``[M]``."""

    def before(self, steps: int) -> np.ndarray:
        """Return the symbol so many steps before each one; any where there is none."""
        return self.symbols[np.maximum(np.arange(len(self.symbols)) - steps, 0)]


def streams(splits: dict[str, list[Sequence]]) -> dict[str, Stream]:
    """Return the symbols of every split, of sequences that read and predict numbers of symbols, a step apart."""
    return {split: _stream(rows) for split, rows in lags.stack(splits).items()}


def _stream(rows: Rows) -> Stream:
    """Return the symbols of rows: where nothing is known before, the one that is read and the one that is predicted."""
    begins = rows.positions == 0
    predicted = np.arange(len(rows)) + np.cumsum(begins)
    symbols, positions = np.empty((2, len(rows) + begins.sum()), np.int64)
    symbols[predicted], positions[predicted] = rows.y[:, 0], rows.positions + 1
    symbols[predicted[begins] - 1], positions[predicted[begins] - 1] = rows.x[begins, 0], 0
    return Stream(symbols, positions, predicted[rows.scored])


@dataclass(frozen=True)
class Successors:
    """What train has after the histories of one length."""

    steps: int
    """Symbols of a history."""
    classes: int
    """How many symbols there are."""
    known: np.ndarray
    """Numbers of the histories, sorted: of the one that is a symbol shorter, times the symbols, plus the symbol before."""
    seen: np.ndarray
    """What came after them, sorted: the place of the history, times the symbols, plus the symbol."""
    times: np.ndarray
    """How often each of these came."""
    places: np.ndarray
    """How often something came after each history."""
    different: np.ndarray
    """How many different symbols came after each history."""

    def histories(self, shorter: np.ndarray, stream: Stream) -> np.ndarray:
        """Return the place of the history before each symbol, ``[N]``, from that of the shorter one; -1 where it is new."""
        longer = shorter * self.classes + stream.before(self.steps)
        return _number(longer, self.known, (stream.positions >= self.steps) & (shorter >= 0))


def tables(train: Stream, classes: int) -> Iterator[Successors]:
    """Yield the tables of histories of one symbol, of two, ..."""
    of_train = np.zeros(len(train.symbols), np.int64)
    for steps in range(1, LONGEST):
        reaching = train.positions >= steps
        # A history is one step longer than the one that it goes on from, which has a number.
        longer = of_train * classes + train.before(steps)
        known = np.unique(longer[reaching])
        of_train = _number(longer, known, reaching & (of_train >= 0))
        seen, times = np.unique((of_train * classes + train.symbols)[reaching], return_counts=True)
        places = np.bincount(of_train[reaching], minlength=len(known))
        yield Successors(steps, classes, known, seen, times, places, np.bincount(seen // classes, minlength=len(known)))


def frequencies(train: Stream, classes: int) -> np.ndarray:
    """Return the frequency of every symbol in train, with one pseudo-count, ``[classes]``."""
    counts = np.bincount(train.symbols, minlength=classes) + 1.0
    return counts / counts.sum()


def probabilities(train: Stream, streams: dict[str, Stream], classes: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield, for n from 1 to `LONGEST`, the probability that n-grams of train give each symbol of each split, ``[N]``.

    Parameters
    ----------
    train
        What is counted: every symbol of it with all that stands before it in its sequence.
    streams
        Split -> the symbols whose probability is asked for.
    classes
        How many symbols there are.

    """
    p = {split: frequencies(train, classes)[of_split.symbols] for split, of_split in streams.items()}
    yield dict(p)
    histories = {split: np.zeros(len(of_split.symbols), np.int64) for split, of_split in streams.items()}
    for table in tables(train, classes):
        for split, of_split in streams.items():
            histories[split] = table.histories(histories[split], of_split)
            at = np.flatnonzero(histories[split] >= 0)
            history = histories[split][at]
            place = _number(history * classes + of_split.symbols[at], table.seen, np.ones(len(at), bool))
            count = np.where(place >= 0, table.times[np.maximum(place, 0)], 0) if len(table.times) else np.zeros(len(at))
            better = p[split].copy()
            better[at] = (count + table.different[history] * p[split][at]) / (table.places + table.different)[history]
            p[split] = better
        yield dict(p)


def distributions(train: Stream, stream: Stream, classes: int, n: int) -> MeansOfPart:
    """Return what gives the probability of every symbol by n-grams, ``[M, classes]``, of some predictions of a stream."""
    by_length, histories = [*tables(train, classes)][: n - 1], [np.zeros(len(stream.symbols), np.int64)]
    for table in by_length:
        histories.append(table.histories(histories[-1], stream))
    start, of_length = frequencies(train, classes), [of_one[stream.predicted] for of_one in histories[1:]]

    def of_part(part: slice) -> np.ndarray:
        p = np.tile(start, (part.stop - part.start, 1))
        for table, of_all in zip(by_length, of_length, strict=True):
            at = np.flatnonzero(of_all[part] >= 0)
            history = of_all[part][at]
            rows, places = markov.successors(table.seen, history, classes)
            p[at] *= table.different[history, None]
            p[at[rows], table.seen[places] % classes] += table.times[places]
            p[at] /= (table.places + table.different)[history, None]
        return p

    return of_part


def _number(keys: np.ndarray, known: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the place of each key among known ones, which are sorted; -1 of another, or of one that is not valid."""
    if not len(known):
        return np.full(len(keys), -1)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(valid & (known[places] == keys), places, -1)
