"""JSON: a record, or a list of steps, in each line or in one list; or lists that are columns, or sequences by name."""

import json
from pathlib import Path

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


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one file, or of a file for each."""
    return tables.arrange(tabular.read(files, _read_file), choices)


def _read_file(file: Path) -> FileTable:
    text, lines = encoding.decode(limits.read_bytes(file), str(file))
    value = _parse(file, text) if file.suffix.lower() == ".json" and not _is_of_lines(text) else _parse_lines(file, text)
    return FileTable(_frame(file, value), lines)


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


def _frame(file: Path, value: object) -> pd.DataFrame:
    """Return the table that a JSON value is, perhaps with lists in its cells."""
    if isinstance(value, dict):
        within = [entry for entry in value.values() if isinstance(entry, list) and entry and isinstance(entry[0], dict)]
        if len(within) == 1:
            value = within[0]  # records below a name, beside what describes them
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        value = [_flat(entry) for entry in value]
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        frame = pd.DataFrame(value)
    elif isinstance(value, list) and value and not any(isinstance(entry, dict) for entry in value):
        frame = pd.DataFrame({"values": value})
    elif isinstance(value, dict) and value and set(value) >= {"columns", "data"}:
        frame = pd.DataFrame(value["data"], columns=value["columns"])  # as pandas writes it with orient="split"
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
