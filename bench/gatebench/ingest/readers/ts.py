"""Time series as sktime and aeon write them, ``.ts``: a case in each line, dimensions parted by colons, the label last."""

from pathlib import Path

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import encoding, limits, tabular
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from gatebench.ingest.readers import tables
from gatebench.ingest.tabular import FileTable

SUFFIXES = (".ts",)
MOST_FILES = None
MISSING = ("?", "nan", "")
"""Texts, in small letters, that stand for what is missing."""
LABEL = "label"
"""Name of the column of labels."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the cases of all files, with their labels or values."""
    return tables.arrange(tabular.read(files, _read_file), choices)


def _read_file(file: Path) -> FileTable:
    content, lines = encoding.decode(limits.read_bytes(file), str(file))
    header: dict[str, list[str]] = {}
    cases: list[tuple[list[np.ndarray], str]] = []
    is_data = False
    for number, line in enumerate(content.split("\n"), 1):
        text, where = line.strip(), f"{file}, line {number}"
        if not text or text.startswith(("#", "%")):
            continue
        if is_data:
            cases.append(_read_case(text, where, header))
        elif text.lower() == "@data":
            is_data = True
        elif text.startswith("@"):
            key, *values = text[1:].split()
            header[key.lower()] = values
        else:
            raise BadInput(f"{where} stands before @data; expected a line that begins with @ or #: correct it")
    if not cases:
        raise BadInput(f"{file} has no case below a line @data; expected at least one: correct it")
    return _table(file, header, cases, lines)


def _states(header: dict[str, list[str]], key: str) -> bool:
    return [value.lower() for value in header.get(key, [])[:1]] == ["true"]


def _read_case(text: str, where: str, header: dict[str, list[str]]) -> tuple[list[np.ndarray], str]:
    """Return the dimensions of a case and its label, empty without one."""
    if _states(header, "timestamps"):
        raise BadInput(f"{where} has time stamps, which are not read here; expected numbers alone: save it without them")
    parts = text.split(":")
    has_label = _states(header, "classlabel") or _states(header, "targetlabel")
    label = parts.pop().strip() if has_label else ""
    classes = header.get("classlabel", [])[1:]
    if classes and label not in classes:
        raise BadInput(f"{where} ends in {shorten(repr(label))}; expected a class that @classLabel names: correct it")
    dimensions = header.get("dimensions", ["1"] if _states(header, "univariate") else [])
    if dimensions and str(len(parts)) != dimensions[0]:
        raise BadInput(f"{where} has {len(parts)} dimension(s); expected {dimensions[0]}, as its header says: correct it")
    series = [_numbers(part, where) for part in parts]
    lengths = {len(array) for array in series}
    if len(lengths) != 1:
        raise BadInput(f"{where} has dimensions of {sorted(lengths)} steps; expected as many in each: correct it")
    return series, label


def _numbers(text: str, where: str) -> np.ndarray:
    try:
        return np.array([np.nan if word.strip().lower() in MISSING else float(word) for word in text.split(",")])
    except ValueError as error:
        raise BadInput(f"{where} has {shorten(error)}; expected numbers parted by commas: correct it") from error


def _table(
    file: Path, header: dict[str, list[str]], cases: list[tuple[list[np.ndarray], str]], lines: list[str]
) -> FileTable:
    counts = {len(series) for series, _ in cases}
    if len(counts) != 1:
        raise BadInput(f"{file} has cases of {sorted(counts)} dimensions; expected as many in each: correct it")
    lengths = [len(series[0]) for series, _ in cases]
    count = counts.pop()
    limits.check_count(str(file), sum(lengths) * (count + 1))
    codes = np.repeat(np.arange(len(cases)), lengths)
    names = [f"x{place}" for place in range(count)] if count > 1 else ["x"]
    columns = {name: np.concatenate([series[place] for series, _ in cases]) for place, name in enumerate(names)}
    if not cases[0][1]:
        return FileTable(pd.DataFrame(columns), lines, codes, "a line each")
    labels = np.array([label for _, label in cases])[codes]
    kind = "value" if _states(header, "targetlabel") else "label"
    return FileTable(pd.DataFrame({**columns, LABEL: labels}), lines, codes, "a line each", LABEL, kind)
