"""The answer as a table: cells down, tasks across."""

import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import comparisons, style
from gatebench.report.stats.estimates import mean_interval

ORDER = 20
TITLE = "Which cell?"
CAPTION = (
    "Mean test NLL in nats per time step (per sequence, where a whole one has a label), with its 95% interval over "
    "confirming seeds. 'lowest' has the lowest mean; no difference to it was found for those marked '='; all others are "
    "worse at p < 0.05, by Holm for all pairs of the task, over new seeds and new sequences. Cells of one budget and "
    "protocol that were confirmed on two tasks or more."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each budget, protocol and cell with two tasks or more; None where there is none."""
    pairs = comparisons.pairs(frame)
    rows = []
    for (budget, training), part in frame.scored().groupby(["budget", "training"], sort=False):
        for cell, trials in style.by_cell(part).items():
            if trials.task.nunique() < 2:
                continue
            scores = {}
            for task, task_trials in trials.groupby("task", sort=False):
                group = ComparisonGroup(str(task), str(budget), str(training))
                mark = _mark([pair for pair in pairs if pair.group == group], cell)
                scores[frame.datasets[str(task)]] = f"{mean_interval(task_trials.nll)}{mark}"
            rows.append({
                "cell": cell,
                **scores,
                "units": ", ".join(str(units) for units in trials.units.unique()),
                "recurrent parameters": ", ".join(f"{count:,}" for count in trials.parameters_recurrent.unique()),
                "FLOPs per step": ", ".join(f"{count:,}" for count in trials.flops_per_step.unique()),
                "n": ", ".join(str(n) for n in trials.groupby("task", sort=False).size().unique()),
                "budget": budget,
                "training": training,
            })  # fmt: skip
    return pd.DataFrame(rows).fillna("") if rows else None


def _mark(pairs: list[comparisons.Pair], cell: str) -> str:
    """Return what stands behind a cell's mean, from the pairs of its comparison group."""
    higher_than = [pair for pair in pairs if pair.other == cell]
    if not higher_than:
        return " lowest" if any(pair.lower == cell for pair in pairs) else ""
    lowest = next(pair.lower for pair in pairs if all(other.other != pair.lower for other in pairs))
    return "" if next(pair for pair in higher_than if pair.lower == lowest).differ else " ="
