"""What the cells of a column are: numbers, dates or texts, however they are written, and which of them are missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
import pandas as pd

from gatebench.data import long_arrays
from gatebench.ingest import dates, durations, numbering, numbers, scratch
from gatebench.ingest.choices import NONE, Choices
from gatebench.ingest.question import Reading, Undecided

MARKS = r"na|n/a|#n/a|<na>|nan|null|none|missing|nil|[-\u2013\u2014]+|\.+|\*+|\?+"
"""Texts, in small letters, that stand for what is missing among numbers and dates."""
MOSTLY = 0.5
"""Share of numbers from which on a column holds numbers, of which some cell is none."""


@dataclass(frozen=True)
class CodedTexts:
    """Texts that come again, each as the number of one of the different texts."""

    texts: np.ndarray
    """The different texts, as they appear."""
    codes: np.ndarray
    """The number of the text of each row ``[N]``."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    """Its name in the file."""
    kind: Literal["number", "date", "text", "empty"]
    """What its cells are."""
    stored: np.ndarray | CodedTexts
    """Numbers, nanoseconds or texts ``[N]``."""
    missing: np.ndarray
    """Which cells have no value, ``[N]``."""
    written: str | None = None
    """How numbers and dates were written, if not plainly."""
    spoilt: int | None = None
    """Position of the first cell that is no number, in a column of texts that mostly are."""

    @property
    def values(self) -> np.ndarray:
        """Numbers, nanoseconds or texts ``[N]``."""
        return self.stored.texts[self.stored.codes] if isinstance(self.stored, CodedTexts) else self.stored

    @property
    def present(self) -> np.ndarray:
        """The values that are not missing."""
        return self.values[~self.missing] if self.missing.any() else self.values

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers alone, and no value is missing."""
        if self.kind != "number" or self.missing.any():
            return False
        kind = self.values.dtype.kind
        return kind in "iu" or (kind == "f" and all(map(_are_whole, long_arrays.blocks([self.values]))))

    @property
    def different(self) -> np.ndarray:
        """The different ones of the values that are not missing, as they appear."""
        if not isinstance(self.stored, CodedTexts):
            return pd.unique(self.present)
        codes = self.stored.codes
        return self.stored.texts[pd.unique(codes[~self.missing] if self.missing.any() else codes)]

    def take(self, rows: np.ndarray) -> "Column":
        """Return the column at some rows."""
        if isinstance(self.stored, CodedTexts):
            stored = replace(self.stored, codes=scratch.take(self.stored.codes, rows))
        else:
            stored = scratch.take(self.stored, rows)
        return replace(self, stored=stored, missing=self.missing[rows] if self.missing.any() else self.missing[: len(rows)])

    def release(self) -> None:
        """Let go of the memory that the column takes where it lies on a disk."""
        for array in (self.stored.codes if isinstance(self.stored, CodedTexts) else self.stored, self.missing):
            long_arrays.release(array)

    def equals(self, value: object) -> np.ndarray:
        """Return which rows have a value ``[N]``."""
        if isinstance(self.stored, CodedTexts):
            return self.stored.codes == int((self.stored.texts == value).argmax())
        return self.stored == value

    def codes(self) -> np.ndarray:
        """Return a number for each row ``[N]``, the same where values are; numbered as they appear."""
        return numbering.number(self.stored.codes if isinstance(self.stored, CodedTexts) else self.stored)


def codes_of(columns: Sequence[Column]) -> np.ndarray:
    """Return a number for each row, the same where all columns are; numbered as they appear."""
    codes = columns[0].codes()
    for column in columns[1:]:
        codes = numbering.pair(codes, column.codes())
    return codes


def _are_whole(values: np.ndarray) -> bool:
    return bool((values == np.floor(values)).all() and np.isfinite(values).all())


