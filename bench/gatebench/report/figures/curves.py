"""Learning curves in the manner of Chung et al. 2014, Figures 2 and 3: per epoch above, per second below."""

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
    "below zero."
)

ACROSS = 4
"""Largest number of panels beside each other."""
FEW = 5
"""Number of cells up to which a legend has one column."""
LINE = 0.07
"""Height of a line of the legend, as a share of that of a panel."""
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
    figure = plt.figure(figsize=(4.8 * across, 7 * -(-len(groups) // across)), layout="constrained")
    blocks = figure.subfigures(-(-len(groups) // across), across, squeeze=False).flat
    styles = style.cell_styles(frame.trials)
    for (group, part), block in zip(groups, blocks, strict=False):
        axes = block.subplots(2, 1, sharey=True)
        across_legend = 1 + (part.cell.nunique() > FEW)
        rows = -(-(part.cell.nunique() + 2) // across_legend)
        for axis, (x, label) in zip(axes, [("epoch", "epoch"), ("seconds", "wall time (seconds)")], strict=True):
            for cell, curve in style.by_cell(part).items():
                cell_style = styles[cell]
                train, valid = curve[curve.split == "train"], curve[curve.split == "valid"]
                axis.plot(train[x], train.nll, color=cell_style["color"], lw=1.3)
                axis.plot(valid[x], valid.nll, color=cell_style["color"], lw=1.5, ls=":")
                best = valid.sort_values("nll").iloc[0]
                axis.plot(best[x], best.nll, ls="", ms=7, mec="white", **cell_style)
            if part.nll.min() > 0:  # densities may go below zero, where there is no logarithm
                _set_logarithmic(axis, part.nll.min(), part.nll.max(), rows)
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
            axis.set_xlabel(label)
            axis.set_ylabel(frame.nll(group.task))
        style.heading(axes[0], frame.title(group))
        handles = [Line2D([], [], ms=5, label=cell, **styles[cell]) for cell in style.cells(part)]
        splits = [Line2D([], [], color="grey", ls=ls, label=split) for split, ls in (("train", "-"), ("validation", ":"))]
        axes[0].legend(
            handles=[*handles, *splits], loc="upper right", fontsize=style.SMALLEST, ncols=across_legend,
            frameon=True, framealpha=0.8, edgecolor="none",
        )  # fmt: skip
    return figure


def _set_logarithmic(axis: Axes, lowest: float, highest: float, rows: int) -> None:
    """Put NLL on a logarithmic scale with as many ticks as have room; over decades, the legend stands above."""
    axis.set_yscale("log")
    ratio = highest / lowest
    fine, coarse = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5) if ratio < DECADES else (1,)
    axis.yaxis.set_major_locator(LogLocator(subs=fine if ratio < DECADE else coarse))
    axis.yaxis.set_major_formatter(ScalarFormatter() if ratio < DECADE else StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())
    if ratio >= DECADE:
        share = LINE * (rows + 1)
        axis.set_ylim(top=highest * ratio ** (share / (1 - share)))
