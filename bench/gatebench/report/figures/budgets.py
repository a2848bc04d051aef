"""Cells matched by other budgets, side by side."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gatebench.records.frame import Frame
from gatebench.report import durations, repetitions, style
from gatebench.report.stats.estimates import mean_interval

ORDER = 90
TITLE = "Matched by other budgets"
CAPTION = (
    "Mean test NLL over repetitions at each budget, with 95% intervals over them, against the cell's "
    "recurrent parameters, parameters with readout, FLOPs and training time. Cells that are equal in one are not equal "
    f"in the others; an order of cells that holds in all columns does not hang on what was matched. {durations.RULE}."
)
HEIGHT = 2.7
"""Height of a row of panels in inches."""
AROUND = 1.25
"""Ratio of the ends of a panel to the least and the greatest cost in it: what is nearly equal stands close together."""
COSTS = {
    "parameters_recurrent": "recurrent parameters",
    "parameters_total": "parameters with readout",
    "flops_per_step": "FLOPs per time step",
    "core_seconds": "core-seconds of training per trial",
}
"""Column of the frame -> what it is called below an axis."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated."""
    return [repetitions.note(frame.confirmed("test"))]


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per task, protocol, budget and cell; None where there is one budget only."""
    test = frame.confirmed("test")
    rows = []
    for (task, training), part in test.groupby(["task", "training"], sort=False):
        if part.budget.nunique() < 2:
            continue
        times = {
            str(budget): durations.means(
                frame, {str(cell): trials for cell, trials in of_budget.groupby("cell", sort=False)}
            )
            for budget, of_budget in part.groupby("budget", sort=False)
        }
        for (budget, cell), trials in part.groupby(["budget", "cell"], sort=False):
            e, first = mean_interval(repetitions.scores(trials)), trials.iloc[0]
            costs = first.parameters_recurrent, first.parameters_total, first.flops_per_step, times[str(budget)][str(cell)]
            rows.append((task, training, budget, cell, e.mean, e.low, e.high, e.n, *costs))
    columns = ["task", "training", "budget", "cell", "nll", "low", "high", "n", *COSTS]
    return pd.DataFrame(rows, columns=columns) if rows else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw a row of panels for each task and budget, a column for each cost."""
    parts = list(numbers.groupby(["task", "training", "budget"], sort=False))
    figure, axes = plt.subplots(
        len(parts), len(COSTS), figsize=(3.4 * len(COSTS), HEIGHT * len(parts)), squeeze=False, sharey="row"
    )
    styles = style.cell_styles(frame.trials)
    for row, ((task, _, budget), part) in zip(axes, parts, strict=True):
        for axis, (cost, label) in zip(row, COSTS.items(), strict=True):
            for cell in style.cells(part):
                point = part[part.cell == cell].iloc[0]
                error = None if np.isnan(point.low) else [[point.nll - point.low], [point.high - point.nll]]
                axis.errorbar(
                    point[cost], point.nll, yerr=error, ls="", ms=7, capsize=2, mec="white", mew=0.5, **styles[cell]
                )
            if part[cost].isna().all():
                axis.annotate(durations.ABSENT, (0.5, 0.5), xycoords="axes fraction", **style.QUIET_LETTERS)
                axis.set_xticks([])
            else:
                axis.set_xlim(part[cost].min() / AROUND, part[cost].max() * AROUND)
                axis.xaxis.set_major_locator(MaxNLocator(4))
                axis.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,g}"))
            axis.set_xlabel(label)
            axis.tick_params(axis="x", labelsize=style.SMALLEST)
        label = f"{frame.datasets[str(task)]}, {frame.budget(str(budget), str(task))}\ntest {frame.nll(str(task))}"
        row[0].set_ylabel(style.folded(label, HEIGHT), fontsize=style.SMALLEST)
    style.legend(figure, style.cells(numbers), styles)
    return figure
