"""How cells look: the same order, colour and marker in every figure, readable without seeing colours."""

import itertools
import textwrap
from collections.abc import Mapping
from typing import Any, TypedDict

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gatebench.report.words import HUGE, fixed

PREFERRED_ORDER = ["rnn", "lstm", "lstm_peephole", "gru", "gru_reset_after", "lstm_sherstinsky", "lstm_augmented"]
"""Order of the cells of published figures. A cell that is not in it needs no entry: it follows by name, with a free look."""
COLOURS = ["#000000", "#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#009E73", "#CC79A7", "#7F7F7F", "#8C6D31", "#5E4FA2"]
"""Colours that cells take in turn: Okabe and Ito's palette, told apart with any colour vision, and three more."""
MARKERS = ["o", "s", "D", "^", "v", "P", "X", "*", "<", ">"]
"""Markers that cells take in turn."""

BESIDE = 1.5
"""Width in inches that a `grid` has beside its axes, for what stands on the left of the first."""
ROW = 0.2
"""Height in inches of the row of a cell, where there are more of them than a panel has room for."""
QUIET = "0.4"
"""Colour of letters that say why nothing is drawn, or what lies beside the matter."""
SMALLEST = 9
"""Size of the smallest letters of a figure, in points."""
_CHARACTERS_PER_INCH = 14  # of a title
_NAME = 16  # characters of a line of a cell's name, where there are few
_FEW = 12  # cells
_FEW_SCORES = 5  # of fewer no one is far from the others
_MARK = 8  # points
_ARROW = 25  # square points
_LINE = 0.22  # inches of a line of a legend
QUIET_LETTERS: Any = {"fontsize": SMALLEST, "color": QUIET, "ha": "center", "va": "center"}
"""How letters look that say why nothing is drawn, as keyword arguments of matplotlib's ``annotate``."""

SETTINGS: dict[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 160,
    "savefig.bbox": "tight",
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "gatebench",
}
"""Matplotlib's settings for every figure of a report."""


class CellStyle(TypedDict):
    """Colour and marker of a cell, as keyword arguments of matplotlib's ``plot`` and ``errorbar``."""

    color: str
    marker: str


def apply_style() -> None:
    """Set matplotlib up to draw without a screen, in the style of the reports."""
    mpl.use("Agg")
    sns.set_theme(context="paper", style="ticks", font_scale=1.1, rc=SETTINGS)


def cells(rows: pd.DataFrame) -> list[str]:
    """Return the cells of a table in the order in which figures show them.

    Those of `PREFERRED_ORDER` come first, then others by name; a variant (``lstm_augmented gate=false``) follows its cell.
    """
    return sorted(rows.cell.unique(), key=lambda cell: (_rank(cell.partition(" ")[0]), cell))


