"""What a convention of averaging does to a score: the same runs, averaged in other ways."""

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import comparisons, published, style
from gatebench.report.stats.intervals import Runs

TITLE = "The same runs, averaged in other ways"
CAPTION = (
    "Mean test NLL over confirming seeds. Per step: sum over the split over its predicted steps, the headline of all other "
    "tables. Per sequence: mean of each sequence's own mean. Padded: the sum over padded steps, as a loss does that masks "
    "what it sums and forgets to mask what it divides by, in batches of 10 in the order of the file. First frame counted: a "
    "score per frame read rather than per frame predicted. What else was tried to explain "
    "the distance from the published values: docs/table2.md."
)
BATCH = 10


def table(frame: Frame) -> pd.DataFrame | None:
    """A row for each cell of a task that Table 2 of Chung et al. has; None where there is none, or no sequences are kept."""
    rows = []
    for panel, part in comparison_groups(frame.confirmed("test")):
        for cell in style.cells(part):
            group = part[part.cell == cell]
            runs, paper = comparisons.runs(frame, group), published.TABLE_2.get((panel.task, cell))
            if runs is None or paper is None or panel.task in published.STANDS_IN:
                continue
            ways = {name: way(runs) for name, way in WAYS.items()}
            rows.append({
                "data": frame.datasets[panel.task],
                "cell": cell,
                "published test": f"{paper[1]:.2f}",
                **{name: f"{value:.3f}" for name, value in ways.items()},
                "n": str(len(group)),
                "budget": panel.budget,
                "training": panel.training,
            })  # fmt: skip
    return pd.DataFrame(rows) if rows else None


def _padded(runs: Runs) -> float:
    longest = [runs.steps[i : i + BATCH].max() * len(runs.steps[i : i + BATCH]) for i in range(0, len(runs.steps), BATCH)]
    return float(runs.nll.sum(1).mean() / np.sum(longest))


WAYS = {
    "per step": lambda runs: float(runs.scores.mean()),
    "per sequence": lambda runs: float((runs.nll / runs.steps).mean()),
    "padded": _padded,
    "first frame counted": lambda runs: float(runs.nll.sum(1).mean() / (runs.steps + 1).sum()),
}
