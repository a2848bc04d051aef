"""What to do where no cell learned anything: what fits the reason."""

import math

import pandas as pd

from gatebench.records.frame import Frame

MUCH_OUTSIDE = 0.05
"""Share of test values outside train's range from which on it is a reason."""
FEW_UPDATES = 1000
"""Updates of a trial below which it may not have learned what it could."""
FEW_UNITS = 8
"""Units below which a cell is too small for most that there is to learn."""


def unlearned(frame: Frame, task: str, trials: pd.DataFrame) -> str:
    """Return what might help, as half-sentences; ``trials`` are the confirming trials of the best cell on the test split."""
    reasons = [*_outside(frame, task), *_small_plan(trials)]
    return "; ".join(reasons) if reasons else "longer training or more data might, or there is nothing more to learn"


def _outside(frame: Frame, task: str) -> list[str]:
    """Say where much of test lies outside of what train has."""
    share = frame.outside.get(task, 0.0)
    if share < MUCH_OUTSIDE:
        return []
    return [
        f"{share:.0%} of a column of test lies outside train's range, where nothing is learned: changes from step to "
        "step may not (gatebench data add PATH --difference), nor a split not by time (--split sequence)"
    ]


def _small_plan(trials: pd.DataFrame) -> list[str]:
    """Say where the plan was too small for the data, and what plan would not be."""
    updates, units = float(trials.updates.mean()), int(trials.units.max())
    last = (trials.best_epoch >= trials.epochs) & (trials.status == "finished")
    more = []
    if updates < FEW_UPDATES and last.mean() >= 0.5:
        more.append(
            f"{updates:,.0f} updates a trial, of which the last ones were the best: about "
            f"{math.ceil(FEW_UPDATES / updates)} times as many minutes would make enough (--minutes M)"
        )
    elif last.mean() >= 0.5:
        more.append("most trials were at their best in their last epoch: more minutes would make longer ones (--minutes M)")
    if units < FEW_UNITS:
        more.append(f"{units} units a cell: {FEW_UNITS} or more would take more parameters (--parameters N)")
    return [f"the plan was too small for the data, with {' and '.join(more)}"] if more else []
