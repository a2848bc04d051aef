"""A study that fits a time: how large, how long, how many settings and seeds, from sizes and paces alone."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gatebench.core.validation import Count

PARAMETERS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
"""Recurrent parameters that a plan may choose."""
FEWEST_UNITS = 8
"""Of an LSTM, whatever the data's size: wide inputs take many parameters a unit."""
LARGEST_BATCH = 32
UPDATES_OF_AN_EPOCH = 32
"""At the least, where there are as many sequences: with fewer sequences, batches become smaller."""
UPDATES, FEWEST_UPDATES = 4000, 400
"""Of a trial: as many as it should have, and as it must have."""
EPOCHS, FEWEST_EPOCHS = 200, 2
"""Of a trial, at the most and at the least."""
LADDER = (
    (16, 20, 1.0), (16, 10, 1.0), (12, 10, 1.0), (10, 8, 1.0), (8, 6, 0.8), (6, 5, 0.6), (5, 4, 0.5), (4, 3, 0.4),
    (3, 3, 0.3), (3, 3, 0.2), (3, 3, 0.1), (3, 3, 0.0),
)  # fmt: skip
"""Settings that are tried, confirming seeds, and the share of the epochs that a trial should have, from the best plan down.

Settings and seeds shrink together: an interval over many seeds of a badly tuned cell is as little worth as the reverse."""
FIRST_SEEDS = 3
"""Of every cell, before any cell gets more."""
OVERHEAD = 1.0
"""Seconds of a cell besides its epochs: its data is read and framed, its trials are recorded."""


@dataclass(frozen=True)
class Size:
    """What a plan depends on of a data set; all of its training split."""

    sequences: Count
    predictions: Count
    """Steps that are predicted; sequences, where a whole one has a label."""
    outputs: Count
    """Numbers of a prediction."""
    inputs: Count
    """Numbers that are read at a step."""


@dataclass(frozen=True)
class Plan:
    """A study of some cells, the same for each of them."""

    parameters: Count
    """Of the recurrent layer."""
    batch: Count
    """Sequences."""
    epochs: Count
    """Of a trial, at the most."""
    search: Count
    """Settings of learning rate and weight noise that are tried with one seed."""
    seeds: Count
    """Confirming trials at the best setting."""

    def seconds(self, paces: Mapping[str, float]) -> float:
        """At most so many, one cell after the other; ``paces``: cell -> seconds of an epoch of one trial."""
        return sum(OVERHEAD + pace * self.epochs * (self.search + self.seeds) for pace in paces.values())


def parameters(size: Size) -> int:
    """About as many as there are numbers to learn from; the nearest of `PARAMETERS` by ratio."""
    lstm = 4 * FEWEST_UNITS * (size.inputs + FEWEST_UNITS + 1)
    wanted = max(size.predictions * size.outputs, lstm)
    return min(PARAMETERS, key=lambda count: abs(math.log(count / wanted)))


def batch(size: Size) -> int:
    """The largest power of two that leaves `UPDATES_OF_AN_EPOCH`."""
    most = min(LARGEST_BATCH, size.sequences // UPDATES_OF_AN_EPOCH)
    return 2 ** int(math.log2(most)) if most else 1


def plans(size: Size, chosen: int) -> Iterator[Plan]:
    """From the best plan down to the least that says anything, with so many recurrent parameters."""
    updates = math.ceil(size.sequences / batch(size))
    should = min(EPOCHS, max(FEWEST_EPOCHS, round(UPDATES / updates)))
    must = min(should, max(FEWEST_EPOCHS, math.ceil(FEWEST_UPDATES / updates)))
    for search, seeds, share in LADDER:
        yield Plan(chosen, batch(size), max(must, round(share * should)), search, seeds)


def fitting(size: Size, chosen: int, paces: Mapping[str, float], seconds: float) -> Plan | None:
    """The best plan that ends within so many seconds; None if there is none."""
    return next((plan for plan in plans(size, chosen) if plan.seconds(paces) <= seconds), None)


def least(size: Size, chosen: int, paces: Mapping[str, float]) -> float:
    """Seconds of the least plan."""
    return min(plan.seconds(paces) for plan in plans(size, chosen))


def seeds(of_one: float, seconds: float, most: int) -> int:
    """How many further seeds fit, where one of every cell takes ``of_one`` seconds; none where that is not known."""
    return max(0, min(most, int(seconds / of_one))) if of_one > 0 else 0
