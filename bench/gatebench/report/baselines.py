"""Trivial predictors beside cells."""

import pandas as pd

from gatebench.core.metric import Metric
from gatebench.records.frame import Frame
from gatebench.report import repetitions
from gatebench.report.stats.estimates import mean_interval


def lowest(frame: Frame, task: str) -> tuple[str, float] | None:
    """Return the best baseline of a task on the test split, and its NLL; None if none is known."""
    of_task = frame.baselines[(frame.baselines.task == task) & (frame.baselines.split == "test")].dropna(subset="nll")
    if of_task.empty:
        return None
    row = of_task.sort_values("nll", kind="stable").iloc[0]
    return str(row.baseline), float(row.nll)


def best(frame: Frame, task: str, metric: Metric) -> tuple[str, float] | None:
    """Return the baseline that is best by a metric on the test split, and its value; None if none is known."""
    of_task = frame.baseline_metrics[(frame.baseline_metrics.task == task) & (frame.baseline_metrics.metric == metric.name)]
    if of_task.empty:
        return None
    row = of_task.sort_values("value", ascending=not metric.higher_is_better, kind="stable").iloc[0]
    return str(row.baseline), float(row.value)


def is_beyond(frame: Frame, trials: pd.DataFrame, metric: Metric, value: float) -> bool:
    """Return whether a cell is better by a metric than a predictor on these test sequences, for new repetitions as well.

    ``trials`` are the cell's confirming trials on the test split, all of which have the metric.
    """
    values = frame.metrics[frame.metrics.metric == metric.name].set_index("key").value[trials.key].to_numpy(float)
    estimate = mean_interval(repetitions.averaged(trials, values))
    if estimate.n == 1:
        return estimate.mean > value if metric.higher_is_better else estimate.mean < value
    return estimate.low > value if metric.higher_is_better else estimate.high < value


def is_below(trials: pd.DataFrame, nll: float) -> bool:
    """Return whether a cell is below a predictor on these test sequences, for new repetitions as well.

    ``trials`` are the cell's confirming trials on the test split.
    """
    estimate = mean_interval(repetitions.scores(trials))
    return (estimate.mean if estimate.n == 1 else estimate.high) < nll
