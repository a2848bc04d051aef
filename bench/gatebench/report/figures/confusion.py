"""Which class the best cell takes for which."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gatebench.core.metrics import accuracy
from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import best_trials, style

ORDER = 43
TITLE = "Which class is taken for which"
BY_GROUP = True
CAPTION = (
    "Labels of the test split, by the cell whose confirming trial is the best on validation: rows are the true "
    "classes, columns the most probable ones. Numbers are counts of sequences, or of steps where each step has a "
    "label. The darker a field, the larger its share of the row. So the diagonal shows how much of each class is "
    "recognised."
)
WRITTEN, NAMED = 16, 40
"""Classes up to which counts are written into the fields, and up to which classes have their names on the axes."""


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each comparison group, true and predicted class; None where no labels are predicted."""
    rows = []
    for group, cell, key in best_trials.of_groups(frame):
        sums = frame.statistics[key].sums if key in frame.statistics else {}
        if not any(name.startswith(f"{accuracy.CONFUSION}/") for name in sums):
            continue
        matrix = accuracy.confusion({name: of_each.sum() for name, of_each in sums.items()})
        classes = frame.names.get(group.task) or [str(number) for number in range(len(matrix))]
        matrix = np.pad(matrix, (0, max(0, len(classes) - len(matrix))))
        shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
        rows += [
            (*group, cell, key, true, taken, int(matrix[i, j]), shares[i, j])
            for i, true in enumerate(classes)
            for j, taken in enumerate(classes)
        ]
    columns = [*ComparisonGroup._fields, "cell", "key", "true", "predicted", "count", "share"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each comparison group with labels."""
    groups = comparison_groups(numbers)
    most = max(part.true.nunique() for _, part in groups)
    size = 3.4 + 0.28 * min(most, NAMED)
    figure, axes = style.grid(len(groups), width=size, height=size, columns=3)
    for axis, (group, part) in zip(axes, groups, strict=True):
        _draw_matrix(axis, part)
        style.heading(axis, f"{frame.title(group)}\n{part.cell.iloc[0]}")
    figure.tight_layout()
    return figure


def _draw_matrix(axis: Axes, part: pd.DataFrame) -> None:
    classes = list(dict.fromkeys(part.true))
    shape = len(classes), len(classes)
    shares, counts = part.share.to_numpy(float).reshape(shape), part["count"].to_numpy(int).reshape(shape)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axis.grid(visible=False)
    for i, j in np.argwhere(counts > 0) if len(classes) <= WRITTEN else ():
        colour = "0.98" if shares[i, j] > 0.6 else "0.05"  # neither white nor black, which a dark page would exchange
        axis.text(j, i, f"{counts[i, j]:,}", ha="center", va="center", color=colour, fontsize=style.SMALLEST)
    if len(classes) <= NAMED:
        short = [name if len(name) <= 14 else f"{name[:13]}…" for name in classes]
        axis.set_xticks(range(len(classes)), short, rotation=90)
        axis.set_yticks(range(len(classes)), short)
    axis.set_xlabel("predicted")
    axis.set_ylabel("true")
