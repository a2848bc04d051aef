"""What the study cost: trials and time of each panel and stage."""

import pandas as pd

from gatebench.records.frame import Frame, comparison_groups

TITLE = "Time spent"
CAPTION = (
    "Minutes that one worker spent on training and validation, summed over trials, with the share of the search in it: "
    "n workers take at least the n-th part. Trials that several panels share count in each, and in 'all' once."
)


def table(frame: Frame) -> pd.DataFrame:
    """A row for each panel, and one of all trials."""
    trials = frame.trials[frame.trials.split == "valid"]
    rows = [
        {"data": frame.datasets[panel.task], **_spent(part), "budget": panel.budget, "training": panel.training}
        for panel, part in comparison_groups(trials)
        if panel.task in frame.datasets
    ]
    return pd.DataFrame([*rows, {"data": "all", **_spent(trials.drop_duplicates("key"))}]).fillna("")


def _spent(trials: pd.DataFrame) -> dict[str, str]:
    by_stage = trials.groupby("stage").seconds.sum().reindex(["search", "confirm"], fill_value=0.0)
    total = by_stage.sum()
    return {
        "cells": str(trials.cell.nunique()),
        "trials": f"{len(trials):,}",
        "minutes": f"{total / 60:.1f}",
        "of it search": f"{by_stage['search'] / total:.0%}" if total else "",
    }
