"""Validation NLL of every learning rate of the search."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import style

TITLE = "Sensitivity to the learning rate"
CAPTION = (
    "Best validation NLL of each trial of the search, one seed, the same settings for all cells; the selected "
    "one is marked. "
    "Where the search is over weight noise or decay as well, points are not joined: they differ in all. "
    "A trial that diverged, or that is worse than every baseline, stands as a cross at the top. Single seeds: read the shape, "
    "not the small differences. A search may run for fewer epochs than the trials it selects for: see the table of trials."
)


def numbers(frame: Frame) -> pd.DataFrame:
    """One row per trial of the search."""
    search = frame.trials[(frame.trials.stage == "search") & (frame.trials.split == "valid")]
    columns = ["task", "budget", "training", "cell", "lr", "weight_noise", "weight_decay", "seed", "nll", "status", "key"]
    return search[columns].sort_values(["task", "budget", "training", "cell", "lr"]).reset_index(drop=True)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """One panel for each task, budget and protocol."""
    parts = comparison_groups(numbers) or [(None, numbers)]
    figure, axes = style.grid(len(parts), width=4.6, height=3.8)
    cells = style.cells(frame.trials)
    baselines = frame.baselines[frame.baselines.split == "valid"].groupby("task").nll.max()
    for axis, (panel, part) in zip(axes, parts, strict=True):
        for cell in style.cells(part):
            look, rows = style.look(cell, cells), part[part.cell == cell]
            learned = (rows.status == "finished") & (rows.nll <= baselines[rows.task].to_numpy())
            good = rows[learned]
            alone = (rows[["weight_noise", "weight_decay"]].nunique() == 1).all()
            line = "-" if alone else ""  # of a search over more than rates, rates alone are no curve
            axis.plot(good.lr, good.nll, lw=1.2, ls=line, ms=4, label=cell, **look)
            if len(good):
                best = good.sort_values("nll").iloc[0]
                axis.plot(best.lr, best.nll, ms=10, mec="white", **look)
            bad = rows[~learned]
            top = {"transform": axis.get_xaxis_transform(), "clip_on": False}
            (crosses,) = axis.plot(bad.lr, [1] * len(bad), ls="", marker="x", color=look["color"], **top)
            crosses.set_in_layout(False)  # half of them stands outside of the axis
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel("learning rate")
        axis.set_ylabel(f"validation {frame.nll(panel.task)}" if panel else "validation NLL (nats per time step)")
        style.heading(axis, frame.title(panel) if panel else "no search in this study")
    style.legend(figure, style.cells(numbers), cells)
    return figure
