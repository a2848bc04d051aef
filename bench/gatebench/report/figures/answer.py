"""The answer as a figure: every cell's distance from the GRU, on every task."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from gatebench.records import budgets
from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import blocks, comparisons, families, margins, repetitions, style, words

ORDER = 10
TITLE = "Which cell? Distance from the GRU"
BY_GROUP = True
CAPTION = (
    "Mean test NLL minus that of the GRU (of the cell with the lowest mean, where a comparison group has no GRU). It "
    "is in nats per time step (per sequence, where a whole one has a label); left is better. Its 95% interval is of "
    "this difference alone, for new repetitions and new sequences. Marks count all pairs of the comparison group "
    "(Holm): filled, the two differ at p < 0.05; half filled, they are equivalent at that level; hollow, undecided. "
    f"Equivalent cells differ by less than the margin (the grey band). {margins.RULE}. Cells that are further away "
    "than the axis is wide stand at its end with their numbers; an interval that goes on ends with an arrow."
)
VERDICTS = {"better": "different", "equivalent": "equivalent", "undecided": "undecided", "untested": "not tested"}
"""What is said of a cell and the one beside it."""
COLUMNS = 3
"""Panels beside each other, at most: the cells are the same rows in all of them, with their names at the first."""
WIDTH = 2.6
"""Width of a panel in inches: letters are 11 pixels high where a README has three in its 830 pixels, and a telephone one."""
MANY = 5
"""Number of cells in a comparison group from which on the axis may leave one out."""
ABOVE = 0.35
"""Height in inches of a line above the panels."""
LINE, ENTRY = 0.25, 1.75
"""Inches: height of a line below the panels that says what marks mean, and width of one of its entries."""
KEY, BAND = "#262626", "0.93"
"""Colour of the marks that say what marks mean, and of the band of equivalent cells."""
OTHERS = "_budgets"
"""What the name of the file ends with that has the comparison groups of other budgets."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, what hangs together, and what is tested."""
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame), *families.note(frame)]


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per comparison group and cell; None where no group has two cells."""
    all_pairs = comparisons.pairs(frame)
    rows = []
    for group, _ in comparison_groups(frame.confirmed("test")):
        pairs = [pair for pair in all_pairs if pair.group == group]
        cells = {pair.lower for pair in pairs} | {pair.other for pair in pairs}
        if not pairs:
            continue
        beside = families.beside(frame, cells, pairs[0].lower)
        rows.append((*group, beside, beside, 0.0, 0.0, 0.0, np.nan, np.nan, pairs[0].margin, ""))
        for cell, (d, pair) in comparisons.against(pairs, group, beside).items():
            tests = (pair.p_holm, pair.p_equivalent, pair.margin, pair.verdict)
            rows.append((*group, cell, beside, d.mean, d.low, d.high, *tests))
    columns = [*ComparisonGroup._fields, "cell", "beside", "difference", "low", "high", "p_holm", "p_equivalent", "margin"]
    return pd.DataFrame(rows, columns=[*columns, "verdict"]) if rows else None


def files(numbers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what is in each file: each task and protocol at its first budget, and at its other ones."""
    first = numbers.groupby(["task", "training"], sort=False).budget.transform("first")
    others = numbers[numbers.budget != first]
    return {"": numbers[numbers.budget == first]} | ({} if others.empty else {OTHERS: others})


