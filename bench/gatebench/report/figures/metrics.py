"""What people decide by beside NLL, as a table: cells down, metrics across."""

import math

import pandas as pd

from gatebench.core.metric import Metric
from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import blocks, comparisons, families, metrics, repetitions, style, words
from gatebench.report.metrics import MetricPair, MetricScores
from gatebench.report.stats.estimates import Estimate, mean_interval

ORDER = 42
TITLE = "What people decide by"
BY_GROUP = True
CAPTION = (
    "Metrics on the test split of the weights that are best on validation: mean over repetitions with its 95% interval for "
    "new repetitions and new sequences. 'best' has the best mean; '?' no difference to it could be shown; all others are "
    "worse, at p < 0.05. Marks count all pairs of the comparison group (Holm), each metric by itself: whoever looks for the "
    "one metric that favours a cell will find one. Predicted is the most probable class, a one where it is more probable "
    "than a zero, or the mean of the distribution. The setting was selected by validation NLL, not by any of these. Rows in "
    "brackets are baselines, which take no model, with a 95% interval for new sequences alone where it is known. Those in "
    "round ones were run beside the study, with an interval over their repetitions alone."
)
OF_ALL = "'?' no difference to it could be shown; all others are worse, at p < 0.05."
"""What the caption says of marks where every pair is tested."""
OF_FAMILY = (
    "'better' and 'worse' are beside {beside}, at p < 0.05; '?' no difference to it could be shown; what has none of these "
    "marks is not tested."
)
"""What the caption says of marks where a study tests other pairs."""


def caption(frame: Frame) -> str:
    """Return the caption of a study, which says what its marks count."""
    contrasts = frame.declared.contrasts
    marks = OF_ALL if contrasts.are_all else OF_FAMILY.replace("{beside}", contrasts.against or "the best")
    return CAPTION.replace(OF_ALL, marks)


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, what hangs together, and what each metric is."""
    shown: dict[str, Metric] = {}
    for _, rows in comparison_groups(frame.scored()):
        shown |= {one.metric.label: one.metric for one in metrics.of_cells(frame, style.by_cell(rows))}
    described = [
        f"{metric.label}: {metric.note} {'Higher' if metric.higher_is_better else 'Lower'} is better."
        for metric in shown.values()
        if metric.column is None
    ]
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame), *families.note(frame), *described]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each cell of each comparison group; None where no trial has a metric."""
    rows = []
    for group, of_group in comparison_groups(frame.scored()):
        trials_by_cell = style.by_cell(of_group)
        of_all = metrics.of_cells(frame, trials_by_cell)
        if not of_all:
            continue
        labels = {one.metric.name: metrics.named(frame, group.task, one.metric) for one in of_all}
        rows += _baselines(frame, group, labels)
        for method, rows_of_method in frame.beside[frame.beside.task == group.task].groupby("method", sort=True):
            by_metric = {str(metric): mean_interval(one.value) for metric, one in rows_of_method.groupby("metric")}
            scores = {
                labels[one.metric.name]: _written(metrics.within(one.metric, by_metric[one.metric.name]))
                for one in of_all
                if one.metric.name in by_metric
            }
            if scores:
                rows.append(_row(frame, group, f"({method})", "", scores, str(max(one.n for one in by_metric.values()))))
        for cell, trials in trials_by_cell.items():
            nll = comparisons.interval(frame, trials)
            scores = {labels[one.metric.name]: _scored(frame, one, cell) for one in of_all}
            rows.append(_row(frame, group, cell, words.measured(nll.mean, nll.low, nll.high), scores, str(nll.n)))
    return pd.DataFrame(rows).fillna("") if rows else None


def _baselines(frame: Frame, group: ComparisonGroup, labels: dict[str, str]) -> list[dict[str, str]]:
    """Return a row for each baseline, or for the few that records of data sets without such metrics have."""
    of_task = frame.baseline_metrics[frame.baseline_metrics.task == group.task]
    if of_task.empty:
        return [
            _row(frame, group, f"[{name}]", "", {labels[m]: f"{v:.4g}" for m, v in values.items() if m in labels}, "")
            for name, values in frame.trivial.get(group.task, {}).items()
        ]
    test = frame.baselines[(frame.baselines.task == group.task) & (frame.baselines.split == "test")]
    nll = test.set_index("baseline").nll
    rows = []
    for name, of_baseline in of_task.groupby("baseline", sort=False):
        numbers = zip(of_baseline.metric, of_baseline[["value", "low", "high"]].to_numpy(float).tolist(), strict=True)
        scores = {labels[metric]: _of_sequences(*row) for metric, row in numbers if metric in labels}
        rows.append(_row(frame, group, f"[{name}]", f"{nll[name]:.3f}" if name in nll else "", scores, ""))
    return rows


def _of_sequences(value: float, low: float, high: float) -> str:
    """Write what was computed once, with an interval for new sequences where it is known."""
    return f"{value:.4g}" if math.isnan(low) else words.measured(value, low, high)


def _row(frame: Frame, group: ComparisonGroup, cell: str, nll: str, scores: dict[str, str], n: str) -> dict[str, str]:
    beside = {"n": n, "budget": group.budget, "training": group.training}
    return {"data": frame.datasets[group.task], "cell": cell, "NLL": nll, **scores, **beside}


def _written(estimate: Estimate) -> str:
    """Write what was run beside the study: its mean, with an interval where it was repeated."""
    return f"{estimate.mean:.4g}" if estimate.n == 1 else words.measured(estimate.mean, estimate.low, estimate.high)


def _scored(frame: Frame, scores: MetricScores, cell: str) -> str:
    """Write a cell's mean with its interval and its mark."""
    estimate = scores.estimates[cell]
    written = words.measured(estimate.mean, estimate.low, estimate.high)
    contrasts = frame.declared.contrasts
    beside = contrasts.against if contrasts.against in scores.estimates else scores.best
    marks = ["best"] if cell == scores.best and scores.pairs else []
    if cell != beside:
        marks += _marks(scores.pair(beside, cell), cell, contrasts.are_all)
    return " ".join([written, *marks])


def _marks(pair: MetricPair, cell: str, of_all: bool) -> list[str]:
    """Return the mark of a cell beside the other one of a pair; none of one that is worse, where all pairs are tested."""
    if not pair.tested:
        return []
    if not pair.differ:
        return ["?"]
    return [] if of_all else ["better" if pair.better == cell else "worse"]
