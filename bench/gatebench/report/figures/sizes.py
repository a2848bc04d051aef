"""Test NLL against the number of parameters: whether the order of cells hangs on their size."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from matplotlib.transforms import ScaledTranslation

from gatebench.records.frame import Frame
from gatebench.report import repetitions, style
from gatebench.report.figures import budgets

ORDER = 92
TITLE = "Test NLL against size"
CAPTION = (
    "Mean test NLL over repetitions at each budget of recurrent parameters, with 95% intervals over them, against the "
    "recurrent parameters. Each cell has a line, and each variant of it, as with more layers, a broken one of its colour. "
    "Where lines cross, the better cell depends on the size. Sizes are matched between cells, and rates and regularisers "
    "searched for at each of them. Marks stand a little beside one another so that intervals can be seen. What is far above "
    "all others stands at the upper end with its number."
)
BUDGET = "parameters_"
"""How the names of budgets begin that are of recurrent parameters."""

BROKEN = ["--", ":", "-."]
"""Lines that variants of a cell take in turn."""
FAR = 4
"""Times as far above the lowest mean as the median is, from which on a mean stands at the end of the axis."""
APART = 3
"""Points between the marks of two cells of one size."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, and what has no score, of the sizes that another cell has on a task."""
    missing = []
    for (task, training), part in _sizes(frame).groupby(["task", "training"], sort=False):
        have = {(str(row.budget), str(row.cell)) for row in part.itertuples()}
        lacking = [
            f"{cell} at {budget.removeprefix(BUDGET)}"
            for budget in dict.fromkeys(part.budget)
            for cell in style.cells(part)
            if (budget, cell) not in have
        ]
        if lacking:
            missing.append(f"Not trained on {frame.datasets[str(task)]} ({training}): {', '.join(lacking)}.")
    return [repetitions.note(frame.confirmed("test")), *missing]


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per task, protocol, cell and size; None where no cell has two sizes."""
    sizes = _sizes(frame)
    return sizes if len(sizes) else None


def _sizes(frame: Frame) -> pd.DataFrame:
    """Return the tasks and protocols under which a cell has a score at two sizes."""
    columns = ["task", "training", "budget", "cell", "parameters_recurrent", "nll", "low", "high", "n"]
    every = budgets.numbers(frame)
    if every is None:
        return pd.DataFrame(columns=columns)
    sizes = every[every.budget.str.startswith(BUDGET) & every.nll.notna()]
    several = sizes.groupby(["task", "training", "cell"]).budget.transform("nunique") > 1
    of_both = sizes.groupby(["task", "training"]).budget.transform("nunique") > 1
    return sizes[of_both & several.groupby([sizes.task, sizes.training]).transform("any")][columns].reset_index(drop=True)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each task and protocol."""
    panels = list(numbers.groupby(["task", "training"], sort=False))
    figure, axes = style.grid(len(panels), width=4.6, height=3.4)
    shown = style.cells(numbers)
    styles = _lines(shown, style.cell_styles(frame.trials))
    for axis, ((task, training), part) in zip(axes, panels, strict=True):
        for cell, rows in style.by_cell(part).items():
            points = rows.sort_values("parameters_recurrent")
            error = np.abs(points[["low", "high"]].to_numpy(float).T - points.nll.to_numpy(float))
            beside = APART * (shown.index(cell) - (len(shown) - 1) / 2) / 72
            place = axis.transData + ScaledTranslation(beside, 0, figure.dpi_scale_trans)
            size = {"lw": 1.3, "ms": 5, "capsize": 2}
            drawn = axis.errorbar(points.parameters_recurrent, points.nll, yerr=error, **size, **styles[cell])
            for artist in drawn.get_children():  # after the axis has taken its range from where they are
                artist.set_transform(place)
        axis.set_xscale("log")
        axis.set_xticks(sorted({1000 * int(budget.removeprefix(BUDGET).removesuffix("k")) for budget in part.budget}))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel("recurrent parameters")
        axis.set_ylabel(f"test {frame.nll(str(task))}")
        _cut(axis, part, styles)
        style.heading(axis, f"{frame.datasets[str(task)]}, {training}")
    style.legend(figure, shown, styles)
    return figure


def _cut(axis: Axes, part: pd.DataFrame, styles: dict[str, Any]) -> None:
    """Leave an axis to the means that are near one another; those far above stand at its end with their numbers."""
    lowest = float(part.nll.min())
    far = part.nll > lowest + FAR * (float(part.nll.median()) - lowest)
    if not far.any():
        return
    near = part[~far]
    low, high = float(near.low.fillna(near.nll).min()), float(near.high.fillna(near.nll).max())
    end = high + 0.1 * (high - low)
    axis.set_ylim(low - 0.05 * (high - low), end)
    for _, row in part[far].iterrows():
        axis.plot(row.parameters_recurrent, end, ms=5, clip_on=False, **{**styles[row.cell], "ls": ""})
        style.beyond(axis, row.nll, (row.parameters_recurrent, end), (0, 5), ha="center")


def _lines(cells: list[str], styles: dict[str, style.CellStyle]) -> dict[str, Any]:
    """Return the looks of cells, those of a variant in the colour of its cell and with a line of its own."""
    looks: dict[str, Any] = {}
    for name, variants in itertools.groupby(cells, lambda cell: cell.partition(" ")[0]):
        for i, cell in enumerate(variants):
            whole = styles[name if name in cells else cell]
            line = "-" if cell == name else BROKEN[(i - 1) % len(BROKEN)]
            looks[cell] = {**styles[cell], "color": whole["color"], "ls": line}
    return looks
