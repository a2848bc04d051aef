"""Tables, csv or parquet: one long one with a column that tells sequences apart, a single series, or a file a sequence."""

import csv
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.data.adding import targets
from bench.data.adding.choices import Choices, Found, fits
from bench.places import BadInput, short, suggestion

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
    tables = [_table(file) for file in files]
    for file, table in zip(files, tables, strict=True):
        if list(table.columns) != list(tables[0].columns):
            raise BadInput(
                f"{file} has the columns {_listed(table)}, but {files[0].name} has {_listed(tables[0])}; expected "
                "the same in all files: correct one of them"
            )
    lines: list[str] = []
    sequence, parts, places = None, tables, [file.name for file in files]
    if len(tables) == 1:
        sequence, line = _sequence(files[0], tables[0], choices)
        lines.append(line)
        if sequence is not None:
            parts = [part for _, part in tables[0].groupby(sequence, sort=False)]
            places = [f"{files[0].name}, {sequence} {short(part[sequence].iloc[0])}" for part in parts]
    elif choices.sequence:
        raise BadInput(f"--sequence is for one table, but there are {len(files)} files, each a sequence: remove it")
    else:
        lines.append(f"sequences: {len(files)}, a file each")
    order = _column(tables[0], "order", choices.order, ORDER)
    if order:
        parts = [part.iloc[_ranks(part[order], f"{order} of {place}")] for part, place in zip(parts, places, strict=True)]
        lines.append(f"order: by column {order} (--order COLUMN)")
    group = _column(tables[0], "group", choices.group, GROUP)
    groups = [_one(part[group], place) for part, place in zip(parts, places, strict=True)] if group else None
    label = _column(tables[0], "label", choices.label, ())
    read = _read(tables[0], [name for name in (sequence, order, group, label) if name], choices)
    lines.append(f"columns: {short(', '.join(read))} (--columns A,B)")
    fits(str(files[0].parent if len(files) > 1 else files[0]), sum(map(len, parts)) * len(read))
    symbols = len(read) == 1 and _is_text(tables, read[0])
    names, numbers = _symbols(parts, read[0]) if symbols else (tuple(read), [_numbers(part, read) for part in parts])
    found = Found(numbers, "a row", places, "symbols" if symbols else None, names, groups=groups, lines=lines)
    if not label:
        return found
    values = [_values(part[label], place) for part, place in zip(parts, places, strict=True)]
    if any(array.dtype.kind not in "buif" for array in values):
        values = [array.astype(str) for array in values]
    told, target, line = targets.told(values, (label,), choices.as_target)
    return Found(**{**vars(found), "told": told, "target": target, "lines": [*lines, line]})


def _table(file: Path) -> pd.DataFrame:
    """A file as it is; its rows keep their numbers, from 1, through whatever becomes of them."""
    try:
        table = _parquet(file) if file.suffix.lower() == ".parquet" else _csv(file)
    except BadInput:
        raise
    except Exception as error:  # whatever a parser makes of a file that is none
        raise BadInput(
            f"{file} cannot be read as a table ({short(error)}); expected csv in UTF-8 or parquet: convert it"
        ) from error
    table.columns = [str(name).strip() for name in table.columns]
    if table.empty or table.columns.duplicated().any():
        raise BadInput(
            f"{file} has {len(table)} rows of the columns {_listed(table)}; expected rows, and a name for each "
            "column: correct it"
        )
    return table.set_axis(range(1, len(table) + 1))


