"""How fast each cell ran, relative to a large matrix product on the same machine."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import durations, style

ORDER = 180
TITLE = "Were all cells run equally well?"
BY_GROUP = True
CAPTION = (
    "Relative throughput: FLOPs a second of training and validation (a core-second, where records have them), "
    "relative to those of a 2048 x 2048 matrix product in torch, measured on the same machine. A step of training "
    "counts 3 times the forward products of layer and readout, one of validation once. It may exceed 1, since torch's "
    "BLAS does not use all of some processors, and products with inputs that are mostly zero are counted whole. Much more "
    "than 1 says that other work slowed the measured product down. "
    "Median and range over the trials that were measured, search and confirm. The spread is the largest median over "
    "the smallest; where it is large, times compare implementations and not cells, or what else the machine did. "
    f"{durations.RULE}."
)


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per task, budget, protocol and cell; None where no trial was measured."""
    measured = frame.trials[(frame.trials.split == "test") & frame.trials.relative_throughput.notna()]
    rows = []
    for group, trials in comparison_groups(measured):
        trials_by_cell = style.by_cell(trials)
        medians = {cell: cell_trials.relative_throughput.median() for cell, cell_trials in trials_by_cell.items()}
        spread = durations.spread(trials)
        for cell, cell_trials in trials_by_cell.items():
            engines = ", ".join(sorted(cell_trials.engine.unique()))
            rates = cell_trials.relative_throughput
            rows.append((*group, cell, engines, medians[cell], rates.min(), rates.max(), len(rates), spread))
    columns = ["task", "budget", "training", "cell", "engine", "relative_throughput", "low", "high", "n", "spread"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw a panel for each task, budget and protocol, with a row for each cell."""
    groups = comparison_groups(numbers)
    heights = [len(part) for _, part in groups]
    figure, axes = plt.subplots(
        len(groups), 1, figsize=(7, 0.9 * len(groups) + 0.32 * sum(heights)), squeeze=False, height_ratios=heights
    )
    styles = style.cell_styles(frame.trials)
    for axis, (group, part) in zip(axes[:, 0], groups, strict=True):
        error = np.abs(part[["low", "high"]].to_numpy() - part[["relative_throughput"]].to_numpy())
        for i, (cell, median) in enumerate(zip(part.cell, part.relative_throughput, strict=True)):
            axis.errorbar(median, i, xerr=error[i, :, None], ls="", ms=8, capsize=2, mec="white", label=cell, **styles[cell])
        axis.set_yticks(range(len(part)), part.cell)
        axis.set_ylim(len(part) - 0.5, -0.5)
        axis.set_xlim(left=0)
        spread = part.spread.iloc[0]
        compares = ", no comparison of cells" if spread > durations.MOST else ""
        comparison = "too slow to compare" if np.isnan(spread) else f"spread {spread:.2f}{compares}"
        style.heading(axis, f"{frame.title(group)}: {comparison}", loc="left", fontsize="medium")
        axis.set_xlabel("FLOPs a second, relative to a large matrix product in torch")
    figure.tight_layout()
    return figure
