"""How fast each cell ran, as a fraction of what the machine can do."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import style

TITLE = "Were all cells run equally well?"
CAPTION = (
    "FLOPs a second of training and validation, as a fraction of the rate of a 2048 x 2048 matrix product measured in the "
    "same process: 3 times the forward products of layer and readout for a step of training, once for one of validation. "
    "Median and range over the trials that were measured, search and confirm. Above 1 is possible: the product is that "
    "of torch's BLAS, and a product with inputs that are mostly zeros is counted whole. The spread is the largest median "
    "over the smallest; where it is large, seconds compare implementations and not cells."
)


def numbers(frame: Frame) -> pd.DataFrame | None:
    """One row per task, budget, protocol and cell; None where no trial was measured."""
    measured = frame.trials[(frame.trials.split == "test") & frame.trials.relative_throughput.notna()]
    rows = []
    for panel, part in comparison_groups(measured):
        found = []
        for cell in style.cells(part):
            own = part[part.cell == cell]
            f = own.relative_throughput
            found.append((*panel, cell, ", ".join(sorted(own.engine.unique())), f.median(), f.min(), f.max(), len(f)))
        medians = [row[5] for row in found]
        rows += [(*row, max(medians) / min(medians)) for row in found]
    columns = ["task", "budget", "training", "cell", "engine", "relative_throughput", "low", "high", "n", "spread"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """A panel for each task, budget and protocol, a row for each cell."""
    found = comparison_groups(numbers)
    heights = [len(part) for _, part in found]
    figure, axes = plt.subplots(
        len(found), 1, figsize=(7, 0.9 * len(found) + 0.32 * sum(heights)), squeeze=False, height_ratios=heights
    )
    cells = style.cells(frame.trials)
    for axis, (panel, part) in zip(axes[:, 0], found, strict=True):
        error = np.abs(part[["low", "high"]].to_numpy() - part[["relative_throughput"]].to_numpy())
        for i, (cell, median) in enumerate(zip(part.cell, part.relative_throughput, strict=True)):
            look = style.look(str(cell), cells)
            axis.errorbar(median, i, xerr=error[i, :, None], ls="", ms=8, capsize=2, mec="white", label=cell, **look)
        axis.set_yticks(range(len(part)), part.cell)
        axis.set_ylim(len(part) - 0.5, -0.5)
        axis.set_xlim(left=0)
        style.heading(axis, f"{frame.title(panel)}: spread {part.spread.iloc[0]:.2f}", loc="left", fontsize="medium")
        axis.set_xlabel("fraction of a matrix product's rate")
    figure.tight_layout()
    return figure
