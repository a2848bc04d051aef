"""Multi-comparison matrix: every two cells over all tasks of one budget and protocol."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gatebench.records.frame import Frame
from gatebench.report import families, over_tasks, style, words
from gatebench.report.stats.signed_rank import signed_rank

ORDER = 81
TITLE = "Every two cells over tasks"
CAPTION = (
    "Multi-comparison matrix (Ismail-Fawaz et al. 2023) over the tasks on which all these cells were confirmed, at "
    "one budget and protocol each. A field is about the cell of its row beside that of its column. First comes the "
    "mean difference of their mean test NLL, below zero where the row is lower; then on how many tasks the row is "
    "lower, level and higher. Last comes p of Wilcoxon's signed-rank test, for this pair alone, bold below 0.05. "
    "Blue: the row is lower; orange: it is higher; the stronger the colour, the larger the difference. Fields do not "
    "change with the cells that stand beside them, as ranks do. With five tasks or fewer p cannot be below 0.05, "
    "whatever the scores; the mean is one of nats, so that tasks of larger scores weigh more. The intervals within a "
    "task say more."
)
SIZE = 1.12
"""Side of a field in inches."""
LEVEL = 0.05
"""Value of p below which a field is bold."""
FAINTEST, STRONGEST = 0.06, 0.5
"""Opacity of the colour of no difference and of the largest one: letters in the page's own colour stay readable on both."""


def notes(frame: Frame) -> list[str]:
    """Return what is tested."""
    return families.note(frame)


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per budget, protocol and two cells; None where no two tasks share three cells."""
    rows = []
    for budget, training, means in over_tasks.mean_scores(frame):
        contrasts, cells = frame.declared.contrasts, means.mean().sort_values(kind="stable").index
        for cell in cells:
            beside = [contrasts.against] if contrasts.against in cells else cells
            for other in (other for other in beside if other != cell):
                differences = means[cell].to_numpy(float) - means[other].to_numpy(float)
                counts = [int((differences < 0).sum()), int((differences == 0).sum()), int((differences > 0).sum())]
                p = signed_rank(differences) if (cell, other) in contrasts else np.nan
                rows.append((budget, training, cell, other, differences.mean(), *counts, p))
    columns = ["budget", "training", "cell", "other", "difference", "lower", "level", "higher", "p"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def describe(numbers: pd.DataFrame, frame: Frame) -> str:
    """Say of the cell with the lowest mean how it stands beside each other one, and how many pairs have a p below 0.05."""
    sentences = []
    for (budget, training), part in numbers.groupby(["budget", "training"], sort=False):
        first = part[part.cell == part.cell.iloc[0]]
        beside = [f"{row.other} {_shown(row.difference)} ({_counts(row)})" for _, row in first.iterrows()]
        p_of_pairs = {frozenset((row.cell, row.other)): row.p for _, row in part.iterrows() if not np.isnan(row.p)}
        told_apart = sum(p < LEVEL for p in p_of_pairs.values())
        sentences.append(
            f"{frame.budget(str(budget))}, {training}, mean difference of {first.cell.iloc[0]} (tasks lower/level/higher): "
            f"{', '.join(beside)}; p is below {LEVEL:g} in {told_apart} of {len(p_of_pairs)} pairs."
        )
    return " ".join(sentences)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one matrix for each budget and protocol."""
    parts = list(numbers.groupby(["budget", "training"], sort=False))
    sizes = [part.other.nunique() for _, part in parts]
    heights = [0.9 + 0.72 * SIZE * part.cell.nunique() for _, part in parts]
    figure, axes = plt.subplots(
        len(parts), 1, figsize=(1.8 + SIZE * max(sizes), sum(heights)), squeeze=False, height_ratios=heights
    )
    for axis, ((budget, training), part) in zip(axes[:, 0], parts, strict=True):
        _draw_matrix(axis, part, max(sizes))
        first = part.iloc[0]
        count = first.lower + first.level + first.higher
        style.heading(axis, f"{frame.budget(str(budget))}, {training}: {count} tasks", loc="left")
    figure.tight_layout()
    return figure


def _draw_matrix(axis: Axes, part: pd.DataFrame, width: int) -> None:
    """Draw the fields of one matrix, the cell with the lowest mean first; ``width``: of the widest one in fields."""
    cells = list(dict.fromkeys(part.cell))
    others = [cell for cell in cells if cell in set(part.other)] or list(dict.fromkeys(part.other))
    largest = part.difference.abs().max() or 1.0
    for _, row in part.iterrows():
        x, y = others.index(row.other), cells.index(row.cell)
        colour = style.COLOURS[1] if row.difference < 0 else style.COLOURS[3]
        opacity = FAINTEST + (STRONGEST - FAINTEST) * abs(row.difference) / largest
        axis.add_patch(Rectangle((x - 0.48, y - 0.47), 0.96, 0.94, facecolor=colour, alpha=opacity, linewidth=0))
        p = "" if np.isnan(row.p) else f"\np {row.p:.2g}"
        text = f"{_shown(row.difference)}\n{_counts(row)}{p}"
        weight = "bold" if row.p < LEVEL else "normal"
        axis.text(x, y, text, ha="center", va="center", fontsize=style.SMALLEST, fontweight=weight)
    axis.set_xlim(-0.5, width - 0.5)
    axis.set_ylim(len(cells) - 0.5, -0.5)
    axis.set_xticks(range(len(others)), [*map(_name, others)], fontsize=style.SMALLEST)
    axis.set_yticks(range(len(cells)), [*map(_name, cells)], fontsize=style.SMALLEST)
    axis.tick_params(length=0)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    axis.set_xlabel("beside this cell")


def _name(cell: str) -> str:
    return style.folded(cell, 1.0).replace("_", "_\n", 1) if len(cell) > 13 else cell


def _shown(difference: float) -> str:
    return words.fixed(difference, sign="+")


def _counts(row: pd.Series) -> str:
    return f"{row.lower}/{row.level}/{row.higher}"
