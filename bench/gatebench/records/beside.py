"""What others made of a study's tasks: CSV files in the folder ``beside/`` below the study's, a row for each score.

Whatever wrote them, a report shows them beside the cells.
"""

from pathlib import Path

import pandas as pd

from gatebench.core.errors import BadInput, shorten

COLUMNS = ["task", "method", "metric", "repetition", "value"]
"""Columns that a file must have: ``metric`` is one of `gatebench.core.metrics`, on the test split of the task; a method may
have several repetitions. What else a file has is for its readers."""


def folder(results: Path, study: str) -> Path:
    """Return where a study's files stand."""
    return results / study / "beside"


def read(results: Path, study: str) -> pd.DataFrame:
    """Return the rows of all of a study's files, of `COLUMNS` alone; ``BadInput`` if a file is no such table."""
    tables = [read_file(file)[COLUMNS] for file in sorted(folder(results, study).glob("*.csv"))]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def read_file(file: Path) -> pd.DataFrame:
    """Return the rows of one file; ``BadInput`` if it is no such table."""
    try:
        rows = pd.read_csv(file)
        values = rows[COLUMNS].value.astype(float)
    except (OSError, ValueError, KeyError, pd.errors.ParserError) as error:
        raise BadInput(
            f"{file} is no table of scores ({shorten(error)}); expected the columns {', '.join(COLUMNS)}: mend or remove it"
        ) from error
    if values.isna().any():
        raise BadInput(f"{file} has a row without a number in the column value; expected one in each: mend or remove it")
    return rows
