"""All metrics: their files are found by their place, those of plugin folders too."""

from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np

from gatebench.core import registry
from gatebench.core.metric import Metric, MetricFamily, Predicted, SequenceStatistics

PROBABILITIES = "probabilities"
"""What metrics are told that they may use where the predicted probabilities of all sequences are there."""


def families() -> Iterator[MetricFamily]:
    """Yield every file of ``metrics/``, in the order of their names."""
    for path in registry.available("metrics", ".py").values():
        yield cast(MetricFamily, registry.load_module("gatebench.core.metrics", path))


def statistics(predicted: Predicted, of: Iterable[MetricFamily] | None = None) -> dict[str, np.ndarray]:
    """Return what each sequence adds to each sum that any metric is computed from, ``[N]``.

    ``of`` are the `families`, for who asks often: finding them takes longer than the sums of a few sequences.
    """
    return {name: sums for family in of or families() for name, sums in family.statistics(predicted).items()}


def metrics(statistics: SequenceStatistics) -> list[Metric]:
    """Return every metric that can be computed from the statistics of a trial."""
    return MetricsOfTrials().metrics(statistics)


class MetricsOfTrials:
    """What `metrics` returns, for who asks of many trials: files are found once, and asked once about each set of sums."""

    def __init__(self) -> None:
        self._families = list(families())
        self._of: dict[tuple[str, ...], list[Metric]] = {}

    def metrics(self, statistics: SequenceStatistics) -> list[Metric]:
        """Return every metric that can be computed from the statistics of a trial."""
        known = (*statistics.sums, *([PROBABILITIES] if statistics.probabilities is not None else []))
        if known not in self._of:
            self._of[known] = [metric for family in self._families for metric in family.metrics(list(known))]
        return self._of[known]
