"""Tables in text that are larger than memory should be: read a part at a time, their columns kept on a disk.

What a column holds is decided by all of its rows, as of a smaller table. One of more different texts than can be kept, such
as a time of each row, is read in the manner that a sample of it shows, and every row is checked against it.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import cells, scratch
from gatebench.ingest.cells import Column
from gatebench.ingest.choices import Choices
from gatebench.ingest.delimited import TextTable
from gatebench.ingest.question import as_typed

ROWS = 2**16
"""Rows that are read together."""
MOST_TEXTS = 2**20
"""Different texts of a column that are kept, at the most."""
SAMPLE = 2**15
"""Different texts by which it is decided how a column of more is written, at the most."""
WITNESSES = 50
"""Texts of the sample that are read with every part, so that it is read in the same manner."""
TRUTHS = ("True", "False", "TRUE", "FALSE", "true", "false")
"""Texts that are read as truth values where a column has no others."""


class _Texts:
    """A column of texts of which the different ones are kept."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.codes = scratch.Growing()
        self.rows = 0

    @property
    def are_too_many(self) -> bool:
        return len(self.numbers) > MOST_TEXTS

    def add(self, texts: pd.Series) -> None:
        """Note the texts of the next rows."""
        self.rows += len(texts)
        if self.are_too_many:
            return
        codes, different = pd.factorize(texts)
        of_part = [self.numbers.setdefault(text, len(self.numbers)) for text in different]
        self.codes.add(np.append(of_part, -1).astype(np.int32)[codes])

    def finish(self) -> pd.Categorical:
        """Return the texts of all rows."""
        codes, texts = self.codes.finish(), [*self.numbers]
        if texts and set(texts) <= {*TRUTHS}:
            words = [text.capitalize() for text in texts]
            texts = [*dict.fromkeys(words)]
            codes = np.append([texts.index(word) for word in words], -1)[codes]
        return pd.Categorical.from_codes(codes, pd.Index(texts, dtype=object), validate=False)


def read(table: TextTable, where: str, choices: Choices) -> tuple[pd.DataFrame, dict[str, Column]]:
    """Return the rows of a table, and those columns whose cells had to be read with it.

    Parameters
    ----------
    table
        How the table is read.
    where
        The file, for messages.
    choices
        What the user chose. `Undecided` where a column can be read in several ways.

    """
    first = next(_parts(table, {}, None))
    names = [str(name) for name in first.columns]
    as_texts = {name for name in names if first[name].dtype.kind not in "ifb"}
    numbers, texts = _read_whole(table, names, as_texts)
    late = [name for name in names if name not in numbers and name not in texts]
    if late:  # texts that begin far below
        texts |= _read_whole(table, late, {*late})[1]
    rows = len(next(iter(numbers.values()))) if numbers else next(iter(texts.values())).rows
    known: dict[str, Column] = {}
    columns: dict[str, object] = {}
    for name in names:
        if name in numbers:
            columns[name] = numbers[name]
        elif not texts[name].are_too_many:
            columns[name] = texts[name].finish()
        elif name.strip() in (choices.without or []):
            columns[name] = np.broadcast_to(np.nan, rows)
        else:
            known[name.strip()] = column = _read_many(table, name, where, [*texts[name].numbers], choices)
            columns[name] = column.values.view("datetime64[ns]") if column.kind == "date" else column.values
    return pd.DataFrame(columns, copy=False), known


