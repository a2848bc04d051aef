"""Columns that tell things apart, each of which has a series: by their names, or by the rows in which they stand."""

import re
from collections.abc import Iterable

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest.cells import Column

NAME = re.compile(
    r"(^|[_ .:-])(?i:id|user|customer|client|patient|subject|person|household|account|case|order|trip|session|device|machine"
    r"|sensor|station|vehicle|vessel|mmsi|track|ticker|symbol|unit)$|(?<=[a-z])I[Dd]$"
)
"""Names of columns that tell things apart, each of which has a series."""
WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
"""Texts that are whole numbers, zeros in front of them included."""
ROWS_OF_A_THING = 3
"""Rows of each of them on average, at the least."""


def stand_in_blocks(codes: np.ndarray) -> bool:
    """Whether the rows of each number ``[N]`` follow one another, and are several on average."""
    values = int(codes.max()) + 1
    return 1 < values <= len(codes) // ROWS_OF_A_THING and np.count_nonzero(np.diff(codes)) + 1 == values


def may_tell_apart(column: Column) -> bool:
    """Whether a column is called so, or stands in blocks, as what tells things apart does and measurements seldom do."""
    return NAME.search(column.name) is not None or stand_in_blocks(column.codes())


def check_writing(where: str, texts: Iterable[str]) -> None:
    """Raise ``BadInput`` if two whole numbers of a key are one but for zeros or a sign in front, as ``007`` and ``7``.

    Parameters
    ----------
    where
        What a message calls the column.
    texts
        Its different cells as they are written.

    """
    written: dict[int, str] = {}
    for text in filter(WHOLE.fullmatch, texts):
        other = written.setdefault(int(text), text)
        if other != text:
            raise BadInput(
                f"{where} has {shorten(other)} and {shorten(text)}, which are the same number; expected one writing of each "
                "that tells sequences apart: write them alike if they are one, or with a letter in front if they are two"
            )


def filled_from_above(column: Column) -> Column | None:
    """Return a column whose empty cells have the value above them, as merged cells of a spreadsheet do; None without."""
    if not column.missing.any() or column.missing[0]:
        return None
    rows = np.maximum.accumulate(np.where(column.missing, 0, np.arange(len(column.missing))))
    return column.take(rows)
