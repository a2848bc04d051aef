"""Weka's ``.arff``, which SciPy reads: a table, or cases of the archives of time series, a series in a row or in a cell."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import encoding, given, limits, named_arrays, tabular
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from gatebench.ingest.readers import tables
from gatebench.ingest.tabular import FileTable

SUFFIXES = (".arff",)
MOST_FILES = None
FEWEST_STEPS = 8
"""Numbers in front of a class from which on a row is a series."""
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the cases of all files, with their labels, or the sequences of a table."""
    loaded = {file: _load(file) for file in files}
    kinds = {tuple(kind for _, kind in attributes) for _, attributes, _ in loaded.values()}
    if len(kinds) > 1:
        raise BadInput(
            f"{files[0].parent} has files of other attributes than {files[0].name}; expected the same in all: correct one"
        )
    (of_columns,) = kinds
    steps = [kind for kind in of_columns if kind == "numeric"]
    is_wide = of_columns == (*steps, "nominal") and len(steps) >= FEWEST_STEPS
    if "relational" not in of_columns and (not is_wide or choices.layout == "step-a-row"):
        return tables.arrange(tabular.read(files, lambda file: _table(*loaded[file]), choices), choices)
    if of_columns not in (("relational", "nominal"), ("relational",)) and not is_wide:
        raise BadInput(
            f"{files[0]} has attributes {shorten(', '.join(of_columns))}; expected one relational and a class: convert it"
        )
    choices.check_only("a file of cases", "axes", "layout", "missing")
    splits = given.splits_of_files(files) or [""] * len(files)
    named: dict[str, Any] = {}
    for file, split in zip(files, splits, strict=True):
        rows = loaded[file][0]
        end = f"_{split}" if split else ""
        named.setdefault(f"x{end}", []).extend(_series(row, is_wide) for row in rows)
        if of_columns[-1] == "nominal":
            named.setdefault(f"y{end}", []).extend(np.array([row[-1].decode()]) for row in rows)
    # In the archives, each row of a relation is a dimension, and each of its columns a step.
    raw = named_arrays.read(files[0].name, named, choices if is_wide else replace(choices, axes=choices.axes or "NXT"))
    layout = "a row is a series (--step-a-row)" if is_wide else "a case is a relation, a dimension in each of its rows"
    return replace(
        raw, decisions=[*(line for *_, lines in loaded.values() for line in lines), f"layout: {layout}", *raw.decisions]
    )


def _load(file: Path) -> tuple[np.ndarray, list[tuple[str, str]], list[str]]:
    """Return the rows of a file, name and type of each attribute, and lines about it."""
    from scipy.io import arff

    text, lines = encoding.decode(limits.read_bytes(file), str(file))
    try:
        rows, meta = arff.loadarff(io.StringIO(text))
        attributes = [(name, meta[name][0]) for name in meta.names()]
    except Exception as error:  # whatever the parser makes of a file that is none
        raise BadInput(f"{file} cannot be read as arff ({shorten(error)}); correct it, or convert it to csv") from error
    for number, count in _counts(text):
        if count != len(attributes):
            raise BadInput(
                f"{file}, line {number} has {count} value(s); expected {len(attributes)}, one an attribute: correct it"
            )
    if not len(rows):
        raise BadInput(f"{file} has no rows below @data; expected at least one: fill it")
    limits.check_count(str(file), len(rows) * len(attributes))
    return rows, attributes, lines


def _counts(text: str) -> Iterator[tuple[int, int]]:
    """Yield the number of each line of data, and how many values it has."""
    is_data = False
    for number, line in enumerate(text.split("\n"), 1):
        if is_data and line.strip() and not line.lstrip().startswith("%"):
            yield number, _QUOTED.sub("", line).count(",") + 1
        is_data = is_data or line.strip().lower() == "@data"


def _series(row: Any, is_wide: bool) -> np.ndarray:
    """Return the numbers of a case: ``[T]`` of a row, or ``[X, T]`` of a relation."""
    if is_wide:
        return np.array([*row][:-1], float)
    return np.array([[*dimension] for dimension in row[0]], float)


def _table(rows: np.ndarray, attributes: list[tuple[str, str]], lines: list[str]) -> FileTable:
    columns = {name: rows[name] for name, _ in attributes}
    texts = {name: np.char.decode(column, "utf-8") for name, column in columns.items() if column.dtype.kind == "S"}
    missing = {name: pd.Series(column.astype(object)).mask(column == "?") for name, column in texts.items()}
    nominal = tuple(name for name, kind in attributes if kind == "nominal")
    return FileTable(pd.DataFrame({**columns, **missing}), lines, nominal=nominal)
