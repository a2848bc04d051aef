"""What the cells of a column are: numbers, dates or texts, however they are written, and which of them are missing."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from gatebench.ingest import dates, numbers
from gatebench.ingest.choices import NONE, Choices
from gatebench.ingest.question import Reading, Undecided

MARKS = ("na", "n/a", "#n/a", "<na>", "nan", "null", "none", "missing", "?", "-", "--", ".", "*", "nil")
"""Texts, in small letters, that stand for what is missing among numbers and dates."""
MOSTLY = 0.5
"""Share of numbers from which on a column holds numbers, of which some cell is none."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    """Its name in the file."""
    kind: Literal["number", "date", "text", "empty"]
    """What its cells are."""
    values: np.ndarray
    """Numbers, nanoseconds or texts ``[N]``."""
    missing: np.ndarray
    """Which cells have no value, ``[N]``."""
    written: str | None = None
    """How numbers and dates were written, if not plainly."""
    spoilt: int | None = None
    """Position of the first cell that is no number, in a column of texts that mostly are."""

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers alone, and no value is missing."""
        if self.kind != "number" or self.missing.any():
            return False
        return self.values.dtype.kind in "iu" or bool(
            self.values.dtype.kind == "f" and (self.values == np.floor(self.values)).all() and np.isfinite(self.values).all()
        )


def read_all(rows: pd.DataFrame, choices: Choices) -> dict[str, Column]:
    """Return the columns of a table; `Undecided` where a comma or a day is not clear, and no other column makes it so.

    Parameters
    ----------
    rows
        The table.
    choices
        What the user chose.

    """
    columns: dict[str, Column] = {}
    unclear: dict[str, Undecided] = {}
    for name in rows.columns:
        try:
            columns[name] = read(name, rows[name], choices)
        except Undecided as undecided:
            unclear[name] = undecided
    for name, undecided in unclear.items():
        readings = undecided.question.readings
        # A table is written in one manner: what one column shows holds for all.
        shown = [(r, _showing(columns, r)) for r in readings]
        fitting = [(reading, others) for reading, others in shown if others]
        if len(fitting) != 1:
            raise undecided
        ((reading, others),) = fitting
        column = read(name, rows[name], replace(choices, **reading.choices))  # pyright: ignore[reportArgumentType]
        columns[name] = replace(column, written=f"{column.written}, as in {others[0]}")
    return {name: columns[name] for name in rows.columns}


def _showing(columns: dict[str, Column], reading: Reading) -> list[str]:
    """Return the columns that can only be read in a manner that may be that of another one."""
    ((option, manner),) = reading.choices.items()
    if option == "dates":
        return [name for name, column in columns.items() if column.written == f"dates, the {str(manner).replace('-', ' ')}"]
    marks = {"comma": "with a decimal comma", "point": "with commas between thousands"}
    return [
        name for name, column in columns.items() if column.kind == "number"
        and (marks[str(manner)] in (column.written or "") or (manner == "point" and _has_points(column)))
    ]  # fmt: skip


def _has_points(column: Column) -> bool:
    """Whether numbers that were written plainly have fractions."""
    if column.written is not None or column.values.dtype.kind != "f":
        return False
    values = column.values[~column.missing]
    return bool((values != np.floor(values)).any())


def read(name: str, cells: pd.Series, choices: Choices) -> Column:
    """Return a column of a table as numbers, dates or texts."""
    marked = set(choices.na or []) - {NONE}
    if marked:
        cells = cells.mask(cells.astype(str).str.strip().isin(_spellings(marked)))
    missing = cells.isna().to_numpy()
    if missing.all():
        return Column(name, "empty", np.full(len(cells), np.nan), missing)
    if cells.dtype.kind == "M":
        return Column(name, "date", dates.nanoseconds(cells), missing, "dates")
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return _read_numbers(name, cells, missing)
    return _read_texts(name, cells.astype(object), missing, choices)


def _spellings(marked: set[str]) -> set[str]:
    """Return texts and, of whole numbers, how they look in a column that has fractions."""
    return marked | {f"{float(text):.1f}" for text in marked if text.lstrip("+-").isdigit()}


def _read_numbers(name: str, cells: pd.Series, missing: np.ndarray) -> Column:
    values = cells.to_numpy(float, na_value=np.nan) if missing.any() else cells.to_numpy()
    if values.dtype.kind in "iu":
        days = dates.read_whole_numbers(values)
        if days is not None:
            return Column(name, "date", days.values, missing, days.written)
    return Column(name, "number", values, missing)


def _read_texts(name: str, cells: pd.Series, empty: np.ndarray, choices: Choices) -> Column:
    """Return a column of texts, or of whatever else a file may hold, as what the texts mean."""
    texts = cells.where(~empty, "").astype(str).str.strip()
    empty = empty | (texts == "").to_numpy()
    if empty.all():
        return Column(name, "empty", np.full(len(cells), np.nan), empty)
    marks = texts.str.lower().isin(MARKS).to_numpy() if choices.na != [NONE] else np.zeros(len(texts), bool)
    missing = empty | marks
    values = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    plain = ~np.isnan(values) & ~missing
    if plain.any() and (plain | missing).all():
        whole = pd.to_numeric(texts).to_numpy() if not missing.any() else values
        return Column(name, "number", whole, missing)
    rest = texts[~missing]
    if len(rest) and not plain.all():
        written = numbers.read(name, rest, choices.decimal)
        if written is not None:
            return Column(name, "number", _spread(written.values, missing), missing, f"numbers {written.written}")
        days = dates.read(name, rest, choices.dates)
        if days is not None:
            stamps = np.full(len(texts), np.iinfo(np.int64).min)
            stamps[~missing] = days.values
            return Column(name, "date", stamps, missing, days.written)
    spoilt = np.flatnonzero(~plain & ~missing) if plain.sum() > MOSTLY * len(rest) else []
    return Column(name, "text", texts.to_numpy(object), empty, spoilt=int(spoilt[0]) if len(spoilt) else None)


def _spread(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return values with NaN between them where there is none."""
    if not missing.any():
        return values
    spread = np.full(len(missing), np.nan)
    spread[~missing] = values
    return spread
