"""What people decide by beside NLL, of a baseline: the metrics that a model has, on the same predictions of test."""

import math
from collections.abc import Iterator

import numpy as np

from gatebench.core import intervals, measuring
from gatebench.core.metric import Metric, SequenceStatistics
from gatebench.data import blocks
from gatebench.data.baselines.scoring import Baseline
from gatebench.data.predictions import Units
from gatebench.data.sequences import Sequence

AT_ONCE = 2**22
"""Numbers that predict of which statistics are made at once."""
MOST = 2**26
"""Numbers that predict test, up to which they are computed: of very many symbols, the NLL alone is measured."""


def measure(baseline: Baseline, units: Units, marked: list[Sequence], horizon: int, shift: float) -> dict[str, list[float]]:
    """Return metric -> its value on test, and where it is known the ends of its 95% interval for new sequences.

    Parameters
    ----------
    baseline
        What is measured.
    units
        What its predictions are in.
    marked
        The sequences of test with the series and the groups that they are of.
    horizon
        Steps ahead that are predicted at once, the nearest first.
    shift
        What is added to an NLL so that it is in the units of the data set.

    """
    statistics = _statistics(baseline, units, horizon, shift)
    together, measured = blocks.of(marked), {}
    for metric in measuring.metrics(statistics):
        with np.errstate(all="ignore"):
            linearised = metric.linearised(statistics)
        if math.isfinite(linearised.value):
            steps = statistics.sums["steps"]
            rows = np.stack([linearised.influences * steps.sum(), steps])
            follows = None
            if together.numbers:
                rows, follows = intervals.in_blocks(rows, np.array(together.numbers), together.kind == "stretch")
            measured[metric.name] = _rounded(metric, linearised.value, intervals.half_width(rows[0], rows[1], follows))
    return measured


def _rounded(metric: Metric, value: float, half_width: float) -> list[float]:
    ends = [max(metric.least, value - half_width), min(metric.most, value + half_width)]
    return [float(f"{number:.4g}") for number in [value, *(ends if math.isfinite(half_width) else [])]]


def _statistics(baseline: Baseline, units: Units, horizon: int, shift: float) -> SequenceStatistics:
    """Return what each test sequence adds to each sum, and of labels of whole sequences the probabilities."""
    sequences, outputs = baseline.splits["test"], baseline.nll("test")
    counts = np.array([sequence.predictions for sequence in sequences])
    means = baseline.means() if counts.sum() * baseline.width <= MOST else _unknown
    families, sums, probabilities = list(measuring.families()), {}, []
    for first, last, part in _parts(counts, baseline.width):
        nll = outputs[part].reshape(part.stop - part.start, horizon, -1).sum(2) + shift / horizon if horizon > 1 else None
        predicted = units.predicted(sequences[first:last], means(part), nll)
        for name, of_part in measuring.statistics(predicted, families).items():
            sums.setdefault(name, np.zeros(len(counts)))[first:last] = of_part
        probabilities.append(predicted.mean)
    total = np.add.reduceat(outputs.sum(1), np.cumsum([0, *counts[:-1]])) + shift * counts
    sums |= {"steps": counts.astype(float), "nll": total}
    if units.target == "label" and units.at == "sequence" and means is not _unknown:
        labels = np.concatenate([sequence.y[:, 0] for sequence in sequences]).astype(int)
        return SequenceStatistics(sums, np.concatenate(probabilities), labels)
    return SequenceStatistics(sums)


def _unknown(part: slice) -> np.ndarray:
    return np.zeros((part.stop - part.start, 0))


def _parts(counts: np.ndarray, width: int) -> Iterator[tuple[int, int, slice]]:
    """Yield the first and the last sequence of parts of a split, and the places of their predictions."""
    first, ends = 0, np.cumsum([0, *counts])
    while first < len(counts):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + AT_ONCE // width, side="right")) - 1)
        yield first, last, slice(int(ends[first]), int(ends[last]))
        first = last
