"""Trivial predictors beside cells."""

import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import repetitions
from gatebench.report.stats.estimates import mean_interval


def lowest(frame: Frame, task: str) -> tuple[str, float] | None:
    """Return the best trivial predictor of a task on the test split, and its NLL; None if none is known."""
    of_task = frame.baselines[(frame.baselines.task == task) & (frame.baselines.split == "test")].dropna(subset="nll")
    if of_task.empty:
        return None
    row = of_task.sort_values("nll", kind="stable").iloc[0]
    return str(row.baseline), float(row.nll)


def is_below(trials: pd.DataFrame, nll: float) -> bool:
    """Return whether a cell is below a predictor on these test sequences, for new repetitions as well.

    ``trials`` are the cell's confirming trials on the test split.
    """
    estimate = mean_interval(repetitions.scores(trials))
    return (estimate.mean if estimate.n == 1 else estimate.high) < nll
