"""A comparison that fits a time: how large, how long, how many settings and seeds, from sizes and speeds alone."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gatebench.core.validation import Count

PARAMETERS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
"""Recurrent parameters that a plan may choose: a budget of each is in ``conf/budget/``."""
FEWEST_UNITS = 8
"""Units that an LSTM must get, whatever the data's size: wide inputs take many parameters a unit."""
LARGEST_BATCH = 32
"""Sequences of a batch at the most."""
UPDATES_PER_EPOCH = 32
"""Updates that an epoch should have at the least, where there are as many sequences: with fewer, batches become smaller."""
UPDATES = 4000
"""Updates that a trial should have."""
FEWEST_UPDATES = 400
"""Updates that a trial must have."""
EPOCHS = 200
"""Epochs of a trial at the most."""
FEWEST_EPOCHS = 2
"""Epochs of a trial at the least."""
LADDER = (
    (16, 20, 1.0), (16, 10, 1.0), (12, 10, 1.0), (10, 8, 1.0), (8, 6, 0.8), (6, 5, 0.6), (5, 4, 0.5), (4, 3, 0.4),
    (3, 3, 0.3), (3, 3, 0.2), (3, 3, 0.1), (3, 3, 0.0),
)  # fmt: skip
"""Settings that are tried, confirming seeds, and the share of the epochs that a trial should have, from the best plan down.

Settings and seeds shrink together: an interval over many seeds of a badly tuned cell is as little worth as the reverse."""
FIRST_SEEDS = 3
"""Confirming seeds of every cell, before any cell gets more."""
OVERHEAD = 1.0
"""Seconds that a cell takes besides its epochs: its data is read and framed, its trials are recorded."""


@dataclass(frozen=True)
class DataSize:
    """What a plan depends on of a data set; all counts are of its training split."""

    sequences: Count
    predictions: Count
    """Steps that are predicted; sequences, where a whole one has a label."""
    outputs: Count
    """Numbers of a prediction."""
    inputs: Count
    """Numbers that are read at a step."""


@dataclass(frozen=True)
class ComparisonPlan:
    """The size of a comparison, the same for each of its cells."""

    parameters: Count
    """Parameters of the recurrent layer."""
    batch: Count
    """Sequences of a batch."""
    epochs: Count
    """Epochs of a trial at the most."""
    search: Count
    """Settings of learning rate and weight noise that are tried with one seed."""
    seeds: Count
    """Confirming trials at the best setting."""

    def seconds(self, seconds_per_epoch: Mapping[str, float]) -> float:
        """Return how many seconds the plan takes at the most, one cell after the other.

        ``seconds_per_epoch``: cell -> seconds of an epoch of one trial.
        """
        trials = self.search + self.seeds
        return sum(OVERHEAD + of_one * self.epochs * trials for of_one in seconds_per_epoch.values())


def recurrent_parameters(size: DataSize) -> int:
    """Return about as many parameters as there are numbers to learn from: the nearest of `PARAMETERS` by ratio."""
    smallest_lstm = 4 * FEWEST_UNITS * (size.inputs + FEWEST_UNITS + 1)
    target = max(size.predictions * size.outputs, smallest_lstm)
    return min(PARAMETERS, key=lambda count: abs(math.log(count / target)))


def batch_size(size: DataSize) -> int:
    """Return the largest power of two, up to `LARGEST_BATCH`, that leaves `UPDATES_PER_EPOCH`."""
    most = min(LARGEST_BATCH, size.sequences // UPDATES_PER_EPOCH)
    return 2 ** int(math.log2(most)) if most else 1


def candidate_plans(size: DataSize, parameters: int) -> Iterator[ComparisonPlan]:
    """Yield plans with so many recurrent parameters, from the best one down to the least that says anything."""
    updates_per_epoch = math.ceil(size.sequences / batch_size(size))
    epochs = min(EPOCHS, max(FEWEST_EPOCHS, round(UPDATES / updates_per_epoch)))
    fewest_epochs = min(epochs, max(FEWEST_EPOCHS, math.ceil(FEWEST_UPDATES / updates_per_epoch)))
    for search, seeds, share in LADDER:
        yield ComparisonPlan(parameters, batch_size(size), max(fewest_epochs, round(share * epochs)), search, seeds)


def best_fitting_plan(
    size: DataSize, parameters: int, seconds_per_epoch: Mapping[str, float], seconds: float
) -> ComparisonPlan | None:
    """Return the best of the `candidate_plans` that ends within so many seconds; None if there is none."""
    plans = candidate_plans(size, parameters)
    return next((plan for plan in plans if plan.seconds(seconds_per_epoch) <= seconds), None)


def fewest_seconds(size: DataSize, parameters: int, seconds_per_epoch: Mapping[str, float]) -> float:
    """Return the seconds of the least of the `candidate_plans`."""
    return min(plan.seconds(seconds_per_epoch) for plan in candidate_plans(size, parameters))


def further_seeds(seconds_per_seed: float, seconds: float, most: int) -> int:
    """Return how many further seeds fit into so many seconds, ``most`` at the most.

    ``seconds_per_seed`` is what one seed of every cell takes; where that is not known (NaN or 0), none fits.
    """
    return max(0, min(most, int(seconds / seconds_per_seed))) if seconds_per_seed > 0 else 0
