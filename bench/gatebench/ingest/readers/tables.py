"""Tables, csv or parquet: one long one with a column that tells sequences apart, a single series, or a file a sequence."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.ingest import targets
from gatebench.ingest.options import Choices, Found, fits
from gatebench.ingest.readers import frames
from gatebench.ingest.readers.frames import Table

SEQUENCE = ("sequence", "sequence_id", "seq", "seq_id", "series", "series_id", "unique_id", "trial", "trial_id", "session",
            "session_id", "episode", "episode_id", "id")  # fmt: skip
"""Names of a column that tells sequences apart,"""
ORDER = ("time", "t", "step", "date", "datetime", "timestamp")
"""of one that puts their steps in order,"""
GROUP = ("group", "subject", "subject_id", "speaker", "speaker_id", "patient", "patient_id", "user", "user_id")
"""and of one that says which sequences belong together."""


def read(files: list[Path], choices: Choices) -> Found:
    """One table, or a table for each sequence."""
    choices.only("a table", "sequence", "order", "group", "label", "columns")
    table = frames.read(files)
    sequence, codes, places, line = _sequences(table, choices)
    order = _column(table, "order", choices, ORDER)
    group = _column(table, "group", choices, GROUP)
    label = _column(table, "label", choices, ())
    read = _read(table, [name for name in (sequence, order, group, label) if name], choices)
    fits(str(files[0] if len(files) == 1 else files[0].parent), len(table.rows) * len(read))
    lines = [line, f"order: by column {order} (--order COLUMN)"] if order else [line]
    lines.append(f"columns: {shorten(', '.join(read))} (--columns A,B)")

    rank = _ranks(table, order) if order else np.arange(len(codes))
    sorted_rows = np.lexsort((rank, codes))
    ends = np.cumsum(np.bincount(codes))

    def parts(values: np.ndarray) -> list[np.ndarray]:
        return np.split(values[sorted_rows], ends[:-1])

    symbols = len(read) == 1 and _is_text(table.rows[read[0]])
    names, numbers = _symbols(table, read[0]) if symbols else (tuple(read), _numbers(table, read))
    grouped = zip(parts(_values(table, group)), places, strict=True) if group else None
    groups = grouped and [_one(values, place, str(group)) for values, place in grouped]
    found = Found(parts(numbers), "a row", places, "symbols" if symbols else None, names, groups=groups, lines=lines)
    if not label:
        return found
    told, target, line = targets.told(parts(_values(table, label)), (label,), choices.as_target)
    return Found(**{**vars(found), "told": told, "target": target, "lines": [*lines, line]})


def _sequences(table: Table, choices: Choices) -> tuple[str | None, np.ndarray, list[str], str]:
    """The column that tells sequences apart, the number of each row's sequence, where each comes from, and a line."""
    several, rows, first = len(table.files) > 1, table.rows, table.files[0].name
    if several and choices.sequence:
        raise BadInput(f"--sequence is for one table, but there are {len(table.files)} files, each a sequence: remove it")
    if several:
        places = [file.name for file in table.files]
        return None, table.file_of(np.arange(len(rows))), places, f"sequences: {len(places)}, a file each"
    name = _column(table, "sequence", choices, SEQUENCE)
    if name is None or (choices.sequence is None and rows[name].is_unique):
        line = f"sequences: one series of {len(rows):,} rows, since no column is called sequence (--sequence COLUMN)"
        return None, np.zeros(len(rows), int), [first], line
    for row in rows.index[rows[name].isna()]:
        raise BadInput(f"{table.where(row)} has no {name}; expected one in each row: fill it, or remove the row")
    codes, values = pd.factorize(rows[name])
    line = f"sequences: {len(values):,}, by column {name} (--sequence COLUMN)"
    return name, codes, [f"{first}, {name} {shorten(value)}" for value in values], line


