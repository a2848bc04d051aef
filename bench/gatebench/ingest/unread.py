"""Columns of texts that a program would leave out, or take for symbols, and a reader would not."""

import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest.cells import Column
from gatebench.ingest.question import as_typed

AMOUNT = r"[^\w.,;:/]{0,2}(?:[A-Za-z]{1,3}[^\w.,;:/]{0,2})?\d[\d,]*(?:[.,]\d+)?(?![.:/\d-]|\w*_)"
"""The beginning of a text with an amount, which is no version, address, time or name."""
TIME = r"\d.*\d:\d\d"
"""The beginning of a text with a time of a day."""
MOST_ONCE = 0.9
"""Share of different texts among the rows from which on none of them is learned."""


def refuse_amounts(column: Column) -> None:
    """Raise ``BadInput`` where many texts are amounts or times in no form that is known, and would be left out unseen."""
    texts = pd.Series(column.different, dtype=object)
    if texts.str.match(TIME).all():
        looks, expected = "times", "times such as 2024-02-29 13:45 (without them, rows are in order as they stand)"
    elif texts.str.match(AMOUNT).all() and texts.str.contains(r"\d[.,]\d", regex=True).mean() > 0.5:
        looks, expected = "amounts", "numbers alone, or one unit behind all"
    else:
        return
    raise BadInput(
        f"column {column.name} has {len(texts):,} different texts that look like {looks} in no form that is known, such "
        f"as {_shown(texts)}; expected {expected}: write them so, or leave the column out: "
        f"{as_typed('--without', column.name)}"
    )


def refuse_single_symbols(column: Column) -> None:
    """Raise ``BadInput`` where nearly each row of the only column that is read has a text of its own."""
    texts, rows = pd.Series(column.different, dtype=object), int((~column.missing).sum())
    if len(texts) > MOST_ONCE * rows:
        raise BadInput(
            f"column {column.name}, the only one that is read, has {len(texts):,} different texts in {rows:,} rows, such as "
            f"{_shown(texts)}; expected numbers, or symbols that come again: give others, --columns A,B"
        )


def _shown(texts: pd.Series) -> str:
    return shorten(" and ".join(map(repr, dict.fromkeys([texts.iloc[0], texts.iloc[len(texts) // 2]]))))
