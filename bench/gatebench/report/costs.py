"""What cells cost, in a sentence."""

import math

import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import durations, words

ASKED_FOR = ("lstm", "gru")
"""Cells whose costs are said also where those of most others stand in a table alone."""


def expense(trials: pd.DataFrame) -> tuple[float, float]:
    """Return what the cheaper of two cells of like size is told by: FLOPs to two digits, then the state's size."""
    return float(f"{trials.flops_per_step.mean():.2g}"), float(trials.state_size.mean())


def sentence(frame: Frame, trials_by_cell: dict[str, pd.DataFrame], cells: list[str], best: str, start: str) -> str:
    """Write the first cell's costs, and those of the others beside them; of many, of the best and of `ASKED_FOR` alone.

    ``trials_by_cell`` has the confirming trials on test of all cells of a comparison group.
    """
    first, *others = cells
    times, rest = durations.means(frame, trials_by_cell), ""
    if len(others) > words.MOST:
        rest = ". The others' stand in the table Results of the report"
        others = [cell for cell in dict.fromkeys([best, *ASKED_FOR]) if cell in others]
    costs = [f"{cell} has {_of_cell(trials_by_cell[cell], times[cell])}" for cell in others]
    return ". ".join([f"{start}{_of_cell(trials_by_cell[first], times[first])}", *costs]) + f"{rest}."


def _of_cell(trials: pd.DataFrame, core_seconds: float) -> str:
    """Write parameters, state, FLOPs and, if it is not NaN, training time of a cell."""
    row = trials.iloc[0]
    time = "" if math.isnan(core_seconds) else f", {core_seconds:.1f} core-seconds of training a trial"
    return (
        f"{row.parameters_recurrent:,} recurrent parameters ({row.units} units), a state of {row.state_size} numbers, "
        f"{row.flops_per_step:,} FLOPs a time step{time}"
    )
