"""Blank lines between the rows of a table in text, which part it into blocks."""

import io
from collections.abc import Iterator

import numpy as np
import pandas as pd

from gatebench.ingest import delimited


def find(table: delimited.TextTable, rows: pd.DataFrame) -> np.ndarray | None:
    """Return the number of the block that each row stands in ``[N]``; None where no blank line stands between rows.

    Parameters
    ----------
    table
        How the table is read.
    rows
        Its rows; of a single column, a blank line is one.

    """
    if len(rows.columns) == 1 and not pd.api.types.is_numeric_dtype(rows.iloc[:, 0].dtype):
        return None
    with table.opener() as file, io.TextIOWrapper(file, encoding=str(table.options["encoding"]), newline=None) as text:
        if not _has_blank_between(text):
            return None
    blocks = np.concatenate([*_numbered(table)])
    blocks -= blocks[0] if len(blocks) else 0
    if not blocks.any():
        return None
    if len(blocks) < len(rows):  # rows of separators alone, or blank ones, are of the block before
        filled = rows.notna().any(axis=1).to_numpy()
        if filled.sum() != len(blocks):
            return None
        of_rows = np.zeros(len(rows), int)
        of_rows[filled] = blocks
        blocks = np.maximum.accumulate(of_rows)
    return blocks


def _has_blank_between(text: io.TextIOWrapper) -> bool:
    is_blank = False
    for line in text:
        if line.isspace():
            is_blank = True
        elif is_blank:
            return True
    return False


def _numbered(table: delimited.TextTable) -> Iterator[np.ndarray]:
    """Yield the block of each row that has something, a part at a time."""
    options = table.options | {"skip_blank_lines": False, "dtype": str, "chunksize": delimited.ROWS}
    number, was_filled = 0, True
    with table.opener() as file, pd.read_csv(file, **options) as parts:  # pyright: ignore
        for part in parts:
            first = part.iloc[:, 0].str.strip().fillna("").to_numpy(str)
            filled = (first != "") | part.iloc[:, 1:].notna().any(axis=1).to_numpy()
            begins = filled & ~np.concatenate([[was_filled], filled[:-1]])
            numbers = number + np.cumsum(begins)
            yield numbers[filled]
            number, was_filled = int(numbers[-1]), bool(filled[-1])
