"""Learning curves in the manner of Chung et al. 2014, Figures 2 and 3: per epoch above, per second below."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter, StrMethodFormatter

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import style

ORDER = 110
TITLE = "Learning curves"
BY_GROUP = True
CAPTION = (
    "For each cell the confirming trial that is best on validation, as in Figures 2 and 3 of Chung et al. 2014: train "
    "solid, validation dotted, the best validation point marked. Train is the mean over an epoch's updates, with the "
    "weights as they were. Seconds are wall time of training and validation, a population's shared evenly by its members; "
    "all cells ran on the engine named in the table of trials. NLL on a logarithmic scale, or on a linear one where it goes "
    "below zero. What goes far above the curves of the others is cut off, as is a first epoch of train that is above all "
    "that follows. Of more than ten cells the ten that come lowest have colours."
)

WIDTH, HEADING, BESIDE = 4.8, 3.6, 2.2
"""Inches: width of a panel with its labels, of its heading, and of the legend beside all panels."""
ACROSS = 4
"""Largest number of panels beside each other."""
MOST = 10
"""Number of cells of a panel that have a look of their own: those whose validation NLL comes lowest."""
OTHERS: Any = {"color": style.QUIET, "alpha": 0.5, "lw": 0.6}
"""How the curves of all others look, as keyword arguments of matplotlib's ``plot``."""
DECADE, DECADES = 10, 500
"""Ratios of the largest NLL to the smallest from which on a scale has three ticks a decade, and one."""


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return the curves of the best confirming trial of each cell on each task; None where no trial has a score."""
    # A trial that is the best of one comparison group may be in another one too, where it is not.
    of_best = frame.best[[*ComparisonGroup._fields, "cell", "key"]]
    curves = frame.curves[frame.curves.stage == "confirm"].merge(of_best)
    columns = ["task", "budget", "training", "cell", "key", "seed", "lr", "split", "epoch", "update", "seconds", "nll"]
    return curves[columns] if len(curves) else None


def describe(numbers: pd.DataFrame, frame: Frame) -> str:
    """Say where each cell's validation curve is lowest."""
    sentences = []
    for group, part in comparison_groups(numbers):
        lowest = part[part.split == "valid"].sort_values("nll", kind="stable").drop_duplicates("cell")
        cells = [
            f"{row.cell} {row.nll:.3f} in epoch {row.epoch:g}, after {row.seconds:.3g} s" for row in lowest.itertuples()
        ]
        sentences.append(f"{frame.title(group)}, lowest validation {frame.nll(group.task)}: {'; '.join(cells)}.")
    return " ".join(sentences)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw two panels for each task, budget and protocol, by epoch above and by second below."""
    groups = comparison_groups(numbers)
    across = min(len(groups), ACROSS)
    figure = plt.figure(figsize=(WIDTH * across + BESIDE, 7 * -(-len(groups) // across)), layout="constrained")
    blocks = figure.subfigures(-(-len(groups) // across), across, squeeze=False).flat
    styles = style.cell_styles(frame.trials)
    named: set[str] = set()
    for (group, part), block in zip(groups, blocks, strict=False):
        axes = block.subplots(2, 1, sharey=True)
        lowest = part[part.split == "valid"].groupby("cell").nll.min().nsmallest(MOST)
        named.update(map(str, lowest.index))
        for axis, (x, label) in zip(axes, [("epoch", "epoch"), ("seconds", "wall time (seconds)")], strict=True):
            for cell, curve in style.by_cell(part).items():
                _draw_cell(axis, curve, x, styles[cell] if cell in lowest.index else None)
            top = _top(part)
            if part.nll.min() >= 0:  # densities may go below zero, where there is no logarithm
                _set_logarithmic(axis, part.nll[part.nll > 0].min(), top)
            if part.nll.max() > top:
                axis.set_ylim(top=top)
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
            axis.set_xlabel(label)
            axis.set_ylabel(frame.nll(group.task))
        axes[0].set_title(style.folded(frame.title(group), HEADING), fontsize=10)  # how wide a panel is comes later
    handles = [Line2D([], [], ms=5, label=cell, **styles[cell]) for cell in style.cells(numbers) if cell in named]
    splits = [Line2D([], [], color="grey", ls=ls, label=split) for split, ls in (("train", "-"), ("validation", ":"))]
    others = [Line2D([], [], label="other cells", **OTHERS)] * (len(named) < numbers.cell.nunique())
    figure.legend(handles=[*handles, *splits, *others], loc="outside right upper", fontsize=style.SMALLEST)
    return figure


def _draw_cell(axis: Axes, curve: pd.DataFrame, x: str, cell_style: style.CellStyle | None) -> None:
    """Draw the two curves of a cell, and its best point; without a look of its own it is one of the others."""
    train, valid = curve[curve.split == "train"], curve[curve.split == "valid"]
    if cell_style is None:
        axis.plot(train[x], train.nll, zorder=1, **OTHERS)
        axis.plot(valid[x], valid.nll, zorder=1, ls=":", **OTHERS)
        return
    axis.plot(train[x], train.nll, color=cell_style["color"], lw=1.3)
    axis.plot(valid[x], valid.nll, color=cell_style["color"], lw=1.5, ls=":")
    best = valid.sort_values("nll").iloc[0]
    axis.plot(best[x], best.nll, ls="", ms=7, mec="white", **cell_style)


def _top(part: pd.DataFrame) -> float:
    """Return the highest NLL that is shown: that of all cells, but for those that went far astray, and for first means.

    The mean over the first epoch is mostly of weights that had learned nothing, and may be several times all that follows.
    """
    first = (part.split == "train") & (part.epoch == part.groupby("key").epoch.transform("min"))
    highest = part[~first].groupby("cell").nll.max()
    return float(highest[highest <= style.ceiling(highest)].max())


def _set_logarithmic(axis: Axes, lowest: float, highest: float) -> None:
    """Put NLL on a logarithmic scale with as many ticks as have room."""
    axis.set_yscale("log")
    ratio = highest / lowest
    fine, coarse = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5) if ratio < DECADES else (1,)
    axis.yaxis.set_major_locator(LogLocator(subs=fine if ratio < DECADE else coarse))
    axis.yaxis.set_major_formatter(ScalarFormatter() if ratio < DECADE else StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())
