"""A picture of the first sequences of a data set, by which a user sees at a glance whether they were read as they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gatebench.core.errors import BadInput, shorten, visible
from gatebench.report import style

COLUMNS = 6
"""Columns that have an axis each, at the most; more of zeros and ones are drawn as a raster, and of others it is said."""
SYMBOLS = 30
"""Symbols that are written beside an axis, at the most."""
STEPS = 2000
"""Steps of a sequence that are drawn, at the most: the first ones."""


def draw(sequences: Sequence[tuple[str, Mapping[str, np.ndarray]]], symbols: Sequence[str], path: Path) -> None:
    """Save a picture of sequences beside one another, a column below the other; ``BadInput`` if it cannot be written.

    Parameters
    ----------
    sequences
        The title of each sequence, with name -> the values ``[T]`` of a column.
    symbols
        The symbol of each number, where that is what values are; empty of numbers.
    path
        The file.

    """
    style.apply_style()
    names = [*sequences[0][1]]
    is_raster = len(names) > COLUMNS and all(
        bool(np.isin(values, (0, 1)).all()) for _, rows in sequences for values in rows.values()
    )
    shown = names if is_raster else names[:COLUMNS]
    down = 1 if is_raster else len(shown)
    figure, axes = plt.subplots(
        down, len(sequences), figsize=(4.2 * len(sequences), 3.2 if down == 1 else 1.5 * down + 0.6), squeeze=False,
        sharex="col", sharey="row",
    )  # fmt: skip
    for place, (title, rows) in enumerate(sequences):
        style.heading(axes[0, place], visible(shorten(title)))
        if is_raster:
            _raster(axes[0, place], rows, shown)
        for axis, name in zip(axes[:, place], [] if is_raster else shown, strict=False):
            _line(axis, rows[name][:STEPS], symbols)
            if not place:
                axis.set_ylabel("symbol" if symbols else visible(shorten(name)[:20]).replace("$", r"\$"))
        axes[-1, place].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes[-1, place].set_xlabel("step")
    if len(names) > len(shown):
        figure.suptitle(f"{len(shown)} of {len(names)} columns", fontsize=9)
    figure.tight_layout()
    try:
        figure.savefig(path, metadata={"Software": None})
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror}); expected a place for a picture: --show FILE.png"
        ) from error
    finally:
        plt.close(figure)


def _line(axis: Axes, values: np.ndarray, symbols: Sequence[str]) -> None:
    few = len(values) <= 60
    if symbols:
        axis.step(np.arange(len(values)), values, where="mid", lw=0.9, color=style.COLOURS[1])
        if len(symbols) <= SYMBOLS:
            labels = [visible(shorten(symbol)[:12]).replace("$", r"\$") for symbol in symbols]
            axis.set_yticks(range(len(symbols)), labels, fontsize=7)
        return
    axis.plot(np.arange(len(values)), values, lw=0.9, marker="." if few else None, ms=3, color=style.COLOURS[1])


def _raster(axis: Axes, rows: Mapping[str, np.ndarray], shown: Sequence[str]) -> None:
    ones = np.stack([rows[name][:STEPS] for name in shown])
    axis.imshow(ones, aspect="auto", origin="lower", cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    axis.set_ylabel(f"{len(shown)} columns")
    axis.grid(False)