def _parts(table: TextTable, dtype: dict[str, type], names: list[str] | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of some columns, or of all, a part at a time; without the empty ones at the end of a single column."""
    options = {**table.options, "dtype": dtype, "usecols": names}
    waiting: pd.DataFrame | None = None
    with table.opener() as file, pd.read_csv(file, chunksize=ROWS, **options) as parts:  # pyright: ignore
        for part in parts:
            if table.options["skip_blank_lines"]:
                yield part
                continue
            whole = part if waiting is None else pd.concat([waiting, part], ignore_index=True)
            filled = np.flatnonzero(whole.iloc[:, 0].notna())
            end = int(filled[-1]) + 1 if len(filled) else 0
            waiting = whole.iloc[end:]
            if end:
                yield whole.iloc[:end]


def _read_whole(table: TextTable, names: list[str], as_texts: set[str]) -> tuple[dict[str, np.ndarray], dict[str, _Texts]]:
    """Return the numbers of columns, and the texts of those that are known to hold texts; nothing of others that do."""
    numbers = {name: scratch.Growing() for name in names if name not in as_texts}
    kinds: dict[str, set[str]] = {name: set() for name in numbers}
    texts = {name: _Texts() for name in as_texts}
    for part in _parts(table, dict.fromkeys(as_texts, str), names):
        for name in [*numbers]:
            kinds[name].add(part[name].dtype.kind)
            if kinds[name] <= {"i", "f"} or kinds[name] == {"b"}:
                numbers[name].add(part[name].to_numpy())
            else:
                del numbers[name]
        for name in as_texts:
            texts[name].add(part[name])
    return {name: growing.finish() for name, growing in numbers.items()}, texts


def _read_many(table: TextTable, name: str, where: str, different: list[str], choices: Choices) -> Column:
    """Return a column of very many different texts as numbers or dates.

    ``BadInput`` where it holds neither, or a row differs from the sample; `Undecided` where all rows can be read in several
    ways.
    """
    places = np.unique(np.linspace(0, len(different) - 1, SAMPLE).astype(int))
    sample = pd.Series([different[place] for place in places], dtype=object)
    manners = _manners(name.strip(), sample, choices)
    if not manners:
        column = cells.read(name.strip(), sample, choices)
        odd = "" if column.spoilt is None else f", such as {shorten(repr(column.values[column.spoilt]))} among numbers"
        raise BadInput(
            f"{where}, column {name.strip()} has more than {MOST_TEXTS:,} different texts{odd}; expected numbers or dates, "
            f"or fewer texts: leave it out, {as_typed('--without', name.strip())}, or correct them"
        )
    witnesses = sample.iloc[np.linspace(0, len(sample) - 1, WITNESSES).astype(int)]
    read = {written: (scratch.Growing(), scratch.Growing()) for written in manners}
    kind, row = "", 0
    for part in _parts(table, {name: str}, [name]):
        texts = pd.concat([witnesses, part[name].astype(object)], ignore_index=True)
        for written in [*read]:
            column = _read_in(name.strip(), texts, manners[written], written)
            if column is None and len(read) == 1:
                odd = row + _first_odd(name.strip(), witnesses, part[name], manners[written], written)
                text = part[name].iloc[odd - row]
                raise BadInput(
                    f"{where}, row {odd + 1}, column {name.strip()} has {shorten(repr(text))}; expected "
                    f"{written or 'numbers'}, as in the rows before: correct it, leave the column out, "
                    f"{as_typed('--without', name.strip())}, or, if it stands for what is missing: "
                    f"{as_typed('--na', shorten(text))}"
                )
            if column is None:
                del read[written]
                continue
            kind = column.kind
            read[written][0].add(column.values[len(witnesses) :])
            read[written][1].add(column.missing[len(witnesses) :])
        row += len(part)
    finished = {written: [growing.finish() for growing in pair] for written, pair in read.items()}
    if len(finished) > 1:
        rising = [written for written, (values, _) in finished.items() if (np.diff(values) >= 0).all()]
        if len(rising) != 1:
            cells.read(name.strip(), sample, choices)  # which asks
        finished = {written: finished[written] for written in rising[:1] or [*finished][:1]}
    ((written, (values, missing)),) = finished.items()
    absent = missing if missing.any() else np.broadcast_to(False, len(missing))
    return Column(name.strip(), "date" if kind == "date" else "number", values, absent, written or None)


def _manners(name: str, sample: pd.Series, choices: Choices) -> dict[str, Choices]:
    """Return how a sample may be written -> the choices that have it read so; of the same manner, one is enough."""
    manners: dict[str, Choices] = {}
    points = sample.str.contains(".", regex=False).all()
    for dates in [choices.dates] if choices.dates else ["day-first", *([] if points else ["month-first"])]:
        for decimal in [choices.decimal] if choices.decimal else ["comma", "point"]:
            chosen = replace(choices, dates=dates, decimal=decimal)
            column = cells.read(name, sample, chosen)
            if column.kind in ("number", "date"):
                manners.setdefault(column.written or "", chosen)
    return manners


def _read_in(name: str, texts: pd.Series, choices: Choices, written: str) -> Column | None:
    column = cells.read(name, texts, choices)
    return column if column.kind in ("number", "date") and (column.written or "") == written else None


def _first_odd(name: str, witnesses: pd.Series, part: pd.Series, choices: Choices, written: str) -> int:
    """Return the place of the first text of a part that is not written in a manner."""
    low, high = 0, len(part) - 1
    while low < high:
        middle = (low + high) // 2
        texts = pd.concat([witnesses, part.iloc[low : middle + 1].astype(object)], ignore_index=True)
        low, high = (low, middle) if _read_in(name, texts, choices, written) is None else (middle + 1, high)
    return low
