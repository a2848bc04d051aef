"""What tuning buys: the best of n settings, in expectation."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats.intervals import expected_best

TITLE = "Effort of tuning"
CAPTION = (
    "Expected lowest validation NLL of n settings drawn from those of the search without replacement: the unbiased form of "
    "Dodge et al. (2019). Where two curves cross, the better cell depends on how much one is ready to tune. A curve begins "
    "where n settings are sure to hold one that did not fail (diverged, or worse than every baseline). Single runs, and "
    "settings that are spread more evenly than independent draws."
)


def numbers(frame: Frame) -> pd.DataFrame | None:
    """One row per panel, cell and number of settings; None where nothing was searched for."""
    search = frame.trials[(frame.trials.stage == "search") & (frame.trials.split == "valid")]
    baselines = frame.baselines[frame.baselines.split == "valid"].groupby("task").nll.max()
    rows = []
    for panel, part in comparison_groups(search):
        for cell in style.cells(part):
            own = part[part.cell == cell]
            worth = (own.status == "finished") & (own.nll <= baselines.get(panel.task, np.inf))
            expected = expected_best(own.nll.where(worth).to_numpy())
            rows += [(*panel, cell, n, value) for n, value in enumerate(expected, 1) if np.isfinite(value)]
    columns = ["task", "budget", "training", "cell", "settings", "nll"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """One panel for each task, budget and protocol."""
    parts = comparison_groups(numbers)
    figure, axes = style.grid(len(parts), width=4.6, height=3.4)
    cells = style.cells(frame.trials)
    for axis, (panel, part) in zip(axes, parts, strict=True):
        for cell in style.cells(part):
            curve = part[part.cell == cell]
            axis.plot(curve.settings, curve.nll, lw=1.3, ms=4, **style.look(cell, cells))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("settings tried")
        axis.set_ylabel(f"expected best validation\n{frame.nll(panel.task)}")
        style.heading(axis, frame.title(panel))
    style.legend(figure, style.cells(numbers), cells)
    return figure
