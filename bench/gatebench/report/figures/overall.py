"""Cells over all tasks: where they stand between the baselines."""

import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import style
from gatebench.report.stats.interquartile import interquartile_mean

ORDER = 70
TITLE = "Over all tasks"
CAPTION = (
    "Each run's test NLL as the share of the way from the highest baseline of its task (0) to the lowest one (1): above "
    "1 is better than every trivial predictor. The interquartile mean is that of the middle half of all runs on all "
    "tasks (Agarwal et al. 2021), over tasks on which all these cells were confirmed; its 95% interval is over runs, for "
    "these tasks. Higher is better."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each budget, protocol and cell; None where no two tasks share two cells."""
    baselines = frame.baselines[frame.baselines.split == "test"].groupby("task").nll.agg(["max", "min"])
    rows = []
    for (budget, training), part in frame.scored().groupby(["budget", "training"], sort=False):
        shared = part.groupby(["task", "cell"]).size().unstack().dropna(axis="columns", thresh=2).dropna(axis="index")
        if len(shared) < 2 or shared.shape[1] < 2:
            continue
        part = part[part.task.isin(shared.index) & part.cell.isin(shared.columns)]
        top, bottom = baselines["max"][part.task].to_numpy(), baselines["min"][part.task].to_numpy()
        shares = part.assign(share=(top - part.nll) / (top - bottom))
        for cell, trials in style.by_cell(shares).items():
            by_task = {str(task): of_task.share.to_numpy() for task, of_task in trials.groupby("task", sort=False)}
            rows.append({
                "cell": cell,
                "interquartile mean": str(interquartile_mean(list(by_task.values()))),
                "runs": str(len(trials)),
                **{frame.datasets[task]: f"{values.mean():.3f}" for task, values in by_task.items()},
                "budget": budget,
                "training": training,
            })  # fmt: skip
    return pd.DataFrame(rows).fillna("") if rows else None
