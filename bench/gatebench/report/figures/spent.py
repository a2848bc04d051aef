"""What the study cost: core-minutes of each comparison group, cell and stage, and of all."""

import pandas as pd

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import durations, style

ORDER = 190
TITLE = "Time spent"
CAPTION = (
    "Core-minutes of training and validation, a population's shared by its members. They are processor time. In "
    "records of before that was measured they are the time that a trial took of its worker, times the threads that "
    "this computed with. On n cores it takes at least the n-th part. Search: all settings that were tried, of all "
    "pipelines, what extended a search included. Trials that several rows share (a cell whose equations are those of "
    "another, a size that two budgets lead to) count in each of them, and in sums once. Not in it: loading, "
    "compiling, test scores, reports. Trials end at other epochs, so that these times are no speeds."
)
STAGES = ["search", "confirm"]
"""Stages of a study, each a column of core-minutes."""
ALL = "all"
"""What stands in place of a cell, or of the data, where a row is a sum."""


def notes(frame: Frame) -> list[str]:
    """Return what the whole study cost, in a sentence."""
    trials = _trials(frame).drop_duplicates("key")
    minutes = trials.minutes.sum()
    hours = f" ({minutes / 60:.1f} core-hours)" if minutes >= 120 else ""
    return [f"The whole study: {len(trials):,} trials, {_minutes(minutes)} core-minutes{hours}."]


def table(frame: Frame) -> pd.DataFrame:
    """Return a row for each cell of each comparison group, one for each group's sum, and one for that of the study."""
    trials = _trials(frame)
    rows = []
    for group, of_group in comparison_groups(trials):
        if group.task not in frame.datasets:
            continue
        around = {"budget": group.budget, "training": group.training}
        for cell, of_cell in style.by_cell(of_group).items():
            rows.append({"data": frame.datasets[group.task], "cell": cell, **_spent(of_cell), **around})
        rows.append({"data": frame.datasets[group.task], "cell": ALL, **_spent(of_group), **around})
    return pd.DataFrame([*rows, {"data": ALL, "cell": ALL, **_spent(trials), "budget": "", "training": ""}])


def _trials(frame: Frame) -> pd.DataFrame:
    """Return one row for each trial and place that it has in the study, with its core-minutes."""
    trials = frame.trials[frame.trials.split == "valid"]
    return trials.assign(minutes=durations.core_seconds(frame, trials) / 60)


def _spent(trials: pd.DataFrame) -> dict[str, str]:
    """Return the number of trials and the core-minutes of each stage, as columns of the table."""
    trials = trials.drop_duplicates("key")
    by_stage = trials.groupby("stage").minutes.sum().reindex(STAGES, fill_value=0.0)
    total = by_stage.sum()
    return {
        "trials": f"{len(trials):,}",
        **{stage: _minutes(by_stage[stage]) for stage in STAGES},
        "core-minutes": _minutes(total),
        "of it search": f"{by_stage['search'] / total:.0%}" if total else "",
    }


def _minutes(minutes: float) -> str:
    return f"{minutes:,.1f}"
