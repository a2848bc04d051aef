"""Rows of a table that are no data: titles above its header, headers that come again, empty rows, totals below."""

import re

import numpy as np
import pandas as pd

from gatebench.core.errors import shorten
from gatebench.data import long_arrays
from gatebench.ingest import scratch

TOTAL = re.compile(r"\W*(grand |sub)?(totals?|sum|summe|gesamt|average|mean|avg|count|mittel(wert)?)\W*", re.IGNORECASE)
"""Texts that name what stands in the last row of a report."""
MOST_TITLES = 20
"""Lines above a header, at the most."""
FEWEST_ROWS = 5
"""Rows below them, at the least."""
BLOCK = 2**16
"""Rows that are looked at together."""
LARGEST_WHOLE = 2**53
"""Below it, fractions that are whole are exact."""


def count_titles(table: list[list[str]]) -> int:
    """Return how many lines above the header have a text in their first cell alone, or nothing."""
    widest = max((len(row) for row in table), default=0)
    titles = next((i for i, row in enumerate(table) if any(cell.strip() for cell in row[1:])), 0)
    is_table = widest > 1 and len(table) - titles >= FEWEST_ROWS and all(len(row) == widest for row in table[titles:])
    return titles if is_table and titles <= MOST_TITLES else 0


def leave_out(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a table without rows that are no data, and a line about each kind; rows keep their positions as an index."""
    rows, lines = _without_empty(rows.reset_index(drop=True))
    texts = _texts(rows)
    if not texts or len(rows) < FEWEST_ROWS:
        return rows, lines
    if len(texts) == len(rows.columns):
        repeated = np.ones(len(rows), bool)
        for name in rows.columns:
            repeated &= _is_name(rows[name], name)
        if repeated.any():
            rows = rows[~repeated]
            lines.append(f"left out: {int(repeated.sum()):,} row(s) that repeat the header")
    count = 0
    while len(rows) - count > FEWEST_ROWS and (name := _total(rows.iloc[: len(rows) - count])):
        count += 1
        lines.append(f"left out: the last row, which is called {shorten(repr(name))}")
    return rows.iloc[: len(rows) - count], lines


def _without_empty(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a table of several columns without rows of separators alone: those at its end, and others that are no steps.

    A row in between that has nothing may be a step of which all is missing, unless a column of texts or dates has
    something everywhere else.
    """
    if len(rows.columns) < 2:
        return rows, []
    kept = rows.iloc[: _end(rows)]
    lacking = {name: kept[name].isna().to_numpy() for name in _texts(kept) if kept[name].isna().any()}
    if lacking:
        empty = np.logical_and.reduce([*lacking.values()])
        for name in kept.columns:
            empty &= kept[name].isna().to_numpy() if empty.any() else empty
        if empty.any() and any((of_one == empty).all() for of_one in lacking.values()):
            kept = kept[~empty]
    count = len(rows) - len(kept)
    if not count or not len(kept):
        return rows, []
    return _with_whole_numbers(kept), [f"left out: {count:,} row(s) with nothing in them"]


def _end(rows: pd.DataFrame) -> int:
    """Return the number of rows up to the last one that has something."""
    for end in range(len(rows), 0, -BLOCK):
        start = max(0, end - BLOCK)
        filled = np.flatnonzero(rows.iloc[start:end].notna().any(axis=1))
        if len(filled):
            return start + int(filled[-1]) + 1
    return 0


def _texts(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows.columns if not pd.api.types.is_numeric_dtype(rows[name].dtype)]


def _with_whole_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose columns of whole numbers are such again, which a row with nothing in it had made fractions."""
    columns: dict[str, object] = {}
    for name in rows.columns:
        columns[name] = rows[name].array
        if rows[name].dtype != np.dtype(float):
            continue
        values = rows[name].to_numpy()
        if all(_are_whole(block) for _, block in long_arrays.rows_of(values)):
            columns[name] = whole = scratch.new((len(values),), np.int64)
            for start, block in long_arrays.rows_of(values):
                whole[start : start + len(block)] = block
                long_arrays.release(whole)
    return pd.DataFrame(columns, index=rows.index, copy=False)


def _are_whole(values: np.ndarray) -> bool:
    return bool((np.abs(values) < LARGEST_WHOLE).all() and (values == np.floor(values)).all())


def _is_name(cells: pd.Series, name: str) -> np.ndarray:
    """Return which cells of a column are its name."""
    if not isinstance(cells.dtype, pd.CategoricalDtype):
        return (cells.astype(str).str.strip() == name).to_numpy()
    are_names = pd.Series(cells.cat.categories).astype(str).str.strip() == name
    return np.append(are_names.to_numpy(bool), False)[cells.cat.codes.to_numpy()]


def _total(rows: pd.DataFrame) -> str | None:
    """Return what the last row is called, if that is a total among numbers or dates, or without a word beside numbers."""
    last = rows.iloc[-1]
    for name in rows.columns:
        cell = last[name]
        if isinstance(cell, str) and TOTAL.fullmatch(cell.strip()):
            above = rows[name].iloc[:-1].dropna().astype(str).head(50)
            if not above.empty and all(any(map(str.isdigit, text)) for text in above):
                return cell.strip()
    return None
