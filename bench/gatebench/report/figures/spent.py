"""What the study cost: trials and time of each comparison group and stage."""

import pandas as pd

from gatebench.records.frame import Frame, comparison_groups

ORDER = 190
TITLE = "Time spent"
CAPTION = (
    "Minutes that one worker spent on training and validation, summed over trials, with the share of the search in it: "
    "n workers take at least the n-th part. Trials that several comparison groups share count in each, and in 'all' once."
)


def table(frame: Frame) -> pd.DataFrame:
    """Return a row for each comparison group, and one of all trials."""
    trials = frame.trials[frame.trials.split == "valid"]
    rows = [
        {"data": frame.datasets[group.task], **_spent(part), "budget": group.budget, "training": group.training}
        for group, part in comparison_groups(trials)
        if group.task in frame.datasets
    ]
    return pd.DataFrame([*rows, {"data": "all", **_spent(trials.drop_duplicates("key"))}]).fillna("")


def _spent(trials: pd.DataFrame) -> dict[str, str]:
    """Return cells, trials, minutes and the share of the search, as columns of the table."""
    by_stage = trials.groupby("stage").seconds.sum().reindex(["search", "confirm"], fill_value=0.0)
    total = by_stage.sum()
    return {
        "cells": str(trials.cell.nunique()),
        "trials": f"{len(trials):,}",
        "minutes": f"{total / 60:.1f}",
        "of it search": f"{by_stage['search'] / total:.0%}" if total else "",
    }
