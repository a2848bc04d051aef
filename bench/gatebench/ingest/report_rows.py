"""Rows of a table that are no data: titles above its header, headers that come again, totals below."""

import re

import numpy as np
import pandas as pd

from gatebench.core.errors import shorten

TOTAL = re.compile(r"\W*(grand |sub)?(totals?|sum|summe|gesamt|average|mean|avg|count|mittel(wert)?)\W*", re.IGNORECASE)
"""Texts that name what stands in the last row of a report."""
MOST_TITLES = 20
"""Lines above a header, at the most."""
FEWEST_ROWS = 5
"""Rows below them, at the least."""


def count_titles(table: list[list[str]]) -> int:
    """Return how many lines above the header have a text in their first cell alone, or nothing."""
    widest = max((len(row) for row in table), default=0)
    titles = next((i for i, row in enumerate(table) if any(cell.strip() for cell in row[1:])), 0)
    is_table = widest > 1 and len(table) - titles >= FEWEST_ROWS and all(len(row) == widest for row in table[titles:])
    return titles if is_table and titles <= MOST_TITLES else 0


def leave_out(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a table without headers that come again and without totals at its end, and a line about each kind."""
    texts = [name for name in rows.columns if not pd.api.types.is_numeric_dtype(rows[name].dtype)]
    if not texts or len(rows) < FEWEST_ROWS:
        return rows, []
    lines: list[str] = []
    if len(texts) == len(rows.columns):
        repeated = np.ones(len(rows), bool)
        for name in rows.columns:
            repeated &= _is_name(rows[name], name)
        if repeated.any():
            rows = rows[~repeated].reset_index(drop=True)
            lines.append(f"left out: {int(repeated.sum()):,} row(s) that repeat the header")
    count = 0
    while len(rows) - count > FEWEST_ROWS and (name := _total(rows.iloc[: len(rows) - count])):
        count += 1
        lines.append(f"left out: the last row, which is called {shorten(repr(name))}")
    return rows.iloc[: len(rows) - count], lines


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
