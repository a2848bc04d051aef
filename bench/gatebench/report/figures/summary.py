"""The answer as a table: cells down, tasks across."""

import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import comparisons, style
from gatebench.report.stats.intervals import mean_interval

TITLE = "Which cell?"
CAPTION = (
    "Mean test NLL in nats per time step (per sequence, where a whole one has a label), with its 95% interval over "
    "confirming seeds. 'lowest' has the lowest mean; no "
    "difference to it was found for those marked '='; all others are worse at p < 0.05, by Holm for all pairs of "
    "the task, over "
    "new seeds and new sequences. Cells of one budget and protocol that were confirmed on two tasks or more."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """A row for each budget, protocol and cell with two tasks or more; None where there is none."""
    found = comparisons.pairs(frame)
    test = frame.scored()
    rows = []
    for (budget, training), part in test.groupby(["budget", "training"], sort=False):
        for cell in style.cells(part):
            own = part[part.cell == cell]
            if own.task.nunique() < 2:
                continue
            scores = {}
            for task, group in own.groupby("task", sort=False):
                panel = ComparisonGroup(str(task), str(budget), str(training))
                mark = _mark(found, panel, cell)
                scores[frame.datasets[str(task)]] = f"{mean_interval(group.nll.to_numpy())}{mark}"
            first = own.iloc[0]
            rows.append({
                "cell": cell,
                **scores,
                "units": ", ".join(str(units) for units in own.units.unique()),
                "recurrent parameters": ", ".join(f"{count:,}" for count in own.parameters_recurrent.unique()),
                "FLOPs per step": ", ".join(f"{count:,}" for count in own.flops_per_step.unique()),
                "n": ", ".join(str(n) for n in own.groupby("task", sort=False).size().unique()),
                "budget": first.budget,
                "training": first.training,
            })  # fmt: skip
    return pd.DataFrame(rows).fillna("") if rows else None


def _mark(found: list[comparisons.Pair], panel: ComparisonGroup, cell: str) -> str:
    own = [pair for pair in found if pair.panel == panel]
    worse_than = [pair for pair in own if pair.other == cell]
    if not worse_than:
        return " lowest" if any(pair.lower == cell for pair in own) else ""
    lowest = next(pair.lower for pair in own if all(other.other != pair.lower for other in own))
    return "" if next(pair for pair in worse_than if pair.lower == lowest).differ else " ="
