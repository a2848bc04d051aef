"""``results/<study>/former/``: what earlier studies said of every two cells, a CSV for each."""

from pathlib import Path

import pandas as pd

from gatebench.core.errors import BadInput, shorten

CONCLUSIONS = ["task", "budget", "training", "lower", "other", "difference", "low", "high", "verdict", "n", "interval"]
"""Columns of what an earlier study said of two cells: the mean of ``lower`` minus that of ``other`` with its interval, the
verdict, the number of repetitions and what the interval is over; ``verdict`` is empty of single repetitions."""


def folder(results: Path, study: str) -> Path:
    """Return where they stand."""
    return results / study / "former"


def read(results: Path, study: str) -> dict[str, pd.DataFrame]:
    """Return earlier study -> its `CONCLUSIONS`; ``BadInput`` if a file is no such table."""
    tables = {}
    for file in sorted(folder(results, study).glob("*.csv")):
        try:
            tables[file.stem] = pd.read_csv(file, keep_default_na=False, na_values={"low": "", "high": ""})[CONCLUSIONS]
        except (ValueError, KeyError) as error:
            raise BadInput(
                f"{file} is damaged ({shorten(error)}); remove it and write it anew: gatebench report {study} "
                f"--former {file.stem}"
            ) from error
    return tables
