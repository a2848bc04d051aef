"""How cells look: the same order, colour and marker in every figure, readable without seeing colours."""

import textwrap
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

ORDER = ["rnn", "lstm", "lstm_peephole", "gru", "gru_reset_after", "lstm_sherstinsky", "lstm_augmented"]
# Okabe and Ito's palette, chosen to be told apart with any colour vision; the markers tell the rest.
COLOURS = ["#000000", "#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#009E73", "#CC79A7", "#7F7F7F", "#8C6D31", "#5E4FA2"]
MARKERS = ["o", "s", "D", "^", "v", "P", "X", "*", "<", ">"]

LETTERS = 14
"""Of a title, in an inch."""

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


def use() -> None:
    """Draw without a screen, in the house's style."""
    mpl.use("Agg")
    sns.set_theme(context="paper", style="ticks", font_scale=1.1, rc=SETTINGS)


def cells(frame: pd.DataFrame) -> list[str]:
    """The cells of a frame in their fixed order; a variant (``lstm_augmented gate=false``) follows its cell."""
    return sorted(frame.cell.unique(), key=lambda cell: (_rank(cell.partition(" ")[0]), cell))


def look(cell: str, among: list[str]) -> dict[str, Any]:
    """Colour and marker of a cell. Those that the house does not know take the looks that are left, in their order

    ``among`` all cells of the study, so that a cell looks the same in figures that show only some of them.
    """
    unknown = [name for name in among if name not in ORDER]
    i = ORDER.index(cell) if cell in ORDER else len(ORDER) + unknown.index(cell)
    return {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[(i + i // len(COLOURS)) % len(MARKERS)]}


def _rank(cell: str) -> int:
    return ORDER.index(cell) if cell in ORDER else len(ORDER)


def grid(count: int, width: float, height: float, columns: int = 4) -> tuple[Figure, list[Any]]:
    """A figure of so many axes, in rows of a few."""
    across = min(count, columns)
    down = -(-count // across)
    figure, axes = plt.subplots(down, across, figsize=(1.5 + width * across, height * down), squeeze=False)
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, list(axes.flat[:count])


def heading(axis: Any, text: str, **look: Any) -> None:
    """A title over an axis, in as many lines as its width asks for: labels of overridden settings are long."""
    axis.set_title(folded(text, axis.get_window_extent().width / axis.figure.dpi), **{"fontsize": 10, **look})


def folded(text: str, inches: float) -> str:
    """A text in lines of about so many inches; where it has lines they stay."""
    lines = [textwrap.fill(line, int(LETTERS * inches), break_long_words=False) for line in text.splitlines()]
    return "\n".join(lines)


def legend(figure: Figure, shown: list[str], among: list[str]) -> None:
    """The cells that a figure shows, beside it."""
    handles = [Line2D([], [], lw=1.2, ms=6, label=cell, **look(cell, among)) for cell in shown]
    figure.tight_layout()
    figure.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5))
