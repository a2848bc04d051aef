"""What tuning buys: the best of n settings, in expectation."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats.expected_best import expected_best

ORDER = 120
TITLE = "Effort of tuning"
CAPTION = (
    "Expected lowest validation NLL of n settings drawn from those of the search without replacement: the unbiased form of "
    "Dodge et al. (2019). Where two curves cross, the better cell depends on how much one is ready to tune. A curve begins "
    "where n settings are sure to hold one that did not fail (diverged, or worse than every baseline). Single runs, and "
    "settings that are spread more evenly than independent draws."
)


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per comparison group, cell and number of settings; None where nothing was searched for."""
    search = frame.trials[(frame.trials.stage == "search") & (frame.trials.split == "valid")]
    baselines = frame.baselines[frame.baselines.split == "valid"].groupby("task").nll.max()
    rows = []
    for group, trials in comparison_groups(search):
        for cell, cell_trials in style.by_cell(trials).items():
            learned = (cell_trials.status == "finished") & (cell_trials.nll <= baselines.get(group.task, np.inf))
            expected = expected_best(cell_trials.nll.where(learned))
            rows += [(*group, cell, n, value) for n, value in enumerate(expected, 1) if np.isfinite(value)]
    columns = ["task", "budget", "training", "cell", "settings", "nll"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each task, budget and protocol."""
    groups = comparison_groups(numbers)
    figure, axes = style.grid(len(groups), width=4.6, height=3.4)
    styles = style.cell_styles(frame.trials)
    for axis, (group, part) in zip(axes, groups, strict=True):
        for cell, curve in style.by_cell(part).items():
            axis.plot(curve.settings, curve.nll, lw=1.3, ms=4, **styles[cell])
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("settings tried")
        axis.set_ylabel(f"expected best validation\n{frame.nll(group.task)}")
        style.heading(axis, frame.title(group))
    style.legend(figure, style.cells(numbers), styles)
    return figure
