"""Accuracies beside those of others: published ones, and what stands in the study's folder ``beside/``."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import blocks, field, metrics, repetitions, style
from gatebench.report.stats.estimates import mean_interval

ORDER = 44
TITLE = "Accuracy beside that of others"
CAPTION = (
    "Share of the test series whose class is predicted rightly. Coloured: cells, the mean over repetitions with its 95% "
    "interval for new repetitions and new sequences. Grey: others on the same series, published (squares) or run beside the "
    "study (circles, with an interval over their repetitions alone)."
)
COLUMNS = ["data", "method", "by", "accuracy", "low", "high", "n", *ComparisonGroup._fields]
"""Columns of the numbers; ``by`` is ``cell``, ``published`` or ``beside``."""
MARKERS = {"published": "s", "beside": "o"}
"""Who it is by -> marker; cells have their own."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, what hangs together, where published accuracies stand, and how they were got otherwise."""
    shown = {method for task in frame.datasets for method in field.ACCURACIES.get(task, {})}
    sources = [f"{method}: {source}" for method, source in field.SOURCES.items() if method in shown]
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame), *sources, *(field.DEVIATIONS if shown else [])]


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each cell, each published method and each method of ``beside/`` on each task that has one of these.

    None where there is none, or the trials have no accuracy.
    """
    rows = []
    for group, of_group in comparison_groups(frame.scored()):
        others = [*_published(group.task), *_beside(frame, group.task)]
        cells = _cells(frame, of_group) if others else []
        rows += [(frame.datasets[group.task], *row, *group) for row in [*cells, *others] if cells]
    return pd.DataFrame(rows, columns=COLUMNS) if rows else None


def _cells(frame: Frame, trials: pd.DataFrame) -> list[tuple[object, ...]]:
    trials_by_cell = style.by_cell(trials)
    accuracy = next((one for one in metrics.of_cells(frame, trials_by_cell) if one.metric.name == "accuracy"), None)
    if accuracy is None:
        return []
    estimates = [(cell, accuracy.estimates[cell]) for cell in trials_by_cell]
    return [(cell, "cell", each.mean, each.low, each.high, each.n) for cell, each in estimates]


def _published(task: str) -> list[tuple[object, ...]]:
    accuracies = field.ACCURACIES.get(task, {})
    return [(name, "published", accuracies[name], np.nan, np.nan, 1) for name in field.SOURCES if name in accuracies]


def _beside(frame: Frame, task: str) -> list[tuple[object, ...]]:
    rows = frame.beside[(frame.beside.task == task) & (frame.beside.metric == "accuracy")]
    means = [(str(method), mean_interval(of_method.value)) for method, of_method in rows.groupby("method", sort=True)]
    return [(method, "beside", each.mean, max(each.low, 0), min(each.high, 1), each.n) for method, each in means]


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each task, budget and protocol."""
    groups = comparison_groups(numbers)
    figure, axes = style.grid(len(groups), width=4.4, height=3.4, columns=3)
    styles = style.cell_styles(frame.trials)
    for axis, (group, part) in zip(axes, groups, strict=True):
        for place, (method, by) in enumerate(zip(part.method, part.by, strict=True)):
            look = styles[method] if by == "cell" else style.CellStyle(color="0.45", marker=MARKERS[by])
            accuracy, low, high = part[["accuracy", "low", "high"]].to_numpy(float)[place]
            if np.isfinite(low):
                axis.plot([low, high], [place, place], color=look["color"], lw=1.6)
            axis.plot(accuracy, place, ls="", ms=8, mec="white", **look)
        axis.set_yticks(range(len(part)), list(part.method))
        axis.margins(y=0.08)
        axis.invert_yaxis()
        axis.set_xlabel("test accuracy")
        style.heading(axis, frame.title(group))
    figure.tight_layout()
    return figure
