"""Every cell on every task: its distance from the GRU, and its NLL against the time of an update."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import blocks, comparisons, durations, families, margins, repetitions, style, words
from gatebench.report.stats.ranks import ranks

ORDER = 12
TITLE = "Every cell on every task"
CAPTION = (
    "Above, a row for each cell and a column for each task: mean test NLL minus that of the GRU (of the cell that "
    "others are tested against, where a study says so). It is in nats per time step (per sequence, where a whole one "
    "has a label); left is better. Its 95% interval is of this difference alone, for new repetitions and new "
    "sequences. The cells are in the order of their mean rank over the tasks. Marks count all pairs of the comparison "
    "group (Holm): filled, the two differ at p < 0.05; half filled, they are equivalent at that level; hollow, "
    f"undecided; a stroke, not tested. {margins.RULE}. Cells that are further away than the axis is wide stand at its "
    "end with their numbers. Below, with the same marks, mean test NLL against the time of a training update: the mean "
    "over confirming trials of core-seconds over updates, with validation (gatebench speed times updates alone, side by "
    "side). "
    f"{durations.RULE}. The line is the frontier: no other cell is both faster and lower than a cell on it. Those on it "
    "are named above, the fastest first. What is far above all others stands at the upper end with its number."
)
WIDTH, ROW, BELOW = 3.3, 0.2, 3.0
"""Inches: width of a column, height of a cell's row, height of a panel below."""
BESIDE = 1.4
"""Factor between update times whose numbers have room beside each other."""
COLUMNS = [
    *ComparisonGroup._fields, "cell", "beside", "difference", "low", "high", "p_holm", "p_equivalent", "margin", "verdict",
    "nll", "n", "ms_per_update", "frontier",
]  # fmt: skip
"""Columns of the numbers."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, what hangs together, and what is tested."""
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame), *families.note(frame)]


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per comparison group and cell; None where no budget and protocol has two tasks with two cells each."""
    pairs, rows = comparisons.pairs(frame), []
    for group, of_group in comparison_groups(frame.scored()):
        rows += _rows(frame, group, style.by_cell(of_group), [pair for pair in pairs if pair.group == group])
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table[table.groupby(["budget", "training"]).task.transform("nunique") > 1].reset_index(drop=True)
    return table if len(table) else None


def _rows(
    frame: Frame, group: ComparisonGroup, trials_by_cell: dict[str, pd.DataFrame], pairs: list[comparisons.Pair]
) -> list[tuple[object, ...]]:
    """Return the rows of one comparison group; none of a single cell."""
    if not pairs:
        return []
    beside = families.beside(frame, trials_by_cell, pairs[0].lower)
    others = comparisons.against(pairs, group, beside)
    scores = {cell: float(repetitions.scores(trials).mean()) for cell, trials in trials_by_cell.items()}
    seconds = durations.compared(frame, trials_by_cell)
    times = {
        cell: np.nan if seconds is None else 1000 * float((seconds[cell] / one.updates).mean())
        for cell, one in trials_by_cell.items()
    }
    rows = []
    for cell, trials in trials_by_cell.items():
        distance: tuple[object, ...] = (0.0, 0.0, 0.0, np.nan, np.nan, pairs[0].margin, "")
        if cell != beside:
            d, pair = others[cell]
            distance = (d.mean, d.low, d.high, pair.p_holm, pair.p_equivalent, pair.margin, pair.verdict)
        on_frontier = not np.isnan(times[cell]) and not any(
            times[other] <= times[cell] and scores[other] <= scores[cell] for other in scores if other != cell
        )
        n = len(repetitions.scores(trials))
        rows.append((*group, cell, beside, *distance, scores[cell], n, times[cell], on_frontier))
    return rows


def describe(numbers: pd.DataFrame, frame: Frame) -> str:
    """Say of each task which cells are lower than the one beside, and which are on the frontier."""
    sentences = []
    for group, part in comparison_groups(numbers):
        lower = part[(part.verdict == "better") & (part.difference < 0)].sort_values("difference")
        cells = [f"{row.cell} {words.interval(row.difference, row.low, row.high)}" for _, row in lower.iterrows()]
        frontier = part[part.frontier].sort_values("ms_per_update").cell.tolist()
        beside = f"lower than {part.beside.iloc[0]}: {'; '.join(cells) or 'no cell is shown to be'}"
        on_it = f"; on the frontier of NLL and update time: {words.listed(frontier)}" if frontier else ""
        sentences.append(f"{frame.title(group)}, {beside}{on_it}.")
    return " ".join(sentences)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw two rows of panels for each budget and protocol, a column for each task."""
    parts = [part for _, part in numbers.groupby(["budget", "training"], sort=False)]
    heights = [height for part in parts for height in (1.0 + ROW * part.cell.nunique(), BELOW)]
    columns = max(part.task.nunique() for part in parts)
    figure, axes = plt.subplots(
        2 * len(parts), columns, figsize=(1.8 + WIDTH * columns, sum(heights)), squeeze=False, height_ratios=heights
    )
    styles = style.cell_styles(frame.trials)
    for above, below, part in zip(axes[::2], axes[1::2], parts, strict=True):
        cells = _ordered(part)
        groups = comparison_groups(part)
        for axis in (*above[len(groups) :], *below[len(groups) :]):
            axis.remove()
        for column, (group, rows) in enumerate(groups):
            _draw_distances(above[column], cells, rows, styles, named=column == 0)
            above[column].set_xlabel(
                f"test NLL minus that of {rows.beside.iloc[0]}\n(nats per {frame.predicted(group.task)})"
            )
            style.heading(above[column], frame.title(group))
            _draw_frontier(below[column], rows, styles)
            below[column].set_ylabel(f"test {frame.nll(group.task)}")
    figure.tight_layout()
    return figure


