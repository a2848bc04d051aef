"""Validation NLL of every learning rate of the search."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from bench.records.frame import Frame
from bench.report import style

TITLE = "Sensitivity to the learning rate"
CAPTION = (
    "Best validation NLL of each trial of the search, one seed, the same rates for all cells; the selected rate is marked. "
    "A trial that diverged stands as a cross at the top. Single seeds: read the shape, not the small differences."
)


def numbers(frame: Frame) -> pd.DataFrame:
    """One row per trial of the search."""
    search = frame.trials[(frame.trials.stage == "search") & (frame.trials.split == "valid")]
    columns = ["task", "budget", "training", "cell", "lr", "seed", "nll", "status", "key"]
    return search[columns].sort_values(["task", "budget", "training", "cell", "lr"]).reset_index(drop=True)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """One panel for each task, budget and protocol."""
    panels = list(numbers.groupby(["task", "budget", "training"], sort=False)) or [(("", "", ""), numbers)]
    figure, axes = plt.subplots(1, len(panels), figsize=(2 + 4.6 * len(panels), 4), squeeze=False)
    cells = style.cells(numbers)
    for axis, ((task, budget, training), panel) in zip(axes[0], panels, strict=True):
        for cell in style.cells(panel):
            look, rows = style.look(cell, cells), panel[panel.cell == cell]
            good = rows[rows.status == "finished"]
            axis.plot(good.lr, good.nll, lw=1.2, ms=4, label=cell, **look)
            if len(good):
                best = good.loc[good.nll.idxmin()]
                axis.plot(best.lr, best.nll, ms=10, mec="white", **look)
            bad = rows[rows.status != "finished"]
            axis.plot(bad.lr, [1] * len(bad), ls="", marker="x", color=look["color"], transform=axis.get_xaxis_transform())
        axis.set_xscale("log")
        axis.set_xlabel("learning rate")
        axis.set_ylabel(f"validation {style.NLL}")
        title = f"{frame.datasets.get(task, '')}, {budget}, {training}" if task else "no search in this study"
        axis.set_title(title, fontsize=10)
    figure.tight_layout()
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
