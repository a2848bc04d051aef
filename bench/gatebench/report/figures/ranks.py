"""Critical-difference diagram: mean ranks of the cells over all tasks of one budget and protocol."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gatebench.records.contrasts import Contrasts
from gatebench.records.frame import Frame
from gatebench.report import families, over_tasks, style
from gatebench.report.stats.ranks import ranks

ORDER = 80
TITLE = "Ranks over tasks"
CAPTION = (
    "Mean rank by mean test NLL over the tasks on which all these cells were confirmed, 1 for the lowest, at one budget "
    "and protocol each (Demsar 2006). Cells that a thick bar spans do not differ by Nemenyi's test at 0.05; p is "
    "Friedman's. With so few tasks the test hardly finds anything: the critical difference stands beside the largest "
    "difference that mean ranks can have; where it is larger, no two could differ. Absence of a difference here says "
    "nothing; the intervals within a task say more."
)
MANY = 20
"""Number of cells from which on only every tenth rank has its number."""
OF_ALL = "Cells that a thick bar spans do not differ by Nemenyi's test at 0.05"
"""What the caption says of the bars where every pair is tested."""
OF_FAMILY = (
    "A cell within the thick bar is not told apart from {beside} by the test of Bonferroni and Dunn at 0.05, for all pairs"
)
"""What the caption says of the bar where all cells are tested against one."""
OF_PAIRS = "A thick bar joins two cells that the test of Bonferroni and Dunn at 0.05, for all pairs, does not tell apart"
"""What the caption says of the bars where pairs are listed."""


def caption(frame: Frame) -> str:
    """Return the caption of a study, which says what is tested."""
    contrasts = frame.declared.contrasts
    if contrasts.are_all:
        return CAPTION
    bars = OF_FAMILY.replace("{beside}", contrasts.against) if contrasts.against else OF_PAIRS
    return CAPTION.replace(OF_ALL, bars)


def notes(frame: Frame) -> list[str]:
    """Return what is tested."""
    return families.note(frame)


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per budget, protocol and cell; None where no two tasks share three cells."""
    rows = []
    for budget, training, means in over_tasks.mean_scores(frame):
        tasks, cells = means.shape
        contrasts = frame.declared.contrasts
        count = None if contrasts.are_all else len(contrasts.among(means.columns))
        result = ranks(means.to_numpy(), contrasts=count)
        for cell, rank in zip(means.columns, result.mean, strict=True):
            rows.append((budget, training, cell, rank, result.critical, result.p, tasks, cells))
    columns = ["budget", "training", "cell", "rank", "critical_difference", "p", "tasks", "cells"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def describe(numbers: pd.DataFrame, frame: Frame) -> str:
    """Say the mean rank of each cell, the lowest first."""
    sentences = []
    for (budget, training), part in numbers.groupby(["budget", "training"], sort=False):
        cells = [f"{row.cell} {row['rank']:.2f}" for _, row in part.sort_values("rank", kind="stable").iterrows()]
        critical = f"critical difference {part.critical_difference.iloc[0]:.2f}"
        sentences.append(f"{frame.budget(str(budget))}, {training}, mean ranks: {', '.join(cells)}; {critical}.")
    return " ".join(sentences)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one diagram for each budget and protocol."""
    parts = list(numbers.groupby(["budget", "training"], sort=False))
    heights = [2.2 + 0.14 * len(part) for _, part in parts]
    figure, axes = plt.subplots(len(parts), 1, figsize=(8, sum(heights)), squeeze=False, height_ratios=heights)
    styles = style.cell_styles(frame.trials)
    for axis, ((budget, training), part) in zip(axes[:, 0], parts, strict=True):
        ordered = part.sort_values("rank", kind="stable").reset_index(drop=True)
        _draw_diagram(axis, ordered, _bars(ordered, frame.declared.contrasts), styles)
        first = ordered.iloc[0]
        p = "" if np.isnan(first.p) else f", p = {first.p:.2f}"
        style.heading(
            axis,
            f"{frame.budget(str(budget))}, {training}: {first.tasks} tasks, "
            f"critical difference {first.critical_difference:.1f} of at most {first.cells - 1}{p}", loc="left",
        )  # fmt: skip
    figure.tight_layout()
    return figure


def _draw_diagram(
    axis: Axes, ordered: pd.DataFrame, bars: list[tuple[float, float]], styles: dict[str, style.CellStyle]
) -> None:
    """Draw the axis of ranks with the lowest on the right, the critical difference above it, bars and names below."""
    count, critical = len(ordered), float(ordered.critical_difference.iloc[0])
    axis.plot([1, count], [0, 0], color="0.15", lw=1.2)
    for rank in range(1, count + 1):
        axis.plot([rank, rank], [0, -0.12], color="0.15", lw=1)
        if count <= MANY or rank % 10 == 0 or rank in (1, count):
            axis.text(rank, -0.2, str(rank), ha="center", va="bottom", fontsize=style.SMALLEST)
    shown = min(critical, count - 1)  # one that is beyond the axis has its number in the heading
    axis.plot([count, count - shown], [-1, -1], color="0.15", lw=1.6, marker="|" if shown == critical else None, ms=8)
    axis.text(
        count - shown / 2, -1.1, f"critical difference {critical:.2f}", ha="center", va="bottom", fontsize=style.SMALLEST
    )
    for i, (low, high) in enumerate(bars):
        axis.plot([low - 0.04, high + 0.04], [0.3 + 0.25 * i] * 2, color="0.15", lw=3.5, solid_capstyle="butt")
    top, right = 0.75 + 0.25 * len(bars), (count + 1) // 2
    for i, row in ordered.iterrows():
        place = int(str(i))
        on_right = place < right
        y = top + 0.5 * (place if on_right else count - 1 - place)
        end = 0.75 if on_right else count + 0.25
        look = styles[str(row.cell)]
        axis.plot([row["rank"], row["rank"], end], [0, y, y], color=look["color"], lw=1)
        axis.plot(row["rank"], 0, ls="", ms=7, mec="white", zorder=3, clip_on=False, label=str(row.cell), **look)
        axis.text(end, y, f" {row.cell} ", ha="left" if on_right else "right", va="center", fontsize=style.SMALLEST)
    axis.set_xlim(count + 0.3, 0.7)
    axis.set_ylim(top + 0.5 * right, -1.6)
    axis.set_xlabel("mean rank by test NLL; the lowest, on the right, is the best")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(False)


def _bars(ordered: pd.DataFrame, contrasts: Contrasts) -> list[tuple[float, float]]:
    """Return the bars over cells that are not told apart, as the lowest and the highest rank of each.

    Of a family of contrasts there is one for each cell that others are tested against, as wide as those that are not told
    apart from it lie, or one for each listed pair.
    """
    critical, rank_of = float(ordered.critical_difference.iloc[0]), dict(zip(ordered.cell, ordered["rank"], strict=True))
    if contrasts.are_all:
        return _cliques(ordered["rank"].to_numpy(), critical)
    pairs = [sorted((rank_of[a], rank_of[b])) for a, b in contrasts.among(rank_of)]
    alike = [(low, high) for low, high in pairs if high - low <= critical]
    if contrasts.against and alike:
        return [(min(low for low, _ in alike), max(high for _, high in alike))]
    return alike


def _cliques(ordered: np.ndarray, critical: float) -> list[tuple[float, float]]:
    """Return the largest runs of ranks that lie within the critical difference, as their lowest and highest."""
    spans = [(low, max(rank for rank in ordered if rank - low <= critical)) for low in ordered]
    return [span for i, span in enumerate(spans) if span[0] < span[1] and (i == 0 or span[1] > spans[i - 1][1])]
