"""JSON: a record, or a list of steps, in each line or in one list; or lists that are columns, or sequences by name."""

import json
import re
from pathlib import Path
from typing import TypeGuard

import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import encoding, limits, tabular
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from gatebench.ingest.readers import tables
from gatebench.ingest.tabular import FileTable

SUFFIXES = (".json", ".jsonl", ".ndjson")
MOST_FILES = None
LAYOUT = 'expected records like {"label": 1, "values": [0.5, 0.7]}, lists of numbers, or lists that are columns'
"""What a message says of the JSON that is read."""


ROW_NAME = re.compile(r"\d+|\d{4}-\d\d-\d\d([T ][\d:.]+\S*)?")
"""What a row is called: its number, or its date."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one file, or of a file for each."""
    return tables.arrange(tabular.read(files, _read_file, choices), choices)


def _read_file(file: Path) -> FileTable:
    text, lines = encoding.decode(limits.read_bytes(file), str(file))
    value = _parse(file, text) if file.suffix.lower() == ".json" and not _is_of_lines(text) else _parse_lines(file, text)
    value, said = _below_a_name(value)
    return FileTable(_frame(file, value), [*lines, *said])


def _is_of_lines(text: str) -> bool:
    """Whether the first line is a value of its own, and another one follows."""
    first, _, rest = text.lstrip().partition("\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return bool(rest.strip())


def _parse(file: Path, text: str) -> object:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise _too_deep(str(file)) from error
    except ValueError as error:
        raise BadInput(f"{file} is no JSON ({shorten(error)}); correct it") from error


def _parse_lines(file: Path, text: str) -> list[object]:
    values = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values.append(json.loads(line))
        except RecursionError as error:
            raise _too_deep(f"{file}, line {number}") from error
        except ValueError as error:
            raise BadInput(f"{file}, line {number} is no JSON ({shorten(error)}); correct it") from error
    return values


def _too_deep(where: str) -> BadInput:
    return BadInput(f"{where} is nested too deeply; {LAYOUT}: convert it")


def _flat(record: dict[str, object]) -> dict[str, object]:
    """Return a record with the fields of the objects in it as fields of its own, as ``position.x``."""
    flat: dict[str, object] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": cell for inner, cell in value.items()}
        else:
            flat[name] = value
    return flat


def _below_a_name(value: object) -> tuple[object, list[str]]:
    """Return the one table that stands below a name in an object, beside what describes it, and the line that says so."""
    if not isinstance(value, dict) or _is_of_rows(value):
        return value, []
    within = [name for name, entry in value.items() if _is_records(entry) or _is_columns(entry) or _is_of_rows(entry)]
    if len(within) != 1 or len(value) == 1:
        return (value[within[0]] if len(within) == 1 else value), []
    others = shorten(", ".join(name for name in value if name != within[0]))
    return value[within[0]], [f"table: that below {shorten(within[0])}; left out: {others}"]


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _is_columns(value: object) -> bool:
    """Whether a value is several lists of as many entries, each below the name of a column."""
    if not isinstance(value, dict) or not all(isinstance(column, list) for column in value.values()):
        return False
    lengths = {len(column) for column in value.values()}
    return len(value) > 1 and len(lengths) == 1 and max(lengths) > 1


def _is_of_rows(value: object) -> TypeGuard[dict[str, dict[str, object]]]:
    """Whether a value is several objects with the same fields, each below the number or the date of a row."""
    if not isinstance(value, dict) or len(value) < 2 or not all(isinstance(row, dict) for row in value.values()):
        return False
    fields = {tuple(row) for row in value.values()}
    numbered = all(ROW_NAME.fullmatch(name) for name in value)
    return len(fields) == 1 and numbered and not all(ROW_NAME.fullmatch(field) for field in next(iter(fields)))


def _are_named_records(value: dict[str, object]) -> bool:
    """Whether a value has records of the same fields by name, more of them than fields, which are no numbers of rows."""
    fields = [tuple(record) for record in value.values() if isinstance(record, dict)]
    alike = len(fields) == len(value) > 1 and len(set(fields)) == 1
    return alike and len(value) > len(fields[0]) and not any(str(name).isdecimal() for name in fields[0])


def _frame(file: Path, value: object) -> pd.DataFrame:
    """Return the table that a JSON value is, perhaps with lists in its cells."""
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        value = [_flat(entry) for entry in value]
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        frame = pd.DataFrame(value)
    elif isinstance(value, list) and value and not any(isinstance(entry, dict) for entry in value):
        frame = pd.DataFrame({"values": value})
    elif isinstance(value, dict) and value and set(value) >= {"columns", "data"}:
        frame = pd.DataFrame(value["data"], columns=value["columns"])  # as pandas writes it with orient="split"
    elif _is_of_rows(value):
        frame = pd.DataFrame([{"row": name, **row} for name, row in value.items()])  # with orient="index"
    elif isinstance(value, dict) and _are_named_records(value):
        frame = pd.DataFrame([*value.values()])
    elif isinstance(value, dict) and value and all(isinstance(column, dict) for column in value.values()):
        frame = pd.DataFrame(value)  # as pandas writes it by default
    elif isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        alike = len({len(column) for column in value.values()}) == 1
        frame = pd.DataFrame(value) if alike else pd.DataFrame({"sequence": [*value], "values": [*value.values()]})
    else:
        raise BadInput(f"{file} holds {shorten(type(value).__name__)} of {shorten(repr(value))[:60]}; {LAYOUT}: convert it")
    for name in frame.columns:
        if any(isinstance(cell, dict) for cell in frame[name].head(20)):
            raise BadInput(
                f"{file}: {shorten(name)} holds objects within objects; {LAYOUT}: flatten it: pandas.json_normalize"
            )
    return frame
