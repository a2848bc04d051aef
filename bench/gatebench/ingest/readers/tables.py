"""Tables in text, csv or its like: one long one with a column of sequences, a single series, or a file a sequence."""

import warnings
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.ingest import limits, tabular, target
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from gatebench.ingest.tabular import Table

SUFFIXES = (".csv", ".tsv", ".tab", ".dat", ".csv.gz", ".tsv.gz", ".zip")
MOST_FILES = None
SEQUENCE_NAMES = ("sequence", "sequence_id", "seq", "seq_id", "series", "series_id", "unique_id", "trial", "trial_id",
                  "session", "session_id", "episode", "episode_id", "id")  # fmt: skip
"""Names of a column that is taken to tell sequences apart."""
ORDER_NAMES = ("time", "t", "step", "date", "datetime", "timestamp")
"""Names of a column that is taken to put steps in order."""
GROUP_NAMES = ("group", "subject", "subject_id", "speaker", "speaker_id", "patient", "patient_id", "user", "user_id")
"""Names of a column that is taken to say which sequences belong together."""


class Partition(NamedTuple):
    """How the rows of a table are parted into sequences."""

    column: str | None
    """The column that tells sequences apart, if it is one."""
    codes: np.ndarray
    """The number of each row's sequence, ``[N]``."""
    origins: list[str]
    """Where each sequence comes from, for messages."""
    line: str
    """What was decided about the table, as a line for the user."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one table, or of a table for each."""
    return arrange(tabular.read(files, tabular.read_delimited), choices)


def arrange(table: Table, choices: Choices) -> RawData:
    """Return the sequences of a table, with their target and groups where columns have them."""
    choices.check_only("a table", "sequence", "order", "group", "label", "columns")
    files = table.files
    partition = _find_sequences(table, choices)
    order = _find_column(table, "order", choices, ORDER_NAMES)
    group = _find_column(table, "group", choices, GROUP_NAMES)
    label = _find_column(table, "label", choices, ())
    inputs = _find_inputs(table, [name for name in (partition.column, order, group, label) if name], choices)
    limits.check_count(str(files[0] if len(files) == 1 else files[0].parent), len(table.rows) * len(inputs))
    decisions = [*table.lines, partition.line]
    if order:
        decisions.append(f"order: by column {order} (--order COLUMN)")
    decisions.append(f"columns: {shorten(', '.join(inputs))} (--columns A,B)")

    ranks = _rank_rows(table, order) if order else np.arange(len(partition.codes))
    sorted_rows = np.lexsort((ranks, partition.codes))
    ends = np.cumsum(np.bincount(partition.codes))

    def by_sequence(values: np.ndarray) -> list[np.ndarray]:
        return np.split(values[sorted_rows], ends[:-1])

    is_symbols = len(inputs) == 1 and _is_text(table.rows[inputs[0]])
    names, numbers = _read_symbols(table, inputs[0]) if is_symbols else (tuple(inputs), _read_numbers(table, inputs))
    groups = _read_groups(by_sequence(_read_values(table, group)), partition.origins, group) if group else None
    raw = RawData(
        by_sequence(numbers), "a row", partition.origins, "symbols" if is_symbols else None, names, groups=groups,
        decisions=decisions,
    )  # fmt: skip
    if not label:
        return raw
    targets, what, line = target.decide(by_sequence(_read_values(table, label)), (label,), choices.as_target)
    return replace(raw, targets=targets, target=what, decisions=[*decisions, line])


def _find_sequences(table: Table, choices: Choices) -> Partition:
    several, rows, first = len(table.files) > 1, table.rows, table.files[0].name
    if several and choices.sequence:
        raise BadInput(f"--sequence is for one table, but there are {len(table.files)} files, each a sequence: remove it")
    if several:
        origins = [file.name for file in table.files]
        codes = table.files_of(np.arange(len(rows)))
        return Partition(None, codes, origins, f"sequences: {len(origins)}, a file each")
    name = _find_column(table, "sequence", choices, SEQUENCE_NAMES)
    if name is None or (choices.sequence is None and rows[name].is_unique):
        line = f"sequences: one series of {len(rows):,} rows, since no column is called sequence (--sequence COLUMN)"
        return Partition(None, np.zeros(len(rows), int), [first], line)
    _check_filled(table, name)
    codes, values = pd.factorize(rows[name])
    line = f"sequences: {len(values):,}, by column {name} (--sequence COLUMN)"
    return Partition(name, codes, [f"{first}, {name} {shorten(value)}" for value in values], line)