def read_all(rows: pd.DataFrame, choices: Choices, known: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns of a table; `Undecided` where a comma or a day is not clear, and no other column makes it so.

    Parameters
    ----------
    rows
        The table.
    choices
        What the user chose.
    known
        Name -> column, of those that were read with the file.

    """
    columns: dict[str, Column] = {**known}
    unclear: dict[str, Undecided] = {}
    for name in rows.columns:
        if name in known:
            continue
        try:
            columns[name] = read(name, rows[name], choices)
            columns[name].release()
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
    return any((block != np.floor(block)).any() for block in long_arrays.blocks([column.present]))


def read(name: str, cells: pd.Series, choices: Choices) -> Column:
    """Return a column of a table as numbers, dates or texts."""
    marked = _spellings(set(choices.na or []) - {NONE})
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return _read_coded(name, cast(pd.Categorical, cells.array), choices, marked)
    if marked:
        cells = _without_marked(cells, marked)
    missing = _missing_in(cells)
    if missing.all():
        return Column(name, "empty", np.broadcast_to(np.nan, len(cells)), missing)
    if cells.dtype.kind == "M":
        return Column(name, "date", dates.nanoseconds(cells), missing, "dates")
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return _read_numbers(name, cells, missing, choices)
    return _read_texts(name, cells.astype(object), missing, choices)


def _spellings(marked: set[str]) -> set[str]:
    """Return texts and, of whole numbers, how they look in a column that has fractions."""
    return marked | {f"{float(text):.1f}" for text in marked if text.lstrip("+-").isdigit()}


def _without_marked(cells: pd.Series, marked: set[str]) -> pd.Series:
    """Return cells of which those that are written like one of some texts are missing."""
    are_marked = np.zeros(len(cells), bool)
    for start in range(0, len(cells), long_arrays.NUMBERS):
        block = cells.iloc[start : start + long_arrays.NUMBERS]
        are_marked[start : start + len(block)] = block.astype(str).str.strip().isin(marked)
    if not are_marked.any() or cells.dtype.kind not in "iuf":
        return cells.mask(are_marked)
    values = scratch.new((len(cells),), float)
    for start, block in long_arrays.rows_of(cells.to_numpy()):
        values[start : start + len(block)] = np.where(are_marked[start : start + len(block)], np.nan, block)
        long_arrays.release(values)
    return pd.Series(values, copy=False)


def _missing_in(cells: pd.Series) -> np.ndarray:
    """Return which cells have no value ``[N]``, in the memory of one cell where all have."""
    missing = cells.isna().to_numpy()
    return missing if missing.any() else np.broadcast_to(False, len(missing))


def _read_numbers(name: str, cells: pd.Series, missing: np.ndarray, choices: Choices) -> Column:
    plain = cells.dtype.kind == "f" or not missing.any()
    values = cells.to_numpy() if plain else cells.to_numpy(float, na_value=np.nan)
    if values.dtype.kind in "iu":
        are_times = dates.is_called_time(name) and name not in (choices.numbers or [])
        days = dates.read_whole_numbers(values, are_times)
        if days is not None:
            return Column(name, "date", days.values, missing, days.written)
    return Column(name, "number", values, missing)


def _read_coded(name: str, cells: pd.Categorical, choices: Choices, marked: set[str]) -> Column:
    """Return a column of texts that come again: what is decided about the different ones holds for all rows."""
    if not _counts(np.asarray(cells.codes), len(cells.categories)).all():
        cells = cells.remove_unused_categories()
    codes, texts = np.asarray(cells.codes), pd.Series(cells.categories, dtype=object)
    without = bool((codes < 0).any())
    if without:
        codes = codes.astype(np.int32)
        codes[codes < 0] = len(texts)
        texts = pd.concat([texts, pd.Series([""], dtype=object)], ignore_index=True)
    empty = texts.astype(str).str.strip().isin(marked | {""}).to_numpy()
    return _read_texts(name, texts, empty, choices, scratch.keep(codes))


def _read_texts(name: str, cells: pd.Series, empty: np.ndarray, choices: Choices, codes: np.ndarray | None = None) -> Column:
    """Return a column of texts, or of whatever else a file may hold, as what the texts mean.

    With ``codes``, which say of each row the cell that it has, the cells are the different ones.
    """
    texts = cells.where(~empty, "").astype(str).str.strip()
    empty = empty | (texts == "").to_numpy()

    def column(kind: Literal["number", "date"], values: np.ndarray, missing: np.ndarray, written: str | None) -> Column:
        return Column(name, kind, _of_rows(values, codes), _of_rows(missing, codes), written)

    if empty.all():
        count = len(texts) if codes is None else len(codes)
        return Column(name, "empty", np.broadcast_to(np.nan, count), np.broadcast_to(True, count))
    marks = texts.str.lower().str.fullmatch(MARKS).to_numpy(bool) if choices.na != [NONE] else np.zeros(len(texts), bool)
    missing = empty | marks
    values = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    plain = ~np.isnan(values) & ~missing
    if plain.any() and (plain | missing).all():
        whole = pd.to_numeric(texts).to_numpy() if not missing.any() else values
        return column("number", whole, missing, None)
    rest = texts[~missing]
    if len(rest) and not plain.all():
        written = durations.read(rest, name in (choices.numbers or [])) or numbers.read(name, rest, choices.decimal)
        if written is not None:
            return column("number", _spread(written.values, missing), missing, f"numbers {written.written}")
        days = dates.read(name, rest, choices.dates, _in_order_of_rows(missing, codes))
        if days is not None:
            stamps = np.full(len(texts), np.iinfo(np.int64).min)
            stamps[~missing] = days.values
            return column("date", stamps, missing, days.written)
    counts = np.ones(len(texts), int) if codes is None else _counts(codes, len(texts))
    spoilt = np.flatnonzero(~plain & ~missing) if counts[plain].sum() > MOSTLY * counts[~missing].sum() else []
    if codes is None:
        return Column(name, "text", texts.to_numpy(object), empty, spoilt=int(spoilt[0]) if len(spoilt) else None)
    first = int(np.isin(codes, spoilt).argmax()) if len(spoilt) else None
    numbers_of, different = pd.factorize(texts)  # texts with blanks around them may be the same without
    stored = CodedTexts(np.asarray(different, object), _of_rows(numbers_of.astype(np.int32), codes))
    return Column(name, "text", stored, _of_rows(empty, codes), spoilt=first)


def _counts(codes: np.ndarray, most: int) -> np.ndarray:
    """Return how many rows have each code, but for -1, of so many."""
    counts = np.zeros(most + 1, np.int64)
    for _, block in long_arrays.rows_of(codes):
        counts += np.bincount(block.astype(np.int64) + 1, minlength=most + 1)
    return counts[1:]


def _of_rows(cells: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
    """Return the cell of each row, from the different ones and their numbers; or the cells, where they are those of rows."""
    if codes is None:
        return cells
    if cells.dtype == bool and not cells.any():
        return np.broadcast_to(False, len(codes))
    of_rows = scratch.new((len(codes),), cells.dtype)
    for start, block in long_arrays.rows_of(codes):
        of_rows[start : start + len(block)] = cells[block]
        long_arrays.release(of_rows)
    return of_rows


def _in_order_of_rows(missing: np.ndarray, codes: np.ndarray | None) -> Callable[[np.ndarray], np.ndarray]:
    """Return what puts values of the cells that are not missing in the order of rows."""
    if codes is None:
        return lambda values: values
    places = np.cumsum(~missing) - 1
    return lambda values: values[places[codes[~missing[codes]]]]


def _spread(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return values with NaN between them where there is none."""
    if not missing.any():
        return values
    spread = np.full(len(missing), np.nan)
    spread[~missing] = values
    return spread
