"""Cells over all tasks: where they stand between the baselines."""

import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import style
from gatebench.report.stats.intervals import interquartile_mean

TITLE = "Over all tasks"
CAPTION = (
    "Each run's test NLL as the share of the way from the highest baseline of its task (0) to the lowest one (1): above 1 is "
    "better than every trivial predictor. The interquartile mean is that of the middle half of all runs on all "
    "tasks (Agarwal "
    "et al. 2021), over tasks on which all these cells were confirmed; its 95% interval is over runs, for these tasks. "
    "Higher is better."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """A row for each budget, protocol and cell; None where no two tasks share two cells."""
    test = frame.scored()
    baselines = frame.baselines[frame.baselines.split == "test"].groupby("task").nll.agg(["max", "min"])
    rows = []
    for (budget, training), part in test.groupby(["budget", "training"], sort=False):
        present = part.groupby(["task", "cell"]).size().unstack().dropna(axis="columns", thresh=2).dropna(axis="index")
        if len(present) < 2 or present.shape[1] < 2:
            continue
        own = part[part.task.isin(present.index) & part.cell.isin(present.columns)]
        top, bottom = baselines["max"][own.task].to_numpy(), baselines["min"][own.task].to_numpy()
        own = own.assign(share=(top - own.nll) / (top - bottom))
        for cell in style.cells(own):
            mine = own[own.cell == cell]
            by_task = {str(task): group.share.to_numpy() for task, group in mine.groupby("task", sort=False)}
            rows.append({
                "cell": cell,
                "interquartile mean": str(interquartile_mean(list(by_task.values()))),
                "runs": str(len(mine)),
                **{frame.datasets[task]: f"{values.mean():.3f}" for task, values in by_task.items()},
                "budget": budget,
                "training": training,
            })  # fmt: skip
    return pd.DataFrame(rows).fillna("") if rows else None
