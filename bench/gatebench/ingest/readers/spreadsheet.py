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
    return tables.arrange(tabular.read(files, _read_file), choices)


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
            name: sheet for name, sheet in pd.read_excel(file, sheet_name=None, engine="openpyxl").items() if len(sheet)
        }
    if not sheets:
        raise BadInput(f"{file} has no sheet with rows in it; expected one: fill it")
    (name, rows), *others = sheets.items()
    left_out = ", ".join(other for other, _ in others)
    return FileTable(rows, [f"sheet: {name}, the first one; left out: {shorten(left_out)}"] if others else [])
