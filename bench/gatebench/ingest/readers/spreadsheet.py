"""Spreadsheets, xlsx, whose first sheet with anything in it is read by openpyxl."""

import importlib.util
import warnings
import zipfile
from pathlib import Path

import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import limits, tabular
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from gatebench.ingest.readers import tables
from gatebench.ingest.tabular import FileTable

SUFFIXES = (".xlsx", ".xlsm")
MOST_FILES = None


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one sheet, or of a sheet for each file."""
    return tables.arrange(tabular.read(files, _read_file, choices), choices)


def _read_file(file: Path) -> FileTable:
    if importlib.util.find_spec("openpyxl") is None:
        raise BadInput(
            f"{file} is a spreadsheet, which openpyxl reads; install it: pip install 'gatebench[xlsx]', or save it as csv"
        )
    with zipfile.ZipFile(file) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > limits.MOST_BYTES:
        raise BadInput(f"{file} unpacks to {size:,} bytes; expected at most {limits.MOST_BYTES:,}: give a part of it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that say nothing about cells
        sheets = {
            name: sheet for name, sheet in pd.read_excel(file, sheet_name=None, header=None, engine="openpyxl").items()
            if len(sheet) > 1
        }  # fmt: skip
    if not sheets:
        raise BadInput(f"{file} has no sheet with rows in it; expected one: fill it")
    (name, rows), *others = sheets.items()
    left_out = ", ".join(other for other, _ in others)
    lines = [f"sheet: {name}, the first one; left out: {shorten(left_out)}"] if others else []
    table, titles = _with_header(rows)
    return FileTable(table, [*lines, *titles])


def _with_header(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows below the header, which is the first row with more than a title, and a line about titles."""
    rows = rows.dropna(axis=1, how="all")
    filled = rows.notna().sum(axis=1)
    header = int((filled > 1).to_numpy().argmax()) if rows.shape[1] > 1 else int((filled > 0).to_numpy().argmax())
    below = rows.iloc[header + 1 :].dropna(how="all").reset_index(drop=True)
    names = rows.iloc[header]
    below.columns = pd.Index([f"Unnamed: {place}" if pd.isna(name) else str(name) for place, name in enumerate(names)])
    lines = [f"title: {header} row(s) above the header are skipped"] if header else []
    return below.infer_objects(), lines
