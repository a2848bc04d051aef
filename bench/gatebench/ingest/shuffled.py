"""The question whether rows that stand in no order are put in one by a column of numbers."""

import numpy as np

from gatebench.data import long_arrays
from gatebench.ingest.cells import Column
from gatebench.ingest.choices import NONE
from gatebench.ingest.question import Reading, ask

FEWEST_ROWS = 30
"""Rows from which on it can be seen that they are shuffled."""
MOST_TRIED = 12
"""Columns in whose order rows are tried, at the most."""
SMOOTH, SMOOTHER = 0.6, 0.7
"""Steps from row to row that are much less than those of shuffled rows, and than those of the rows as they stand."""
EVENLY_SPREAD = 0.97
"""Share of the variance of times that their ranks explain, at the least; of a normal distribution it is 0.95."""
FIRST_ROWS = 2**20
"""Rows, the first ones, in which it is looked at how they stand."""


def ask_about(columns: dict[str, Column], codes: np.ndarray, free: list[str]) -> None:
    """Ask about a column in whose order all others are smooth, and much smoother than in that of the rows."""
    tried = free[:MOST_TRIED]
    if len(codes) < FEWEST_ROWS or len(tried) < 2 or codes.any():
        return

    def roughness(order: np.ndarray | slice, name: str, rows: int) -> float:
        column = columns[name]
        values = column.values[:rows].astype(float)[order][~column.missing[:rows][order]]
        count, ranked = len(values), np.sort(values)
        # What two rows differ by on average, over all pairs: that of shuffled rows, without the luck of one shuffle.
        by_chance = 2 * float(ranked @ (2 * np.arange(count) - count + 1)) / max(1, count * (count - 1))
        return float(np.abs(np.diff(values)).mean() / by_chance) if by_chance else 0.0

    as_they_stand = {name: roughness(slice(None), name, min(FIRST_ROWS, len(codes))) for name in tried}
    for name in (name for name in tried if not columns[name].missing.any()):
        values = columns[name].values.astype(float)
        if len(long_arrays.distinct(values)) < len(codes):
            continue
        ordered = np.argsort(values, kind="stable")
        ranks = np.corrcoef(values[ordered], np.arange(len(codes)))[0, 1]
        if ranks**2 < EVENLY_SPREAD:
            continue
        most = {other: min(SMOOTH, SMOOTHER * rough) for other, rough in as_they_stand.items() if other != name}
        if all(roughness(ordered, other, len(codes)) < limit for other, limit in most.items()):
            raise ask(
                f"rows stand in no order, but in the order of column {name} all others change little from row to row",
                Reading("it puts the rows in order", {"order": name}),
                Reading("it is measured, and rows are in order as they stand", {"order": NONE, "numbers": [name]}),
            )
