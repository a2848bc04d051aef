"""Critical-difference diagram: mean ranks of the cells over all tasks of one budget and protocol."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import Frame
from gatebench.report import style
from gatebench.report.stats.ranks import ranks

ORDER = 80
TITLE = "Ranks over tasks"
CAPTION = (
    "Mean rank by mean test NLL over the tasks on which all these cells were confirmed, 1 for the lowest, at one budget "
    "and protocol each (Demsar 2006). Cells that a grey bar spans do not differ by Nemenyi's test at 0.05; p is "
    "Friedman's. With so few tasks the test hardly finds anything: the critical difference stands beside the largest "
    "difference that mean ranks can have. Absence of a difference here says nothing; the intervals within a task say "
    "more."
)


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per budget, protocol and cell; None where no two tasks share three cells."""
    rows = []
    for (budget, training), part in frame.scored().groupby(["budget", "training"], sort=False):
        means = part.groupby(["task", "cell"]).nll.mean().unstack()
        means = means.dropna(axis="columns", thresh=2).dropna(axis="index")
        tasks, cells = means.shape
        if tasks < 2 or cells < 3:
            continue
        result = ranks(means.to_numpy())
        for cell, rank in zip(means.columns, result.mean, strict=True):
            rows.append((budget, training, cell, rank, result.critical, result.p, tasks, cells))
    columns = ["budget", "training", "cell", "rank", "critical_difference", "p", "tasks", "cells"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each budget and protocol."""
    parts = list(numbers.groupby(["budget", "training"], sort=False))
    heights = [1.6 + 0.3 * len(part) for _, part in parts]
    figure, axes = plt.subplots(len(parts), 1, figsize=(8, sum(heights)), squeeze=False, height_ratios=heights)
    styles = style.cell_styles(frame.trials)
    for axis, ((budget, training), part) in zip(axes[:, 0], parts, strict=True):
        ordered = part.sort_values("rank", kind="stable").reset_index(drop=True)
        first = ordered.iloc[0]
        for i, row in ordered.iterrows():
            axis.plot(row["rank"], i, ls="", ms=9, mec="white", zorder=3, **styles[str(row.cell)])
        for i, (low, high) in enumerate(_cliques(ordered["rank"].to_numpy(), first.critical_difference)):
            axis.axvspan(low - 0.03, high + 0.03, ymax=0.04 + 0.05 * i, color="0.6", alpha=0.5, lw=0)
        axis.set_yticks(range(len(ordered)), ordered.cell)
        axis.invert_yaxis()
        axis.set_xlim(0.8, first.cells + 0.2)
        axis.set_xlabel("mean rank by test NLL")
        p = "" if np.isnan(first.p) else f", p = {first.p:.2f}"
        style.heading(
            axis,
            f"{budget}, {training}: {first.tasks} tasks, critical difference {first.critical_difference:.1f} of at most "
            f"{first.cells - 1}{p}", loc="left",
        )  # fmt: skip
    figure.tight_layout()
    return figure


def _cliques(ordered: np.ndarray, critical: float) -> list[tuple[float, float]]:
    """Return the largest runs of ranks that lie within the critical difference, as their lowest and highest."""
    spans = [(low, max(rank for rank in ordered if rank - low <= critical)) for low in ordered]
    return [span for i, span in enumerate(spans) if span[0] < span[1] and (i == 0 or span[1] > spans[i - 1][1])]