def describe(numbers: pd.DataFrame, frame: Frame) -> str:
    """Say how far each cell is from the GRU, and what is said of the two."""
    sentences, columns = [], ["cell", "verdict", "difference", "low", "high"]
    for group, part in comparison_groups(numbers):
        others = part[part.cell != part.beside].sort_values("difference")
        rows = zip(*(others[name] for name in columns), strict=True)
        cells = [f"{cell} {words.interval(*ends)}, {VERDICTS[verdict]}" for cell, verdict, *ends in rows]
        sentences.append(f"{frame.title(group)}, test NLL minus that of {part.beside.iloc[0]}: {'; '.join(cells)}.")
    return " ".join(sentences)


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each task, budget and protocol; what is the same in several panels stands once, above them."""
    groups = comparison_groups(numbers)
    headings, common = _headings(frame, [group for group, _ in groups])
    cells = style.cells(numbers)
    names = style.row_names(cells)
    columns = min(COLUMNS, len(groups))
    figure, axes = style.grid(len(groups), WIDTH, style.panel_height(3.1, names), columns)
    styles = style.cell_styles(frame.trials)
    for number, (axis, (group, part)) in enumerate(zip(axes, groups, strict=True)):
        ends = part[["difference", "low", "high"]].abs()
        limit = 1.05 * max(0.01, float(np.nanmax(ends.to_numpy(float))))
        if len(part) >= MANY:  # one cell that is far off would leave the others on top of each other
            limit = min(limit, 4 * max(0.01, float(part.difference.abs().median())))
            limit = max(
                limit, 1.05 * float(ends.to_numpy(float)[int(part.difference.to_numpy(float).argmin())].max())
            )  # but never the lowest
        margin = float(part.margin.iloc[0])
        if not np.isnan(margin):  # the band is seen as one, unless cells are much closer than that
            limit = max(limit, min(1.2 * margin, 3 * limit))
            axis.axvspan(*np.clip([-margin, margin], -1.05 * limit, 1.05 * limit), color=BAND, zorder=0)
        rows = {str(row.cell): row for _, row in part.iterrows()}
        for i, cell in enumerate(cells):
            if cell in rows:
                style.distance(axis, i, rows[cell], limit, styles[cell])
            else:
                style.no_score(axis, i)
        axis.axvline(0, color="0.6", lw=1, zorder=0)
        axis.set_xlim(-1.05 * limit, 1.05 * limit)
        axis.set_yticks(range(len(cells)), names)
        axis.tick_params(labelleft=number % columns == 0)
        axis.xaxis.set_major_locator(MaxNLocator(4, symmetric=True))
        axis.set_ylim(len(cells) - 0.3, -0.7)
        label = f"test NLL minus that of {part.beside.iloc[0]}\n(nats per {frame.predicted(group.task)})"
        axis.set_xlabel(style.folded(label, WIDTH))
        style.heading(axis, headings[number])
    _explain(figure, common, set(numbers.verdict), bool(numbers.margin.notna().any()))
    return figure


def _explain(figure: Figure, common: str, verdicts: set[str], has_margin: bool) -> None:
    """Write above all panels what they share, and below them what marks and band mean."""
    mark: Any = {"ls": "", "marker": "o", "ms": 7, "color": KEY, "mec": KEY, "mfcalt": "white"}
    looks = {
        "better": {"fillstyle": "full"}, "equivalent": {"fillstyle": "left"}, "undecided": {"mfc": "white"},
        "untested": {"marker": "|"},
    }  # fmt: skip
    handles: list[Artist] = [
        Line2D([], [], **{**mark, **look}, label=VERDICTS[verdict]) for verdict, look in looks.items() if verdict in verdicts
    ]
    if has_margin:
        handles.append(Patch(color=BAND, label="margin of equivalence"))
    columns = max(1, min(len(handles), int(figure.get_figwidth() / ENTRY)))
    below = LINE * -(-len(handles) // columns)
    height = figure.get_figheight() + ABOVE * bool(common) + below
    figure.set_figheight(height)
    figure.tight_layout(rect=(0, below / height, 1, 1 - ABOVE * bool(common) / height))
    if common:
        figure.text(0.5, 1 - 0.1 / height, common, ha="center", va="top", fontsize=10)
    figure.legend(handles=handles, loc="lower center", ncols=columns, fontsize=style.SMALLEST, columnspacing=1)


def _headings(frame: Frame, groups: list[ComparisonGroup]) -> tuple[list[str], str]:
    """Return a heading for each comparison group, and the budget and protocol that all have, which are not in it.

    Where protocols differ but each task has only one, none stands there: it goes with the task.
    """
    if len(groups) == 1:
        return [frame.title(groups[0])], ""
    parts = [(budgets.in_words(frame.budget(group.budget, group.task)), group.training) for group in groups]
    differ = [len(set(column)) > 1 for column in zip(*parts, strict=True)]
    common = ", ".join(itertools.compress(parts[0], [not one for one in differ]))
    differ[1] = len({(group.task, group.training) for group in groups}) > len({group.task for group in groups})
    headings = [
        ", ".join([frame.datasets[group.task], *itertools.compress(of_group, differ)])
        for group, of_group in zip(groups, parts, strict=True)
    ]
    return headings, common