def by_cell(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each cell, in the order of `cells`."""
    return {cell: rows[rows.cell == cell] for cell in cells(rows)}


def cell_styles(rows: pd.DataFrame) -> dict[str, CellStyle]:
    """Return colour and marker of every cell of a table, no two of them alike.

    Pass all trials of the study, so that a cell looks the same in figures that show only some of them. Cells of
    `PREFERRED_ORDER` look the same in all studies; others take the looks after those, in their order, as long as there are
    further colours, and then the looks of those that are not there: up to ten cells differ in colour and in marker.
    """
    names = cells(rows)
    published = {name: PREFERRED_ORDER.index(name) for name in names if name in PREFERRED_ORDER}
    after, before = range(len(PREFERRED_ORDER), len(COLOURS)), range(len(PREFERRED_ORDER))
    free = itertools.chain(after, (i for i in before if i not in published.values()), itertools.count(len(COLOURS)))
    return {name: _style(published[name] if name in published else next(free)) for name in names}


def _style(i: int) -> CellStyle:
    """Return the i-th look: a second round of colours has them beside other markers."""
    return {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[(i + i // len(COLOURS)) % len(MARKERS)]}


def _rank(cell: str) -> int:
    return PREFERRED_ORDER.index(cell) if cell in PREFERRED_ORDER else len(PREFERRED_ORDER)


def grid(count: int, width: float, height: float, columns: int = 4) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``count`` axes of this size in inches, at most ``columns`` beside each other, and the axes."""
    across = min(count, columns)
    down = -(-count // across)
    figure, axes = plt.subplots(down, across, figsize=(BESIDE + width * across, height * down), squeeze=False)
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, list(axes.flat[:count])


def row_names(cells: list[str]) -> list[str]:
    """Return the names of the rows of a panel; where these are few, the name of a variant has several lines."""
    return [textwrap.fill(cell, _NAME, break_long_words=False) for cell in cells] if len(cells) <= _FEW else cells


def panel_height(least: float, names: list[str]) -> float:
    """Return the height in inches of a panel with a row for each cell: ``least``, or as much as their names take."""
    lines = [name.count("\n") + 1 for name in names]
    apart = max((sum(pair) / 2 for pair in itertools.pairwise(lines)), default=1)
    return max(least, 1.3 + ROW * apart * len(names))


def heading(axis: Axes, text: str, **options: Any) -> None:
    """Set a title over an axis, in as many lines as its width asks for: labels of overridden settings are long."""
    figure = axis.get_figure(root=True)
    assert figure is not None
    lines = folded(text, axis.get_window_extent().width / figure.dpi)
    axis.set_title(lines, **{"fontsize": 10, **options})


def folded(text: str, inches: float) -> str:
    """Break a text into lines of about so many inches; lines that it has stay lines."""
    width = int(_CHARACTERS_PER_INCH * inches)
    return "\n".join(textwrap.fill(line, width, break_long_words=False) for line in text.splitlines())


def absent(axis: Axes, text: str) -> None:
    """Write in a panel why nothing is drawn in it, without axes."""
    axis.set_axis_off()
    axis.text(0.5, 0.5, text, transform=axis.transAxes, **QUIET_LETTERS)


def distance(axis: Axes, y: int, row: pd.Series, limit: float, cell_style: CellStyle) -> None:
    """Draw a cell's difference to another one, with interval and mark, at height ``y``; its numbers beyond the limit.

    An interval that goes on beyond the limit ends with an arrow.

    ``row`` has ``difference``, ``low``, ``high`` and ``verdict``: what is said of the two.
    """
    colour = cell_style["color"]
    face, filled = "white" if row.verdict == "undecided" else colour, "left" if row.verdict == "equivalent" else "full"
    mark: Any = {"ls": "", "ms": _MARK, "mec": colour, "mfc": face, "mfcalt": "white", "fillstyle": filled, **cell_style}
    if row.verdict == "untested":
        mark["marker"] = "|"
    if abs(row.difference) <= limit:
        axis.plot(np.clip([row.low, row.high], -limit, limit), [y, y], color=colour, lw=1.6)
        for end, arrow in ((row.low, "<"), (row.high, ">")):
            if abs(end) > limit:
                axis.scatter(np.sign(end) * limit, y, _ARROW, colour, marker=arrow, linewidths=0)
        axis.plot(row.difference, y, **mark)
        return
    side = 1 if row.difference > 0 else -1
    axis.plot(side * limit, y, clip_on=False, **mark)
    ends = "" if np.isnan(row.low) else f" [{fixed(row.low, 2)}, {fixed(row.high, 2)}]"
    axis.annotate(
        fixed(row.difference, 2, "+") + ends * (abs(row.difference) < HUGE),
        (side * limit, y), xytext=(-_MARK * side, 0), textcoords="offset points",
        ha="right" if side > 0 else "left", va="center", fontsize=SMALLEST,
    )  # fmt: skip


def ceiling(scores: pd.Series) -> float:
    """Return from where on a score is so far above the others that they would lie on one another; infinite if none is."""
    lowest = float(scores.min())
    end = lowest + 20 * max(1e-3, float(scores.median()) - lowest)
    return end if len(scores) >= _FEW_SCORES and scores.max() > end else float("inf")


def beyond(axis: Axes, number: float, point: tuple[float, float], offset: tuple[int, int], **options: Any) -> None:
    """Write the number of a mark that stands at the end of an axis, since it lies further away, so many points beside it."""
    axis.annotate(fixed(number, 2), point, xytext=offset, textcoords="offset points", fontsize=SMALLEST, **options)


def no_score(axis: Axes, y: int) -> None:
    """Write in the row of a cell that it has no score in this panel."""
    axis.annotate("no score", (0.75, y), xycoords=("axes fraction", "data"), **QUIET_LETTERS)


def legend(figure: Figure, shown: list[str], styles: Mapping[str, Any]) -> None:
    """Put a legend of the cells that a figure shows beside it, in as many columns as its height asks for.

    ``styles`` has for each cell a `CellStyle`, or more keyword arguments of matplotlib's ``plot``.
    """
    handles = [Line2D([], [], lw=1.2, ms=6, label=cell, **styles[cell]) for cell in shown]
    figure.tight_layout()
    columns = -(-len(shown) // max(1, int(figure.get_figheight() / _LINE)))
    figure.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), ncols=columns)
