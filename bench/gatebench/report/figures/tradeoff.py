"""Test NLL against what it costs: parameters, FLOPs, seconds."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats.intervals import mean_interval

TITLE = "Test NLL against parameters, FLOPs and seconds"
CAPTION = (
    "Mean over confirming seeds with 95% intervals. Parameters include the readout; FLOPs are those of the recurrent "
    "layer's matrix products in the forward pass of one time step; seconds are the training time of one trial, a "
    "population's shared evenly by its members, on the engine named in the table of trials. Equal recurrent parameters are "
    "neither equal total parameters nor equal seconds."
)
HEIGHT = 3.2
"""Of a row, in inches."""
COSTS = {
    "parameters_total": "parameters with readout",
    "flops_per_step": "FLOPs per time step, recurrent layer",
    "seconds": "training seconds per trial",
}


def numbers(frame: Frame) -> pd.DataFrame:
    """One row per task, budget, protocol and cell."""
    rows = []
    for panel, part in comparison_groups(frame.confirmed("test")):
        for cell in style.cells(part):
            group = part[part.cell == cell]
            e = mean_interval(group.nll.to_numpy())
            rows.append((*panel, cell, e.mean, e.low, e.high, e.n, *(group[cost].mean() for cost in COSTS)))
    return pd.DataFrame(rows, columns=["task", "budget", "training", "cell", "nll", "low", "high", "n", *COSTS])


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """A row for each task, budget and protocol, a column for each cost."""
    found = comparison_groups(numbers)
    figure, axes = plt.subplots(len(found), 3, figsize=(12, 0.6 + HEIGHT * len(found)), squeeze=False, sharey="row")
    cells = style.cells(frame.trials)
    for row, (panel, part) in enumerate(found):
        for axis, (cost, label) in zip(axes[row], COSTS.items(), strict=True):
            for cell in style.cells(part):
                points = part[part.cell == cell]
                error = np.abs(points[["low", "high"]].to_numpy().T - points.nll.to_numpy())  # none for a single seed
                look = style.look(cell, cells)
                axis.errorbar(points[cost], points.nll, yerr=error, ls="", ms=8, capsize=3, mec="white", label=cell, **look)
            axis.xaxis.set_major_locator(MaxNLocator(4))
            axis.set_xlabel(label)
        label = f"{frame.datasets[panel.task]}\n{panel.budget}, {panel.training}\ntest {frame.nll(panel.task)}"
        axes[row][0].set_ylabel(style.folded(label, HEIGHT), fontsize=9)
    figure.tight_layout()
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
