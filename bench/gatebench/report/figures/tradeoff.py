"""Test NLL against what it costs: parameters, FLOPs, time."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import durations, repetitions, style
from gatebench.report.stats.estimates import mean_interval

ORDER = 100
TITLE = "Test NLL against parameters, FLOPs and time"
BY_GROUP = True
CAPTION = (
    "Mean over repetitions with 95% intervals. Parameters include the readout. FLOPs are those of the recurrent "
    "layer's matrix products in the forward pass of one time step. Core-seconds are the training time of one trial, "
    f"on the engine named in the table of trials. {durations.RULE}. Equal recurrent parameters are neither equal total "
    "parameters nor equal times. What is far above all others stands at the upper end with its number."
)
HEIGHT = 3.2
"""Height of a row of panels, in inches."""
COSTS = {
    "parameters_total": "parameters with readout",
    "flops_per_step": "FLOPs per time step, recurrent layer",
    "core_seconds": "core-seconds of training per trial",
}
"""Column of the frame -> what it is called below an axis."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated."""
    return [repetitions.note(frame.confirmed("test"))]


def numbers(frame: Frame) -> pd.DataFrame:
    """Return one row per task, budget, protocol and cell."""
    rows = []
    for group, trials in comparison_groups(frame.confirmed("test")):
        trials_by_cell = style.by_cell(trials)
        times = durations.means(frame, trials_by_cell)
        for cell, cell_trials in trials_by_cell.items():
            e, first = mean_interval(repetitions.scores(cell_trials)), cell_trials.iloc[0]
            costs = first.parameters_total, first.flops_per_step, times[cell]
            rows.append((*group, cell, e.mean, e.low, e.high, e.n, *costs))
    return pd.DataFrame(rows, columns=["task", "budget", "training", "cell", "nll", "low", "high", "n", *COSTS])


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw a row of panels for each task, budget and protocol, a column for each cost."""
    groups = comparison_groups(numbers)
    figure, axes = plt.subplots(len(groups), 3, figsize=(12, 0.6 + HEIGHT * len(groups)), squeeze=False, sharey="row")
    styles = style.cell_styles(frame.trials)
    for row, (group, part) in zip(axes, groups, strict=True):
        end = style.ceiling(part.nll)
        for axis, (cost, label) in zip(row, COSTS.items(), strict=True):
            for cell, points in style.by_cell(part).items():
                if float(points.nll.iloc[0]) > end:
                    x = float(points[cost].iloc[0])
                    axis.plot(x, end, ls="", ms=8, clip_on=False, mec="white", **styles[cell])
                    style.beyond(axis, float(points.nll.iloc[0]), (x, end), (0, 6), ha="center")
                    continue
                error = np.abs(points[["low", "high"]].to_numpy().T - points.nll.to_numpy())  # none for a single seed
                axis.errorbar(points[cost], points.nll, yerr=error, ls="", ms=8, capsize=3, mec="white", **styles[cell])
            if np.isfinite(end):
                axis.set_ylim(top=end)
            if part[cost].isna().all():
                style.absent(axis, durations.ABSENT)
            axis.xaxis.set_major_locator(MaxNLocator(4))
            axis.set_xlabel(label)
        budget = frame.budget(group.budget, group.task)
        label = f"{frame.datasets[group.task]}\n{budget}, {group.training}\ntest {frame.nll(group.task)}"
        row[0].set_ylabel(style.folded(label, HEIGHT), fontsize=style.SMALLEST)
    style.legend(figure, style.cells(numbers), styles)
    return figure
