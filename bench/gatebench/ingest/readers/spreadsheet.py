"""Spreadsheets, xlsx, read by openpyxl: the first sheet with numbers in it, and those of the same columns."""

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
    tables = {name: _with_header(rows) for name, rows in sheets.items()}
    first = next((name for name, (rows, _) in tables.items() if _has_numbers(rows)), next(iter(tables)))
    table, titles = tables[first]
    alike = [name for name, (rows, _) in tables.items() if list(rows.columns) == list(table.columns)]
    others = shorten(", ".join(name for name in tables if name not in alike))
    left_out = f"; left out: {others}" if others else ""
    if len(alike) == 1:
        which = "the first one" if first == next(iter(tables)) else "the first one with numbers"
        return FileTable(table, [f"sheet: {first}, {which}{left_out}", *titles] if others else titles)
    column = "sheet" if "sheet" not in table.columns else "sheet name"
    rows = pd.concat([tables[name][0].assign(**{column: name}) for name in alike], ignore_index=True)
    said = f"sheets: {len(alike)} of the same columns, one below the other, told apart by column {column}{left_out}"
    return FileTable(
        rows[[column, *table.columns]], [said, *dict.fromkeys(line for name in alike for line in tables[name][1])]
    )


def _has_numbers(rows: pd.DataFrame) -> bool:
    return any(pd.api.types.is_numeric_dtype(dtype) for dtype in rows.dtypes)


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
