"""How cells look: alike in every figure, different from one another, also without seeing red and green."""

import re
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from gatebench.core import registry
from gatebench.report import style
from support.figures import DRAWN, FIGURES, drawn
from support.frames import TRIALS, VARIANT, by_hand, everything


def rgb(colour: Any) -> tuple[float, ...]:
    return tuple(round(part, 6) for part in to_rgb(colour))


def looks(figure: Figure) -> dict[str, tuple[tuple[float, ...], str]]:
    """Cell -> colour and marker, by the labels of marks, by the legend's, or by the axis on which the cells stand.

    What a legend says of verdicts is of no cell.
    """
    seen: dict[str, set[Any]] = {}

    def see(cell: str, line: Line2D) -> None:
        if line.get_marker() not in ("", "None", "none", "|", "x") and not cell.startswith("_"):
            seen.setdefault(cell, set()).add((rgb(line.get_color()), line.get_marker()))

    for axis in figure.axes:
        for container in axis.containers:
            see(str(container.get_label()), container[0])
        for line in axis.lines:
            see(str(line.get_label()), line)
    for legend in (*figure.legends, *(axis.get_legend() for axis in figure.axes if axis.get_legend())):
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            if isinstance(handle, Line2D) and text.get_text() not in FIGURES["answer"].VERDICTS.values():
                see(text.get_text(), handle)
    for axis in figure.axes if not seen else []:
        labels = [label.get_text().replace("\n", " ") for label in axis.get_yticklabels()]
        if not isinstance(axis.yaxis.get_major_locator(), FixedLocator) or not any(labels):
            continue  # numbers, or the labels stand at the axis beside
        for line in axis.lines:
            heights = np.unique(np.asarray(line.get_ydata(), float))
            if len(heights) == 1:
                see(labels[int(heights[0])], line)
    assert all(len(of_cell) == 1 for of_cell in seen.values()), seen
    return {cell: of_cell.pop() for cell, of_cell in seen.items()}


OF_THE_BEST_CELL = ("confusion", "forecasts", "predicted")
"""Figures that show one cell a panel, which its title names."""
OF_WORDS = ("matrix",)
"""Figures that name cells in words and have no marks of theirs."""


def test_a_cell_looks_the_same_in_every_figure():
    seen: dict[str, set[Any]] = {}
    frame = everything()
    for name in DRAWN:
        figure = drawn(name, frame)
        if name in OF_THE_BEST_CELL:
            titles = [line for axis in figure.axes for line in re.split(r"\n|, ", axis.get_title())]
            assert {"gru", VARIANT, "novel"} & set(titles), name
            continue
        shown = looks(figure)
        assert bool(shown) == (name not in OF_WORDS), name
        for cell, look in shown.items():
            seen.setdefault(cell, set()).add(look)
    assert seen.keys() == {*frame.trials.cell, *frame.beside.method}
    assert {cell: len(of_cell) for cell, of_cell in seen.items()} == dict.fromkeys(seen, 1)


def test_a_cell_looks_the_same_though_another_was_only_searched():
    """As in a study that is under way: figures of results show fewer cells than those of the search."""
    under_way = [*TRIALS, ("music", "newer", "search", 0, 0.01, 3.3, 3.4, "finished"),
                 ("music", "novel", "search", 0, 0.01, 3.3, 3.4, "finished")]  # fmt: skip
    frame = by_hand(under_way)
    names = [
        name for name in DRAWN if (numbers := FIGURES[name].numbers(frame)) is not None and "novel" in set(numbers.cell)
    ]
    assert len(names) > 4
    assert len({looks(drawn(name, frame))["novel"] for name in names}) == 1


def of(cells: list[str]) -> list[style.CellStyle]:
    """How these cells look in a study of no others, in the order of the list."""
    by_name = style.cell_styles(pd.DataFrame({"cell": cells}))
    return [by_name[cell] for cell in cells]


CELLS = list(registry.available("cells", ".py"))


@pytest.mark.parametrize("further", [[], ["novel"], [f"gru_{i}" for i in range(40)]], ids=len)
def test_no_two_cells_look_alike_whatever_their_number(further: list[str]):
    shown = of([*CELLS, *further])
    assert len({(look["color"], look["marker"]) for look in shown}) == len(CELLS) + len(further)


def test_up_to_ten_cells_differ_in_colour_and_in_marker():
    shown = of([*CELLS, *(f"novel_{i}" for i in range(10))][:10])
    assert len({look["color"] for look in shown}) == len({look["marker"] for look in shown}) == 10


def test_a_cell_of_published_figures_looks_as_it_does_there_in_every_study():
    assert (
        of(["gru"]) == of(["novel", "rnn", "gru"])[2:] == of(style.PREFERRED_ORDER)[style.PREFERRED_ORDER.index("gru") :][:1]
    )


def test_looks_do_not_hang_on_the_order_of_the_rows():
    cells = [*CELLS, "novel", "another"]
    assert of(cells) == of(cells[::-1])[::-1]


def test_cells_stand_in_the_preferred_order_and_others_follow_by_name_each_with_its_variants():
    rows = pd.DataFrame({"cell": ["novel", "gru delay=2", "another", "lstm", "gru", "rnn"]})
    assert style.cells(rows) == ["rnn", "lstm", "gru", "gru delay=2", "another", "novel"]


# Viénot, Brettel, Mollon 1999: what is left of linear RGB without the long- or the middle-wave cones.
BLIND = {
    "protanopia": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deuteranopia": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}


@pytest.mark.parametrize("matrix", BLIND.values(), ids=BLIND)
def test_colours_are_told_apart_without_seeing_red_and_green(matrix: list[list[float]]):
    seen = [_lab(np.array(matrix) @ _linear(colour)) for colour in style.COLOURS]
    distances = {(i, j): np.linalg.norm(seen[i] - seen[j]) for i, j in combinations(range(len(seen)), 2)}
    assert min(distances.values()) > 5  # 2.3 is what can just be seen side by side
    assert min(distance for (_, j), distance in distances.items() if j < 9) > 10


def _linear(colour: str) -> np.ndarray:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIE 1976 lightness and colours, white point D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    t = np.clip(np.array(to_xyz) @ linear, 0, None) / np.array([0.9505, 1.0, 1.089])
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
