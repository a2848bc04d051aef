"""Test NLL of every cell: each confirming seed, their mean with its interval, and the baselines."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import comparisons, style
from gatebench.report.stats.intervals import mean_interval

TITLE = "Test NLL of the confirming trials"
CAPTION = (
    "Each small mark is one confirming seed at the cell's selected learning rate; the large mark is their mean with its "
    "95% interval over seeds (Student's t), the thin grey bar its interval over seeds and test sequences. Lower "
    "is better. The two lowest baselines are given above each panel."
)


def numbers(frame: Frame) -> pd.DataFrame:
    """One row per confirming trial, with the mean and interval of its group."""
    test = frame.confirmed("test")
    rows = []
    for panel, part in comparison_groups(test):
        for cell in style.cells(part):
            group = part[part.cell == cell]
            e, both = mean_interval(group.nll.to_numpy()), comparisons.interval(frame, group)
            for seed, nll in zip(group.seed, group.nll, strict=True):
                rows.append((*panel, cell, seed, nll, e.mean, e.low, e.high, both.low, both.high, e.n))
    columns = ["task", "budget", "training", "cell", "seed", "nll", "mean", "low", "high", "low_both", "high_both", "n"]
    return pd.DataFrame(rows, columns=columns)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """One panel for each task, budget and protocol."""
    parts = comparison_groups(numbers)
    figure, axes = style.grid(len(parts), width=5.2, height=3.6, columns=3)
    everything = style.cells(frame.trials)
    for axis, (panel, part) in zip(axes, parts, strict=True):
        present = style.cells(part)
        for i, cell in enumerate(present):
            rows, look = part[part.cell == cell], style.look(cell, everything)
            axis.plot(rows.nll, np.full(len(rows), i), ls="", ms=4, alpha=0.45, **look)
            first = rows.iloc[0]
            axis.plot([first.low_both, first.high_both], [i, i], color="0.6", lw=1, zorder=1)
            error = None if np.isnan(first.low) else [[first["mean"] - first.low], [first.high - first["mean"]]]
            axis.errorbar(first["mean"], i, xerr=error, ms=9, capsize=4, lw=1.6, mec="white", **look)
        axis.set_yticks(range(len(present)), present)
        axis.margins(y=0.1)
        axis.invert_yaxis()
        axis.set_xlabel(f"test {frame.nll(panel.task)}")
        baselines = frame.baselines[(frame.baselines.task == panel.task) & (frame.baselines.split == "test")]
        lowest = [
            f"{baseline.baseline} {baseline.nll:.2f}" for baseline in baselines.sort_values("nll").head(2).itertuples()
        ]
        style.heading(axis, f"{frame.title(panel)}\nlowest baselines: {', '.join(lowest)}")
    figure.tight_layout()
    return figure
