"""What a metric is: computed from what every test sequence adds to a few sums, so that it has an interval like NLL's.

In shapes, ``N`` is sequences, ``M`` predictions of all of them, ``Y`` outputs of one, ``P`` numbers that predict them.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

Sums = Mapping[str, np.ndarray]
"""Statistic -> what sequences add to it; of all sequences together, or ``[N]`` of each."""
_STEP = 1e-5
"""Share of a sequence by which its weight is moved to see what the sequence does to a metric."""


@dataclass(frozen=True)
class Predicted:
    """Point predictions of the sequences of a split, one sequence after the other, beside what was true."""

    target: str
    """What is predicted: ``label`` or ``value``, or else the kind of the sequences (`gatebench.data.contents.Kind`)."""
    at: str
    """``step`` or ``sequence``: how often."""
    mean: np.ndarray
    """Probabilities of the classes or of ones, or expected values in the units of the data, ``[M, P]``.

    Of classes, ``[M, 0]`` where the NLL alone is known.
    """
    true: np.ndarray
    """Number of the class, zeros and ones, or values in the units of the data, ``[M, Y]``."""
    counts: np.ndarray
    """Predictions of each sequence, ``[N]``."""
    scale: np.ndarray = field(default_factory=lambda: np.ones(1))
    """Standard deviation of each output in train, ``[Y]``; a single one where all outputs are of one column."""
    naive: np.ndarray | None = None
    """Mean absolute change from step to step in train of each output, ``[Y]``; None where steps have no such order."""
    nll: np.ndarray | None = None
    """NLL in nats of each step of a horizon by itself, ``[M, steps]``; None where one step is predicted at a time."""

    @cached_property
    def sequence(self) -> np.ndarray:
        """Return the number of the sequence of each prediction, ``[M]``."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def is_of_classes(self) -> bool:
        """Return whether one of several classes is predicted."""
        return self.target in ("label", "symbols")

    @property
    def is_of_ones(self) -> bool:
        """Return whether zeros and ones are predicted."""
        return self.target in ("piano_roll", "binary")

    def by_sequence(self, values: np.ndarray) -> np.ndarray:
        """Return the sums ``[N]`` over each sequence of a number for each prediction ``[M]``."""
        return np.bincount(self.sequence, values, len(self.counts))

    def counted(self, codes: np.ndarray) -> dict[int, np.ndarray]:
        """Return of each code among those of all predictions ``[M]`` how often every sequence has it, ``[N]``."""
        return {int(code): self.by_sequence(codes == code) for code in np.unique(codes)}


@dataclass(frozen=True)
class SequenceStatistics:
    """What is known of a trial's test sequences: their sums, and of whole sequences the predictions themselves."""

    sums: dict[str, np.ndarray]
    """Statistic -> ``[N]``; with ``nll`` in nats and ``steps``, the number of predictions."""
    probabilities: np.ndarray | None = None
    """Predicted probabilities of the label of each sequence, ``[N, P]``; None where they are not there for all."""
    labels: np.ndarray | None = None
    """Number of the true class of each sequence, ``[N]``."""


@dataclass(frozen=True)
class Linearised:
    """A metric's value, and what it would change by, to first order, if a sequence counted once more."""

    value: float
    influences: np.ndarray
    """``[N]``; they add up to zero."""


Linearisation = Callable[[SequenceStatistics], Linearised]
"""Computes a metric for one trial."""


@dataclass(frozen=True)
class Metric:
    """A number that people decide by beside NLL."""

    name: str
    """What it is called in the frame and in MLflow, for example ``macro_f1``."""
    label: str
    """What a reader knows it as, for example ``macro-F1``."""
    higher_is_better: bool
    linearised: Linearisation
    """Computes it for one trial."""
    note: str = ""
    """What it is, in a sentence or two."""
    column: int | None = None
    """The predicted column that it is of, from 0; None: of all of them."""
    step: int | None = None
    """The step of a horizon that it is of, from 1; None: of all of them."""
    least: float = 0.0
    """What it cannot fall below."""
    most: float = math.inf
    """What it cannot exceed."""
    has_worth: bool = True
    """Whether who is better by it knows more: frequencies of classes know nothing of a sequence, and can be calibrated."""


class MetricFamily(Protocol):
    """A file of ``metrics/``: metrics that are computed from the same sums."""

    def statistics(self, predicted: Predicted) -> dict[str, np.ndarray]:
        """Return what each sequence adds to each sum, ``[N]``; nothing for targets that the metrics are not for."""
        ...

    def metrics(self, known: Collection[str]) -> list[Metric]:
        """Return the metrics that can be computed from the statistics that are known."""
        ...


def of_sums(value: Callable[[Sums], np.ndarray]) -> Linearisation:
    """Return how a function of sums is linearised; it must stay as it is when all sums grow by one factor.

    ``value`` takes sums ``[...]`` and returns ``[...]``.
    """

    def linearised(statistics: SequenceStatistics) -> Linearised:
        total = {name: of_each.sum() for name, of_each in statistics.sums.items()}
        up, down = (
            value({name: total[name] + step * of_each for name, of_each in statistics.sums.items()})
            for step in (_STEP, -_STEP)
        )
        influences = (up - down) / (2 * _STEP)
        return Linearised(float(value(total)), influences - influences.mean())

    return linearised
