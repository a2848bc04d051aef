"""Beside the study of the Residual Recurrent Unit, in its convention: windows of 200 steps."""

import pandas as pd

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import blocks, comparisons, published, repetitions, style

ORDER = 145
TITLE = "In windows of 200 steps, beside the study of the RRU"
CAPTION = (
    "Mean test NLL over repetitions of trials on windows of 200 steps (data.window=200), with 95% intervals, beside "
    "the published values of Zakovskis et al. 2021. They are per step over all predicted steps, and per window: the "
    "mean over windows of each one's own mean. A step at the beginning of a window is predicted from less than in "
    "whole sequences, and other steps are scored: these values are for this comparison alone. Setting chosen on test: "
    "by how much the headline would be lower, see the figure of the bias of choosing on test."
)
WINDOW = "window=200"
"""How a task is named whose sequences are cut as in that study."""
NOTES = published.RRU_DEVIATIONS


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, and what hangs together."""
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame)]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each cell on a task of that study in its windows; None where there is none."""
    rows = []
    for group, trials in comparison_groups(frame.scored()):
        task, *altered = group.task.split(" ")
        if task not in published.RRU or altered != [WINDOW]:
            continue
        theirs = {
            f"published {cell}": f"{nll:.2f}" for cell, nll in zip(published.RRU_CELLS, published.RRU[task], strict=True)
        }
        for cell, of_cell in style.by_cell(trials).items():
            rows.append({
                "data": frame.datasets[group.task],
                "cell": cell,
                "per step": str(comparisons.interval(frame, of_cell)),
                "per window": f"{repetitions.scores(of_cell, 'nll_sequence_mean').mean():.3f}",
                **theirs,
                "n": repetitions.counted(of_cell),
                "parameters": f"{round(of_cell.parameters_total.mean()):,}",
                "budget": group.budget,
                "training": group.training,
            })  # fmt: skip
    return pd.DataFrame(rows) if rows else None
