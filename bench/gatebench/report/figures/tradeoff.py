"""Test NLL against what it costs: parameters, FLOPs, seconds."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import repetitions, style
from gatebench.report.stats.estimates import mean_interval

ORDER = 100
TITLE = "Test NLL against parameters, FLOPs and seconds"
BY_GROUP = True
CAPTION = (
    "Mean over repetitions with 95% intervals. Parameters include the readout; FLOPs are those of the recurrent "
    "layer's matrix products in the forward pass of one time step; seconds are the training time of one trial, a "
    "population's shared evenly by its members, on the engine named in the table of trials. Equal recurrent parameters are "
    "neither equal total parameters nor equal seconds."
)
HEIGHT = 3.2
"""Height of a row of panels, in inches."""
COSTS = {
    "parameters_total": "parameters with readout",
    "flops_per_step": "FLOPs per time step, recurrent layer",
    "seconds": "training seconds per trial",
}
"""Column of the frame -> what it is called below an axis."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated."""
    return [repetitions.note(frame.confirmed("test"))]


def numbers(frame: Frame) -> pd.DataFrame:
    """Return one row per task, budget, protocol and cell."""
    rows = []
    for group, trials in comparison_groups(frame.confirmed("test")):
        for cell, cell_trials in style.by_cell(trials).items():
            e = mean_interval(repetitions.scores(cell_trials))
            rows.append((*group, cell, e.mean, e.low, e.high, e.n, *(cell_trials[cost].mean() for cost in COSTS)))
    return pd.DataFrame(rows, columns=["task", "budget", "training", "cell", "nll", "low", "high", "n", *COSTS])


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw a row of panels for each task, budget and protocol, a column for each cost."""
    groups = comparison_groups(numbers)
    figure, axes = plt.subplots(len(groups), 3, figsize=(12, 0.6 + HEIGHT * len(groups)), squeeze=False, sharey="row")
    styles = style.cell_styles(frame.trials)
    for row, (group, part) in zip(axes, groups, strict=True):
        for axis, (cost, label) in zip(row, COSTS.items(), strict=True):
            for cell, points in style.by_cell(part).items():
                error = np.abs(points[["low", "high"]].to_numpy().T - points.nll.to_numpy())  # none for a single seed
                axis.errorbar(
                    points[cost], points.nll, yerr=error, ls="", ms=8, capsize=3, mec="white", label=cell, **styles[cell]
                )
            axis.xaxis.set_major_locator(MaxNLocator(4))
            axis.set_xlabel(label)
        label = f"{frame.datasets[group.task]}\n{group.budget}, {group.training}\ntest {frame.nll(group.task)}"
        row[0].set_ylabel(style.folded(label, HEIGHT), fontsize=9)
    figure.tight_layout()
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
