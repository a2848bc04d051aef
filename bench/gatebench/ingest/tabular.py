"""Files of tables, csv or parquet, as one table whose rows know where they come from."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest.limits import check_count


@dataclass(frozen=True)
class Table:
    """The rows of all files, one after the other, named by their position, which they keep whatever becomes of them."""

    files: list[Path]
    """The files, in the order of their rows."""
    rows: pd.DataFrame
    """The rows of all files."""
    starts: np.ndarray
    """Position of the first row of each file."""

    def files_of(self, positions: np.ndarray) -> np.ndarray:
        """Return the number of the file that each row stands in."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def where(self, position: int) -> str:
        """Return a row for a message, counted from 1 in its file."""
        file = int(self.files_of(np.array(position)))
        return f"{self.files[file].name}, row {position - self.starts[file] + 1}"


def read(files: list[Path]) -> Table:
    """Return tables of the same columns as one; ``BadInput`` if a file is no table, or has other columns."""
    tables = [_read_table(file) for file in files]
    for file, table in zip(files, tables, strict=True):
        if list(table.columns) != list(tables[0].columns):
            raise BadInput(
                f"{file} has the columns {list_columns(table)}, but {files[0].name} has {list_columns(tables[0])}; expected "
                "the same in all files: correct one of them"
            )
    starts = np.cumsum([0, *map(len, tables[:-1])])
    return Table(files, pd.concat(tables, ignore_index=True), starts)


def _read_table(file: Path) -> pd.DataFrame:
    try:
        table = _read_parquet(file) if file.suffix.lower() == ".parquet" else _read_csv(file)
    except BadInput:
        raise
    except Exception as error:  # whatever a parser makes of a file that is none
        raise BadInput(
            f"{file} cannot be read as a table ({shorten(error)}); expected csv in UTF-8 or parquet: convert it"
        ) from error
    table.columns = [str(name).strip() for name in table.columns]
    if table.empty or table.columns.duplicated().any():
        raise BadInput(
            f"{file} has {len(table)} rows of the columns {list_columns(table)}; expected rows, and a name for each "
            "column: correct it"
        )
    return table


def _read_csv(file: Path) -> pd.DataFrame:
    with file.open(encoding="utf-8-sig", newline="") as text:
        first = text.readline(2**20)
    separator = max(",;\t|", key=first.count)
    cells = next(csv.reader(io.StringIO(first), delimiter=separator), [])
    nameless = bool(cells) and all(is_number(cell) for cell in cells)
    table = pd.read_csv(
        file, sep=separator, header=None if nameless else 0, encoding="utf-8-sig", low_memory=False, index_col=False,
    )  # fmt: skip
    return table.rename(columns=lambda number: f"column{number}") if nameless else table


def is_number(cell: str) -> bool:
    """Return whether the text of a cell can be read as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_parquet(file: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        check_count(str(file), opened.metadata.num_rows * opened.metadata.num_columns)
        table = opened.read().to_pandas(ignore_metadata=True)
    return table.drop(columns=[name for name in table.columns if name.startswith("__index_level_")])  # pandas' row numbers


def list_columns(table: pd.DataFrame) -> str:
    """Return the names of columns for a message."""
    return shorten(", ".join(map(str, table.columns)))