def _column(table: Table, option: str, choices: Choices, known: tuple[str, ...]) -> str | None:
    """The column that is given, or else the first one of a known name that is not needed otherwise."""
    given = getattr(choices, option)
    if given is not None:
        return _there(table, option, given)
    needed = {choices.label, *(choices.columns or [])}
    lower = {name.lower(): name for name in table.rows.columns if name not in needed}
    return next((lower[name] for name in known if name in lower), None)


def _there(table: Table, option: str, name: str) -> str:
    if name not in table.rows.columns:
        raise BadInput(f"--{option} {shorten(name)} is no column{did_you_mean(name, list(table.rows.columns))}")
    return name


def _ranks(table: Table, name: str) -> np.ndarray:
    """Where each row stands, in the order of numbers or dates; equal ones as in the file."""
    column = table.rows[name]
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of dates in several ways of writing
            numbers = pd.to_datetime(column, errors="coerce", utc=True)
    for row in numbers.index[numbers.isna()]:
        raise BadInput(
            f"{table.where(row)}, column {name} has {shorten(repr(column[row]))}; expected numbers or dates, to put steps "
            "in order: correct it, or use another: --order COLUMN"
        )
    return np.argsort(np.argsort(numbers.to_numpy(), kind="stable"), kind="stable")


def _one(values: np.ndarray, place: str, name: str) -> Any:
    if (values != values[0]).any():
        raise BadInput(f"{place} is in several groups by {name}; expected one: use another: --group COLUMN")
    return values[0, 0]


def _read(table: Table, others: list[str], choices: Choices) -> list[str]:
    """The columns that are read."""
    for name in choices.columns or []:
        if _there(table, "columns", name) == choices.label:
            raise BadInput(f"--columns has {name}, which is to be told: --label; remove it from one of the two")
    read = choices.columns or [name for name in table.rows.columns if name not in others]
    if not read:
        raise BadInput(f"no column is left to read of {frames.listed(table.rows)}; name some: --columns A,B")
    return read


def _is_text(column: pd.Series) -> bool:
    """Whether a column holds texts, and no number among them that is only spoilt by one."""
    cells = column.dropna().head(1000).tolist()
    return bool(cells) and all(isinstance(cell, str) and not frames.is_number(cell) for cell in cells)


def _numbers(table: Table, names: list[str]) -> np.ndarray:
    """Columns ``[N, X]``; ``BadInput`` names the row and the column of what is no number."""
    found = []
    for name in names:
        column = table.rows[name]
        if column.dtype.kind == "M":
            raise BadInput(f"column {name} holds dates; expected numbers: --order {name}, or leave it out: --columns A,B")
        numbers = pd.to_numeric(column, errors="coerce")
        for row in numbers.index[numbers.isna() & column.notna()]:
            raise BadInput(
                f"{table.where(row)}, column {name} has {shorten(repr(column[row]))}; expected a number: correct it, "
                f"leave the column out: --columns A,B, or have it told: --label {name}"
            )
        for row in numbers.index[~np.isfinite(numbers.to_numpy(float))]:
            raise BadInput(
                f"{table.where(row)}, column {name} is empty, NaN or infinite; expected a number: fill it, or remove the row"
            )
        found.append(numbers.to_numpy())
    return np.stack(found, 1)


def _values(table: Table, name: str) -> np.ndarray:
    """Texts or numbers ``[N, 1]``."""
    column = table.rows[name]
    for row in column.index[column.isna()]:
        raise BadInput(f"{table.where(row)} has no {name}; expected one in each row: fill it, or remove the row")
    numbers = pd.to_numeric(column, errors="coerce")
    return (column.astype(str) if numbers.isna().any() else numbers).to_numpy()[:, None]


def _symbols(table: Table, name: str) -> tuple[tuple[str, ...], np.ndarray]:
    """The symbols of a column, and the number of each row's."""
    symbols, numbers = np.unique(_values(table, name).astype(str), return_inverse=True)
    return tuple(symbols.tolist()), numbers.reshape(-1, 1)
