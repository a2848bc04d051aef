"""How long trials trained, where that says something about cells and not about what else the machine did."""

import numpy as np
import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import style

MOST = 4.0
"""Spread of throughputs over cells, above which wall times are not compared: quiet machines have 1.1 to 3.5."""
RULE = (
    "Core-seconds are processor time of training and validation, a population's shared evenly by its members. Of "
    "records that have none it is wall time by threads. That is not compared where the median throughputs of cells "
    f"differ by more than a factor of {MOST:g}, since the machine did other work meanwhile"
)
"""What captions say of it."""
ABSENT = "no times that compare cells:\nthe machine did other work meanwhile"
"""What stands in a panel that would be drawn over times which cannot be compared."""


def spread(trials: pd.DataFrame) -> float:
    """Return the largest median throughput of a cell over the smallest; NaN where that is 0 or none was measured."""
    medians = [rows.relative_throughput.median() for rows in style.by_cell(trials).values()]
    lowest = min(medians, default=0.0)  # rounded to 0 where data is tiny and the machine busy
    return max(medians) / lowest if lowest else np.nan


def core_seconds(frame: Frame, trials: pd.DataFrame) -> pd.Series:
    """Return the core-seconds of each trial; of a record that has none its seconds by the clock, times its threads."""
    threads = trials.key.map(frame.threads).fillna(1)
    return trials.core_seconds.fillna(trials.seconds * threads).astype(float)


def compared(frame: Frame, trials_by_cell: dict[str, pd.DataFrame]) -> dict[str, pd.Series] | None:
    """Return the core-seconds of each trial of each cell of a comparison group; None where they cannot be compared.

    What decides is the spread of all trials of the group, those of the search included, as `figures.fairness` shows it.
    """
    trials = pd.concat(trials_by_cell.values())
    group = ComparisonGroup(*map(str, trials.iloc[0][list(ComparisonGroup._fields)]))
    in_group = (frame.trials[list(ComparisonGroup._fields)] == list(group)).all(axis=1)
    if trials.core_seconds.isna().any() and spread(frame.trials[in_group & (frame.trials.split == "test")]) > MOST:
        return None
    return {cell: core_seconds(frame, rows) for cell, rows in trials_by_cell.items()}


def means(frame: Frame, trials_by_cell: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Return the mean core-seconds of a trial of each cell of a comparison group; NaN where they cannot be compared."""
    times = compared(frame, trials_by_cell)
    return {cell: np.nan if times is None else float(times[cell].mean()) for cell in trials_by_cell}


def written(seconds: float) -> str:
    """Write mean core-seconds in a table, or that they cannot be compared."""
    return "not compared" if np.isnan(seconds) else f"{seconds:.1f}"
