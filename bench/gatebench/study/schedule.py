"""A comparison that fits a time: how large, how long, how many pipelines and settings, from sizes and speeds alone."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gatebench.core.validation import Count
from gatebench.study.search import FURTHER

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
    (8, 12, 1.0), (8, 10, 1.0), (8, 8, 1.0), (7, 7, 1.0), (6, 6, 0.8), (6, 5, 0.6), (5, 4, 0.5), (5, 3, 0.4), (4, 3, 0.3),
    (4, 3, 0.2), (4, 3, 0.1), (4, 3, 0.0), (3, 3, 0.0), (2, 3, 0.0),
)  # fmt: skip
"""Pipelines, settings that each tries, and the share of the epochs that a trial should have, from the best plan down.

Pipelines and settings shrink together: an interval over many badly tuned cells is as little worth as the reverse. Pipelines
do so last, since two or three of them show only what is very large."""
MOST_PIPELINES = 20
"""Pipelines of each cell at the most, where nobody asks for more."""
SEARCHED = 2
"""Hyperparameters that a search is over: its extension may add settings beyond an edge of each."""
OVERHEAD = 1.0
"""Seconds that a pipeline of a cell takes besides its epochs: its data is read and framed, its trials are recorded."""
MANY = LADDER[0][1]
"""Members of the larger of the two populations by which a pace is measured: those of the largest search."""


@dataclass(frozen=True)
class Pace:
    """Seconds of an epoch of one cell, by how many trials are trained together."""

    alone: float
    """Seconds of an epoch of a single trial."""
    many: float
    """Seconds of an epoch of a population of `MANY` trials."""

    def seconds(self, members: int) -> float:
        """Return the seconds of an epoch of so many trials: those of a single one, and as many more for each further one."""
        return self.alone + (members - 1) * max(0.0, self.many - self.alone) / (MANY - 1)


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
    """Settings of learning rate and weight noise that a pipeline tries, before its search is extended."""
    pipelines: Count
    """Repetitions of the whole procedure, each with one confirming trial at the best of its own settings."""

    @property
    def populations(self) -> tuple[int, int, int]:
        """Trials of a pipeline that are trained together: its search, the largest extension of it, and what is confirmed."""
        return self.search, SEARCHED * math.ceil(FURTHER * self.search), 1

    def seconds(self, pace: Mapping[str, Pace]) -> float:
        """Return how many seconds the plan takes at the most, one cell after the other; ``pace`` is that of each cell."""
        epochs = self.epochs + 1  # each population is evaluated on all splits as it ends
        of_cells = (OVERHEAD + epochs * sum(map(cell.seconds, self.populations)) for cell in pace.values())
        return self.pipelines * sum(of_cells)


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
    for pipelines, search, share in LADDER:
        yield ComparisonPlan(parameters, batch_size(size), max(fewest_epochs, round(share * epochs)), search, pipelines)


def best_fitting_plan(size: DataSize, parameters: int, pace: Mapping[str, Pace], seconds: float) -> ComparisonPlan | None:
    """Return the best of the `candidate_plans` that ends within so many seconds; None if there is none."""
    plans = candidate_plans(size, parameters)
    return next((plan for plan in plans if plan.seconds(pace) <= seconds), None)


def fewest_seconds(size: DataSize, parameters: int, pace: Mapping[str, Pace]) -> float:
    """Return the seconds of the least of the `candidate_plans`."""
    return min(plan.seconds(pace) for plan in candidate_plans(size, parameters))


def further_pipelines(seconds_per_pipeline: float, seconds: float, most: int) -> int:
    """Return how many further pipelines fit into so many seconds, ``most`` at the most.

    ``seconds_per_pipeline`` is what one pipeline of every cell takes; where that is not known (NaN or 0), none fits.
    """
    return max(0, min(most, int(seconds / seconds_per_pipeline))) if seconds_per_pipeline > 0 else 0
