"""A picture of the first sequences in plain text, by which a user sees at a glance whether they were read as they are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gatebench.core.errors import shorten
from gatebench.data.contents import Arrays
from gatebench.ingest.raw import RawData

BLOCKS = "▁▂▃▄▅▆▇█"
"""Characters from low to high, for a terminal that can write them."""
PLAIN = "_.-=+*#@"
"""Characters from low to high, for one that cannot."""
SEQUENCES, COLUMNS, WIDTH = 3, 6, 60
"""Sequences and columns of each that are shown, and characters of a line, at the most."""


class ShownSequence(NamedTuple):
    """One of the first sequences of train, as a picture shows it."""

    title: str
    """Which one it is, how long, and its target where it has one."""
    rows: dict[str, np.ndarray]
    """Name -> the values ``[T]`` of a column, or of the target of each step."""


def first_sequences(raw: RawData, arrays: Arrays) -> list[ShownSequence]:
    """Return the first training sequences.

    Parameters
    ----------
    raw
        The data, its kind decided.
    arrays
        Split -> arrays ``[T, X]``, the target's columns last.

    """
    columns = raw.target.columns if raw.target else 0
    shown: list[ShownSequence] = []
    for place, array in enumerate(arrays["train"][:SEQUENCES]):
        inputs, targets = array[:, : array.shape[1] - columns], array[:, array.shape[1] - columns :]
        with_target = f", {_target(raw, targets)}" if raw.target and raw.has_one_target else ""
        names = raw.names if raw.names and raw.kind != "symbols" else [str(number) for number in range(inputs.shape[1])]
        rows = {name: inputs[:, number] for number, name in enumerate(names)}
        if raw.target and not raw.has_one_target:
            rows["target"] = targets[:, 0]
        shown.append(ShownSequence(f"sequence {place + 1} of train, {len(array):,} steps{with_target}", rows))
    return shown


def draw(raw: RawData, arrays: Arrays, encoding: str | None) -> list[str]:
    """Return the lines of a picture of the first training sequences: a line for each column, each over its own range.

    Parameters
    ----------
    raw
        The data, its kind decided.
    arrays
        Split -> arrays ``[T, X]``, the target's columns last.
    encoding
        How the terminal writes characters; None: nobody knows.

    """
    levels = BLOCKS if _can_write(BLOCKS, encoding) else PLAIN
    lines: list[str] = []
    for title, rows in first_sequences(raw, arrays):
        lines.append(f"show: {title}")
        if raw.kind == "symbols":
            lines.append(f"    {_symbols(raw.names, rows['0'], encoding)}")
            continue
        of_columns = [name for name in rows if name != "target" or raw.has_one_target or raw.target is None]
        shown = [*of_columns[:COLUMNS], *(name for name in rows if name not in of_columns)]
        widest = max(len(shorten(name)[:20]) for name in shown)
        for name in shown:
            low, high = float(rows[name].min()), float(rows[name].max())
            line = _line(rows[name], levels)
            lines.append(f"    {_written(name, encoding)[:20]:{widest}} {line} {low:.4g} to {high:.4g}")
        if len(of_columns) > COLUMNS:
            lines.append(f"    and {len(of_columns) - COLUMNS:,} more columns")
    return lines


def _can_write(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _written(text: str, encoding: str | None) -> str:
    """Return a text in one line, with question marks for what a terminal cannot write."""
    line = "".join(character if character.isprintable() else " " for character in shorten(text))
    return line if _can_write(line, encoding) else line.encode("ascii", "replace").decode()


def _line(values: np.ndarray, levels: str) -> str:
    """Return a character for each step, or for the mean of some where there are more than fit."""
    parts = np.array([part.mean() for part in np.array_split(values.astype(float), min(WIDTH, len(values)))])
    low, high = parts.min(), parts.max()
    places = (
        np.zeros(len(parts), int) if low == high else ((parts - low) / (high - low) * (len(levels) - 1)).round().astype(int)
    )
    return "".join(levels[place] for place in places)


def _symbols(names: Sequence[str], numbers: np.ndarray, encoding: str | None) -> str:
    words = [names[int(number)] for number in numbers[:WIDTH]]
    joined = ("" if all(len(word) == 1 for word in names) else " ").join(words)
    return _written(joined, encoding)[:WIDTH] + ("..." if len(numbers) > WIDTH or len(joined) > WIDTH else "")


def _target(raw: RawData, targets: np.ndarray) -> str:
    assert raw.target is not None
    if raw.target.kind == "label":
        return f"label {shorten(raw.target.names[int(targets[0, 0])])}"
    return f"value {', '.join(f'{value:.4g}' for value in targets[0])}"
