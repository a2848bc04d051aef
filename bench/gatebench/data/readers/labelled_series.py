"""Labelled series inside a wheel or another zip, a file for train and one for test: the split that they were published with.

The options of the card name the two members, ``train`` and ``test``. Their suffix says how they are written: ``.ts`` of
sktime and aeon, ``.txt`` with a row a series, its label first, or ``.npz`` with ``X_train``, ``y_train`` and the like.
Validation is taken from train: of the series of each class, as they stand in the file, the last of every ``valid_every``.
"""

import io
import zipfile
from pathlib import Path

import numpy as np

from gatebench.data import npz
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays

Series = tuple[str, np.ndarray]
"""A label as it is written, and its series ``[T, X]``."""


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return the splits of the one archive; the last column is the number of the class, by the order of ``target.names``."""
    (path,) = paths
    classes = card.target.names if card.target else ()
    given: dict[str, list[np.ndarray]] = {}
    labels: dict[str, list[str]] = {}
    with zipfile.ZipFile(path) as archive:
        for split in ("train", "test"):
            series = _read_member(archive, str(card.options[split]), split)
            labels[split] = [label for label, _ in series]
            given[split] = [_with_class(array, classes.index(label)) for label, array in series]
    held_out = held_out_positions(labels["train"], card.options["valid_every"])
    return {
        "train": [array for i, array in enumerate(given["train"]) if i not in held_out],
        "valid": [array for i, array in enumerate(given["train"]) if i in held_out],
        "test": given["test"],
    }


def held_out_positions(labels: list[str], every: int) -> set[int]:
    """Return positions of the series that validation takes from train: of each class the last of every ``every``."""
    positions_of_class: dict[str, list[int]] = {}
    for position, label in enumerate(labels):
        positions_of_class.setdefault(label, []).append(position)
    return {position for positions in positions_of_class.values() for position in positions[every - 1 :: every]}


def _with_class(array: np.ndarray, number: int) -> np.ndarray:
    return np.column_stack([array, np.full(len(array), float(number))])


def _read_member(archive: zipfile.ZipFile, name: str, split: str) -> list[Series]:
    content = archive.read(name)
    if name.endswith(".npz"):
        arrays = npz.read(io.BytesIO(content))
        return [(str(label), array) for label, array in zip(arrays[f"y_{split}"], arrays[f"X_{split}"], strict=True)]
    lines = content.decode().splitlines()
    return _read_ts(lines) if name.endswith(".ts") else [_read_row(line) for line in lines]


def _read_ts(lines: list[str]) -> list[Series]:
    """Return the cases below the line ``@data``: columns parted by colons, their steps by commas, the label last."""
    start = next(number for number, line in enumerate(lines) if line.strip().lower() == "@data") + 1
    cases = [line.strip().rsplit(":", 1) for line in lines[start:] if line.strip()]
    return [(label, np.array([_numbers(column) for column in columns.split(":")]).T) for columns, label in cases]


def _numbers(column: str) -> list[float]:
    return [float(number) for number in column.split(",")]


def _read_row(line: str) -> Series:
    """Return a row of numbers as a series of one column; the label is its first number."""
    label, *steps = map(float, line.split())
    return f"{label:g}", np.array(steps)[:, None]