def _find_column(table: Table, option: str, choices: Choices, usual_names: tuple[str, ...]) -> str | None:
    """Return the column that an option names, or else the first one of a usual name that is not needed otherwise."""
    named = getattr(choices, option)
    if named is not None:
        return _check_column(table, option, named)
    needed = {choices.label, *(choices.columns or [])}
    lower = {name.lower(): name for name in table.rows.columns if name not in needed}
    return next((lower[name] for name in usual_names if name in lower), None)


def _check_column(table: Table, option: str, name: str) -> str:
    if name not in table.rows.columns:
        raise BadInput(f"--{option} {shorten(name)} is no column{did_you_mean(name, list(table.rows.columns))}")
    return name


def _check_filled(table: Table, name: str) -> None:
    """Raise ``BadInput`` if a row has nothing in a column."""
    column = table.rows[name]
    for row in column.index[column.isna()]:
        raise BadInput(f"{table.where(row)} has no {name}; expected one in each row: fill it, or remove the row")


def _rank_rows(table: Table, name: str) -> np.ndarray:
    """Return the rank of each row in the order of numbers or dates; equal ones stand as in the file."""
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


def _read_groups(values: list[np.ndarray], origins: list[str], column: str) -> list[Hashable]:
    """Return the one group of each sequence from its values ``[T, 1]``."""
    for values_of_one, origin in zip(values, origins, strict=True):
        if (values_of_one != values_of_one[0]).any():
            raise BadInput(f"{origin} is in several groups by {column}; expected one: use another: --group COLUMN")
    return [values_of_one[0, 0] for values_of_one in values]


def _find_inputs(table: Table, others: list[str], choices: Choices) -> list[str]:
    """Return the input columns: those that are named, or all but the others."""
    for name in choices.columns or []:
        if _check_column(table, "columns", name) == choices.label:
            raise BadInput(f"--columns has {name}, which is the target: --label; remove it from one of the two")
    inputs = choices.columns or [name for name in table.rows.columns if name not in others]
    if not inputs:
        raise BadInput(f"no column is left to read of {tabular.list_columns(table.rows)}; name some: --columns A,B")
    return inputs


def is_number(cell: str) -> bool:
    """Return whether the text of a cell can be read as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_text(column: pd.Series) -> bool:
    """Whether a column holds texts, and no number among them that is only spoilt by one."""
    cells = column.dropna().head(1000).tolist()
    return bool(cells) and all(isinstance(cell, str) and not is_number(cell) for cell in cells)


def _read_numbers(table: Table, names: list[str]) -> np.ndarray:
    """Return columns as ``[N, X]``; ``BadInput`` names the row and the column of what is no number."""
    columns = []
    for name in names:
        column = table.rows[name]
        if column.dtype.kind == "M":
            raise BadInput(f"column {name} holds dates; expected numbers: --order {name}, or leave it out: --columns A,B")
        numbers = pd.to_numeric(column, errors="coerce")
        for row in numbers.index[numbers.isna() & column.notna()]:
            raise BadInput(
                f"{table.where(row)}, column {name} has {shorten(repr(column[row]))}; expected a number: correct it, "
                f"leave the column out: --columns A,B, or make it the target: --label {name}"
            )
        for row in numbers.index[~np.isfinite(numbers.to_numpy(float))]:
            raise BadInput(
                f"{table.where(row)}, column {name} is empty, NaN or infinite; expected a number: fill it, or remove the row"
            )
        columns.append(numbers.to_numpy())
    return np.stack(columns, 1)


def _read_values(table: Table, name: str) -> np.ndarray:
    """Return a column of texts or numbers as ``[N, 1]``."""
    _check_filled(table, name)
    column = table.rows[name]
    numbers = pd.to_numeric(column, errors="coerce")
    return (column.astype(str) if numbers.isna().any() else numbers).to_numpy()[:, None]


def _read_symbols(table: Table, name: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the symbols of a column, and the number of each row's as ``[N, 1]``."""
    symbols, numbers = np.unique(_read_values(table, name).astype(str), return_inverse=True)
    return tuple(symbols.tolist()), numbers.reshape(-1, 1)
