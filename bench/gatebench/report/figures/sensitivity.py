"""Validation NLL of every learning rate of the search."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from gatebench.core.hyperparameters import TUNABLE
from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import style

ORDER = 130
TITLE = "Sensitivity to the learning rate"
BY_GROUP = True
CAPTION = (
    "Best validation NLL of each trial of the search, one seed, the same settings for all cells; the selected one is "
    "marked. Where the search is over weight noise or decay as well, points are not joined: they differ in all. A trial "
    "that diverged, or that is worse than every baseline, stands as a cross at the top. Single seeds: read the shape, "
    "not the small differences. A search may run for fewer epochs than the trials it selects for: see the table of "
    "trials."
)

DECADES = 200
"""Ratio of the largest rate to the smallest above which a scale has one tick a decade: of three the numbers would touch."""


def numbers(frame: Frame) -> pd.DataFrame:
    """Return one row per trial of the search, of a comparison group by cell and rate."""
    search = frame.trials[(frame.trials.stage == "search") & (frame.trials.split == "valid")]
    columns = ["task", "budget", "training", "cell", *TUNABLE, "seed", "nll", "status", "key"]
    parts = [part.sort_values(["cell", "lr"]) for _, part in comparison_groups(search[columns])]
    return pd.concat(parts, ignore_index=True) if parts else search[columns]


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each task, budget and protocol."""
    groups = comparison_groups(numbers) or [(None, numbers)]
    figure, axes = style.grid(len(groups), width=4.6, height=3.8)
    styles = style.cell_styles(frame.trials)
    baselines = frame.baselines[frame.baselines.split == "valid"].groupby("task").nll.max()
    for axis, (group, part) in zip(axes, groups, strict=True):
        for cell, rows in style.by_cell(part).items():
            learned = (rows.status == "finished") & (rows.nll <= baselines[rows.task].to_numpy())
            _draw_cell(axis, cell, rows[learned], rows[~learned], styles[cell])
        axis.set_xscale("log")
        wide = part.lr.max() > DECADES * part.lr.min()
        axis.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel("learning rate")
        axis.set_ylabel(f"validation {frame.nll(group.task)}" if group else "validation NLL (nats per time step)")
        style.heading(axis, frame.title(group) if group else "no search in this study")
    style.legend(figure, style.cells(numbers), styles)
    return figure


def _draw_cell(axis: Axes, cell: str, learned: pd.DataFrame, failed: pd.DataFrame, cell_style: style.CellStyle) -> None:
    """Draw the trials that learned something, the best of them large, and those that did not as crosses at the top."""
    both = pd.concat([learned, failed])
    only_rates = (both[[name for name in TUNABLE if name != "lr"]].nunique() == 1).all()
    line = "-" if only_rates else ""  # of a search over more than rates, rates alone are no curve
    axis.plot(learned.lr, learned.nll, lw=1.2, ls=line, ms=4, label=cell, **cell_style)
    if len(learned):
        best = learned.sort_values("nll").iloc[0]
        axis.plot(best.lr, best.nll, ms=10, mec="white", **cell_style)
    top = {"transform": axis.get_xaxis_transform(), "clip_on": False}
    (crosses,) = axis.plot(failed.lr, [1] * len(failed), ls="", marker="x", color=cell_style["color"], **top)
    crosses.set_in_layout(False)  # half of them stands outside of the axis