def _csv(file: Path) -> pd.DataFrame:
    with file.open(encoding="utf-8-sig", newline="") as text:
        first = text.readline(2**20)
    separator = max(",;\t|", key=first.count)
    cells = next(csv.reader(io.StringIO(first), delimiter=separator), [])
    nameless = bool(cells) and all(_is_number(cell) for cell in cells)
    table = pd.read_csv(
        file, sep=separator, header=None if nameless else 0, encoding="utf-8-sig", low_memory=False, index_col=False,
    )  # fmt: skip
    return table.rename(columns=lambda number: f"column{number}") if nameless else table


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _parquet(file: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        fits(str(file), opened.metadata.num_rows * opened.metadata.num_columns)
        table = opened.read().to_pandas(ignore_metadata=True)
    return table.drop(columns=[name for name in table.columns if name.startswith("__index_level_")])  # pandas' row numbers


def _listed(table: pd.DataFrame) -> str:
    return short(", ".join(map(str, table.columns)))


def _column(table: pd.DataFrame, option: str, given: str | None, known: tuple[str, ...]) -> str | None:
    """The column that is given, or else the first one of a known name."""
    if given is not None and given not in table.columns:
        raise BadInput(f"--{option} {short(given)} is no column{suggestion(given, list(table.columns))}")
    lower = {name.lower(): name for name in table.columns}
    return given or next((lower[name] for name in known if name in lower), None)


def _sequence(file: Path, table: pd.DataFrame, choices: Choices) -> tuple[str | None, str]:
    name = _column(table, "sequence", choices.sequence, SEQUENCE)
    if name is None or (choices.sequence is None and table[name].is_unique):
        return None, f"sequences: one series of {len(table):,} rows, since no column is called sequence (--sequence COLUMN)"
    gone = table.index[table[name].isna()]
    if len(gone):
        raise BadInput(f"{file}: row {gone[0]} has no {name}; expected one in each row: fill it, or remove the row")
    return name, f"sequences: {table[name].nunique():,}, by column {name} (--sequence COLUMN)"


def _ranks(column: pd.Series, what: str) -> np.ndarray:
    """Where each step stands, in the order of numbers or dates."""
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of dates in several ways of writing
            numbers = pd.to_datetime(column, errors="coerce", utc=True)
    gone = numbers.index[numbers.isna()]
    if len(gone):
        raise BadInput(
            f"{what}: row {gone[0]} has {short(repr(column[gone[0]]))}; expected numbers or dates: correct it, or "
            "use another: --order COLUMN"
        )
    return np.argsort(numbers.to_numpy(), kind="stable")


def _one(column: pd.Series, place: str) -> Any:
    if column.nunique(dropna=False) > 1:
        raise BadInput(f"{place} is in several groups by {column.name}; expected one: use another: --group COLUMN")
    return column.iloc[0]


def _read(table: pd.DataFrame, others: list[str], choices: Choices) -> list[str]:
    """The columns that are read."""
    for name in choices.columns or []:
        _column(table, "columns", name, ())
        if name == choices.label:
            raise BadInput(f"--columns has {name}, which is to be told: --label; remove it from one of the two")
    read = choices.columns or [name for name in table.columns if name not in others]
    if not read:
        raise BadInput(f"no column is left to read of {_listed(table)}; name some: --columns A,B")
    return read


def _is_text(tables: list[pd.DataFrame], name: str) -> bool:
    """Whether a column holds texts, and no number among them that is only spoilt by one."""
    cells = [cell for table in tables for cell in table[name].dropna().head(1000)]
    return bool(cells) and not any(isinstance(cell, (int, float, np.number)) or _is_number(str(cell)) for cell in cells)


def _numbers(part: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Columns ``[T, X]``; ``BadInput`` names the row and the column of what is none."""
    found = []
    for name in names:
        column = part[name]
        if column.dtype.kind == "M":
            raise BadInput(f"column {name} holds dates; expected numbers: --order {name}, or leave it out: --columns A,B")
        numbers = pd.to_numeric(column, errors="coerce")
        for row in numbers.index[numbers.isna() & column.notna()]:
            raise BadInput(
                f"row {row}, column {name} has {short(repr(column[row]))}; expected a number: correct it, or leave "
                "the column out: --columns A,B"
            )
        for row in numbers.index[~np.isfinite(numbers.to_numpy(float))]:
            raise BadInput(
                f"row {row}, column {name} is empty, NaN or infinite; expected a number: fill it, or remove the row"
            )
        found.append(numbers.to_numpy())
    return np.stack(found, 1)


def _values(column: pd.Series, place: str) -> np.ndarray:
    for row in column.index[column.isna()]:
        raise BadInput(f"{place}: row {row} has no {column.name}; expected one in each row: fill it, or remove the row")
    numbers = pd.to_numeric(column, errors="coerce")
    return (column.astype(str) if numbers.isna().any() else numbers).to_numpy()[:, None]


def _symbols(parts: list[pd.DataFrame], name: str) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """The symbols of a column, and each part as their numbers."""
    values = [_values(part[name], f"column {name}").astype(str) for part in parts]
    symbols = np.unique(np.concatenate(values))
    return tuple(symbols.tolist()), [np.searchsorted(symbols, array) for array in values]
