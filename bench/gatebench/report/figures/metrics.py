"""What people decide by beside NLL, as a table: cells down, metrics across."""

import pandas as pd

from gatebench.core.metric import Metric
from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import comparisons, metrics, repetitions, style, words
from gatebench.report.metrics import MetricScores

ORDER = 42
TITLE = "What people decide by"
CAPTION = (
    "Metrics on the test split of the weights that are best on validation: mean over repetitions with its 95% interval for "
    "new repetitions and new sequences. 'best' has the best mean; '?' no difference to it could be shown; all others are "
    "worse, at p < 0.05. Marks count all pairs of the comparison group (Holm), each metric by itself: whoever looks for the "
    "one metric that favours a cell will find one. Predicted is the most probable class, a one where it is more probable "
    "than a zero, or the mean of the distribution. The setting was selected by validation NLL, not by any of these."
)


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, and what each metric is."""
    shown: dict[str, Metric] = {}
    for _, rows in comparison_groups(frame.scored()):
        shown |= {one.metric.label: one.metric for one in metrics.of_cells(frame, style.by_cell(rows))}
    described = [
        f"{metric.label}: {metric.note} {'Higher' if metric.higher_is_better else 'Lower'} is better."
        for metric in shown.values()
        if metric.column is None
    ]
    return [repetitions.note(frame.confirmed("test")), *described]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each cell of each comparison group; None where no trial has a metric."""
    rows = []
    for group, of_group in comparison_groups(frame.scored()):
        trials_by_cell = style.by_cell(of_group)
        of_all = metrics.of_cells(frame, trials_by_cell)
        for cell, trials in trials_by_cell.items() if of_all else ():
            nll = comparisons.interval(frame, trials)
            rows.append({
                "data": frame.datasets[group.task],
                "cell": cell,
                "NLL": words.measured(nll.mean, nll.low, nll.high),
                **{metrics.named(frame, group.task, one.metric): _scored(one, cell) for one in of_all},
                "n": str(nll.n),
                "budget": group.budget,
                "training": group.training,
            })  # fmt: skip
    return pd.DataFrame(rows).fillna("") if rows else None


def _scored(scores: MetricScores, cell: str) -> str:
    """Write a cell's mean with its interval and its mark."""
    estimate = scores.estimates[cell]
    written = words.measured(estimate.mean, estimate.low, estimate.high)
    if cell == scores.best:
        return f"{written} best" if scores.pairs else written
    return written if scores.pair(scores.best, cell).differ else f"{written} ?"
