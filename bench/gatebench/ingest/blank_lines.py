"""Blank lines between the rows of a table in text, which part it into blocks."""

import io
from collections.abc import Iterator

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
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


def check_one_table(rows: pd.DataFrame, blocks: np.ndarray, where: str) -> None:
    """Raise ``BadInput``, which says ``where``, if a block begins with names of other columns: it is a table of its own."""
    starts = np.flatnonzero(np.diff(blocks)) + 1
    starts = starts[(starts + 1 < len(rows)) & (blocks[np.minimum(starts + 1, len(rows) - 1)] == blocks[starts])]
    names = {str(name).strip() for name in rows.columns}
    for first, below in zip(rows.iloc[starts].to_numpy(object), rows.iloc[starts + 1].to_numpy(object), strict=True):
        cells = [str(cell).strip() for cell in first if not pd.isna(cell)]
        has_values = any(delimited.is_value(str(cell)) for cell in below)
        if cells and has_values and not any(map(delimited.is_value, cells)) and set(cells) != names:
            raise BadInput(
                f"{where} has two tables, of which another one begins with {shorten(', '.join(cells))} below a blank line; "
                "expected one: write the lines of one into a file of its own"
            )


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
