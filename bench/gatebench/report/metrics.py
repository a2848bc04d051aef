"""What people decide by beside NLL: each cell's metrics on the test split, with intervals like NLL's.

A metric of a trial is taken as what every test sequence does to it, to first order; so its intervals are those of crossed
random effects of repetitions and sequences (`gatebench.report.stats.crossed`).
"""

import math
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from gatebench.core.measuring import MetricsOfTrials
from gatebench.core.metric import Metric
from gatebench.records.frame import Frame
from gatebench.report import blocks, comparisons, repetitions
from gatebench.report.comparisons import LEVEL
from gatebench.report.remembered import name_of, once
from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores
from gatebench.report.stats.estimates import Difference, Estimate


@dataclass(frozen=True)
class MetricPair:
    """Two cells, the one with the better mean of a metric first."""

    better: str
    """Name of the cell with the better mean."""
    other: str
    """Name of the other one."""
    difference: Difference
    """Mean of ``better`` minus mean of ``other``."""
    p_holm: float
    """The p-value, adjusted for all contrasts of the metric and for looks at the study; NaN if a cell has one repetition,
    and of a pair that is not tested."""
    tested: bool
    """Whether the two are a contrast of the study's family."""

    @property
    def differ(self) -> bool:
        """Return whether there is a difference at `comparisons.LEVEL`; never so between single runs."""
        return self.p_holm < LEVEL


@dataclass(frozen=True)
class MetricScores:
    """One metric of several cells."""

    metric: Metric
    """The metric that the cells are scored by."""
    estimates: dict[str, Estimate]
    """Cell -> its mean with its interval, the best cell first."""
    pairs: list[MetricPair]
    """Every two of the cells."""

    @property
    def best(self) -> str:
        """Return the cell with the best mean."""
        return next(iter(self.estimates))

    def pair(self, a: str, b: str) -> MetricPair:
        """Return the pair of two of the cells."""
        return next(pair for pair in self.pairs if {pair.better, pair.other} == {a, b})


def scores(frame: Frame, trials: pd.DataFrame, metric: Metric) -> SequenceScores | None:
    """Return a metric of one cell's confirming trials as scores of sequences or blocks; None where a trial has no value.

    Their mean over sequences is the metric itself, and what a sequence is above it is what the sequence does to it. All
    trials must be of a task that has the metric.
    """
    rows, steps = [], np.zeros(0)
    for key in trials.key:
        statistics = frame.statistics.get(key)
        linearised = None if statistics is None else metric.linearised(statistics)
        if statistics is None or linearised is None or not math.isfinite(linearised.value):
            return None
        steps = statistics.sums["steps"]
        rows.append(linearised.value * steps + linearised.influences * steps.sum())
    if not rows:
        return None
    return blocks.scores(
        frame, str(trials.task.iloc[0]), SequenceScores(repetitions.averaged(trials, np.stack(rows)), steps)
    )


def named(frame: Frame, task: str, metric: Metric) -> str:
    """Return the label of a metric, with the name of the column that it is of."""
    if metric.column is None:
        return metric.label
    return f"{metric.label} of {frame.output_name(task, metric.column)}"


def of_cells(frame: Frame, trials_by_cell: dict[str, pd.DataFrame]) -> list[MetricScores]:
    """Return every metric that all trials of all these cells have, but for those of single steps ahead (`by_step`).

    ``trials_by_cell``: cell of one comparison group -> its confirming trials on the test split.
    """
    return _of_cells(frame, trials_by_cell, False)


def by_step(frame: Frame, trials_by_cell: dict[str, pd.DataFrame]) -> list[MetricScores]:
    """Return the metrics of single steps ahead, the nearest step first, of the same cells; none of one step at a time."""
    return _of_cells(frame, trials_by_cell, True)


def _of_cells(frame: Frame, trials_by_cell: dict[str, pd.DataFrame], of_steps: bool) -> list[MetricScores]:
    what = ("metrics", of_steps, *((cell, name_of(trials)) for cell, trials in trials_by_cell.items()))
    return once(frame, what, lambda: _computed(frame, trials_by_cell, of_steps))


def _computed(frame: Frame, trials_by_cell: dict[str, pd.DataFrame], of_steps: bool) -> list[MetricScores]:
    of_trials = MetricsOfTrials()
    statistics = [frame.statistics.get(key) for trials in trials_by_cell.values() for key in trials.key]
    of_each = [[] if one is None else of_trials.metrics(one) for one in statistics]
    names = [{metric.name for metric in of_trial} for of_trial in {id(one): one for one in of_each}.values()]
    shared = [
        metric
        for metric in of_each[0]
        if all(metric.name in of_trial for of_trial in names) and (metric.step is not None) == of_steps
    ]
    results = []
    for metric in shared:
        of_each = {cell: scores(frame, trials, metric) for cell, trials in trials_by_cell.items()}
        complete = {cell: of_cell for cell, of_cell in of_each.items() if of_cell is not None}
        if len(complete) == len(of_each):
            results.append(_compared(metric, complete, frame))
    return results


def _compared(metric: Metric, scores: dict[str, SequenceScores], frame: Frame) -> MetricScores:
    sign = -1 if metric.higher_is_better else 1
    order = sorted(scores, key=lambda cell: sign * scores[cell].means.mean())
    differences = {(a, b): crossed.difference(scores[a], scores[b]) for a, b in combinations(order, 2)}
    tested = [cells in frame.declared.contrasts for cells in differences]
    adjusted = comparisons.adjusted([one.p for one in differences.values()], tested, frame.looks)
    pairs = [
        MetricPair(*cells, one, p, is_tested)
        for (cells, one), p, is_tested in zip(differences.items(), adjusted, tested, strict=True)
    ]
    return MetricScores(metric, {cell: within(metric, crossed.mean(scores[cell])) for cell in order}, pairs)


def within(metric: Metric, estimate: Estimate) -> Estimate:
    """Return an interval without what the metric cannot be."""
    return (
        replace(estimate, low=max(estimate.low, metric.least), high=min(estimate.high, metric.most))
        if estimate.n > 1
        else estimate
    )