def _ordered(part: pd.DataFrame) -> list[str]:
    """Return the cells, that of the lowest mean rank first; those that lack a task stand at the end, by their mean."""
    means = part.pivot_table(index="task", columns="cell", values="nll", sort=False)
    complete = means.dropna(axis="columns")
    mean_rank = dict(zip(complete.columns, ranks(complete.to_numpy()).mean, strict=True)) if complete.shape[1] > 1 else {}
    by_difference = part.groupby("cell").difference.mean()
    return sorted(means.columns, key=lambda cell: (mean_rank.get(cell, np.inf), by_difference[cell], cell))


def _draw_distances(
    axis: Axes, cells: list[str], rows: pd.DataFrame, styles: dict[str, style.CellStyle], named: bool
) -> None:
    """Draw the distance of each cell in its row."""
    others = rows[rows.cell != rows.beside]
    ends = others[["difference", "low", "high"]].abs().to_numpy(float)
    limit = 1.05 * max(0.01, min(float(np.nanmax(ends)), 4 * float(np.nanmedian(ends[:, 1:]))))
    margin = float(rows.margin.iloc[0])
    if not np.isnan(margin):
        axis.axvspan(*np.clip([-margin, margin], -1.05 * limit, 1.05 * limit), color="0.93", zorder=0)
    for _, row in rows.iterrows():
        style.distance(axis, cells.index(row.cell), row, limit, styles[row.cell])
    axis.axvline(0, color="0.6", lw=1, zorder=0)
    axis.set_xlim(-1.05 * limit, 1.05 * limit)
    axis.set_ylim(len(cells) - 0.5, -0.5)
    axis.set_yticks(range(len(cells)), cells if named else [""] * len(cells), fontsize=style.SMALLEST)
    axis.xaxis.set_major_locator(MaxNLocator(4, symmetric=True))


def _frontier(rows: pd.DataFrame) -> Iterator[tuple[str, float, float]]:
    """Yield the cells of the frontier with their update time and NLL, the fastest first."""
    on_it = rows[rows.frontier].sort_values("ms_per_update")
    yield from zip(on_it.cell, on_it.ms_per_update, on_it.nll, strict=True)


def _draw_frontier(axis: Axes, rows: pd.DataFrame, styles: dict[str, style.CellStyle]) -> None:
    """Draw NLL against the time of an update; what is far above all others stands at the upper end, with its number."""
    if rows.ms_per_update.isna().all():
        style.absent(axis, durations.ABSENT)
        return
    ceiling = float(rows.nll.min() + 4 * max(1e-3, rows.nll.median() - rows.nll.min()))
    last = 0.0
    for _, row in rows.sort_values("ms_per_update").iterrows():
        axis.plot(row.ms_per_update, min(row.nll, ceiling), ls="", ms=6, clip_on=False, **styles[row.cell])
        if row.nll > ceiling and row.ms_per_update > last * BESIDE:
            style.beyond(axis, row.nll, (row.ms_per_update, ceiling), (0, 5), ha="center")
            last = row.ms_per_update
    frontier = list(_frontier(rows))
    times, scores = [time for _, time, _ in frontier], [min(nll, ceiling) for *_, nll in frontier]
    axis.step(times, scores, where="post", color="0.5", lw=1.2, zorder=0)
    style.heading(axis, f"frontier: {', '.join(cell for cell, *_ in frontier)}", fontsize=style.SMALLEST, color=style.QUIET)
    axis.set_xscale("log")
    ratio = rows.ms_per_update.max() / rows.ms_per_update.min()
    of_decades = LogLocator(subs=(1, 2, 5) if ratio > 4 else (1, 1.5, 2, 3, 4, 5, 7))
    axis.xaxis.set_major_locator(of_decades if ratio > 2 else MaxNLocator(3))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel("ms of processor time\nper training update")
    axis.margins(y=0.12)
