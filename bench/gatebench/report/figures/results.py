"""Test NLL of every cell: each confirming seed, their mean with its interval, and the baselines."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import blocks, comparisons, repetitions, style, words
from gatebench.report.stats.estimates import mean_interval

ORDER = 30
TITLE = "Test NLL of the confirming trials"
BY_GROUP = True
CAPTION = (
    "Each small mark is one confirming seed at the cell's selected setting. The large mark is their mean with its 95% "
    "interval over repetitions (Student's t). The thin grey bar is its interval over repetitions and test sequences. "
    "Lower is better. What is far above all others stands at the end of the axis with its number. The two lowest "
    "baselines are given above each panel."
)


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, and what hangs together."""
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame)]


def numbers(frame: Frame) -> pd.DataFrame:
    """Return one row per confirming trial, with the mean and intervals of its cell."""
    rows = []
    for group, trials in comparison_groups(frame.confirmed("test")):
        for cell, cell_trials in style.by_cell(trials).items():
            e, both = mean_interval(repetitions.scores(cell_trials)), comparisons.interval(frame, cell_trials)
            for seed, nll in zip(cell_trials.seed, cell_trials.nll, strict=True):
                rows.append((*group, cell, seed, nll, e.mean, e.low, e.high, both.low, both.high, e.n))
    columns = ["task", "budget", "training", "cell", "seed", "nll", "mean", "low", "high", "low_both", "high_both", "n"]
    return pd.DataFrame(rows, columns=columns)


def describe(numbers: pd.DataFrame, frame: Frame) -> str:
    """Say the mean of each cell, the lowest first."""
    sentences, columns = [], ["cell", "mean", "low", "high"]
    for group, part in comparison_groups(numbers):
        means = part.drop_duplicates("cell").sort_values("mean")
        cells = [f"{cell} {words.interval(*ends)}" for cell, *ends in zip(*(means[name] for name in columns), strict=True)]
        sentences.append(f"{frame.title(group)}, mean test {frame.nll(group.task)}: {'; '.join(cells)}.")
    return " ".join(sentences)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each task, budget and protocol."""
    groups = comparison_groups(numbers)
    height = style.panel_height(3.6, style.row_names(max((style.cells(part) for _, part in groups), key=len)))
    figure, axes = style.grid(len(groups), width=5.2, height=height, columns=3)
    styles = style.cell_styles(frame.trials)
    for axis, (group, part) in zip(axes, groups, strict=True):
        rows_by_cell = style.by_cell(part)
        end = style.ceiling(part.drop_duplicates("cell")["mean"])
        for i, (cell, rows) in enumerate(rows_by_cell.items()):
            if (mean := float(rows["mean"].iloc[0])) > end:
                axis.plot(end, i, ls="", ms=9, clip_on=False, mec="white", **styles[cell])
                style.beyond(axis, mean, (end, i), (-8, 0), ha="right", va="center")
                continue
            axis.plot(rows.nll, np.full(len(rows), i), ls="", ms=4, alpha=0.45, **styles[cell])
            first = rows.iloc[0]
            axis.plot([first.low_both, first.high_both], [i, i], color="0.6", lw=1, zorder=1)
            error = None if np.isnan(first.low) else [[first["mean"] - first.low], [first.high - first["mean"]]]
            axis.errorbar(first["mean"], i, xerr=error, ms=9, capsize=4, lw=1.6, mec="white", **styles[cell])
        axis.set_yticks(range(len(rows_by_cell)), style.row_names(list(rows_by_cell)))
        if np.isfinite(end):
            axis.set_xlim(right=end)
        axis.margins(y=0.1)
        axis.invert_yaxis()
        axis.set_xlabel(f"test {frame.nll(group.task)}")
        baselines = frame.baselines[(frame.baselines.task == group.task) & (frame.baselines.split == "test")]
        lowest = [f"{row.baseline} {row.nll:.2f}" for row in baselines.sort_values("nll").head(2).itertuples()]
        style.heading(axis, f"{frame.title(group)}\nlowest baselines: {', '.join(lowest)}")
    figure.tight_layout()
    return figure
