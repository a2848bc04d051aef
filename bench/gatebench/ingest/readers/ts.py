"""Time series as sktime and aeon write them, ``.ts``: a case in each line, dimensions parted by colons, the label last."""

import re
from pathlib import Path
from typing import NamedTuple

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
LABEL, TIME = "label", "time"
"""Names of the columns of labels and of times."""


class SeriesCase(NamedTuple):
    """A line of a file."""

    series: list[np.ndarray]
    """The numbers of each dimension ``[T]``."""
    stamps: list[str]
    """The time of each step, the same of all dimensions; empty without times."""
    label: str
    """The class or value; empty without one."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the cases of all files, with their labels or values."""
    return tables.arrange(tabular.read(files, _read_file, choices), choices)


def _read_file(file: Path) -> FileTable:
    content, lines = encoding.decode(limits.read_bytes(file), str(file))
    header: dict[str, list[str]] = {}
    cases: list[SeriesCase] = []
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


def _read_case(text: str, where: str, header: dict[str, list[str]]) -> SeriesCase:
    stamped = _states(header, "timestamps")
    # A time may have colons in it, but stands in brackets.
    parts = re.split(r":(?![^()]*\))", text) if stamped else text.split(":")
    has_label = _states(header, "classlabel") or _states(header, "targetlabel")
    label = parts.pop().strip() if has_label else ""
    classes = header.get("classlabel", [])[1:]
    if classes and label not in classes:
        raise BadInput(f"{where} ends in {shorten(repr(label))}; expected a class that @classLabel names: correct it")
    dimensions = header.get("dimensions", ["1"] if _states(header, "univariate") else [])
    if dimensions and str(len(parts)) != dimensions[0]:
        raise BadInput(f"{where} has {len(parts)} dimension(s); expected {dimensions[0]}, as its header says: correct it")
    stamps: list[str] = []
    if stamped:
        pairs = [_pairs(part, where) for part in parts]
        stamps, parts = [stamp for stamp, _ in pairs[0]], [",".join(value for _, value in of_one) for of_one in pairs]
        if any([stamp for stamp, _ in of_one] != stamps for of_one in pairs):
            raise BadInput(f"{where} has dimensions of other times; expected the same in all: save each with all times")
    series = [_numbers(part, where) for part in parts]
    lengths = {len(array) for array in series}
    if len(lengths) != 1:
        raise BadInput(f"{where} has dimensions of {sorted(lengths)} steps; expected as many in each: correct it")
    return SeriesCase(series, stamps, label)


def _pairs(text: str, where: str) -> list[tuple[str, str]]:
    """Return time and value of each step of a dimension, as ``(time,value),(time,value)``."""
    if not re.fullmatch(r"\s*\([^()]*,[^(),]*\)(\s*,\s*\([^()]*,[^(),]*\))*\s*", text):
        raise BadInput(f"{where} has {shorten(repr(text))}; expected pairs of a time and a number in brackets: correct it")
    return [(time.strip(), value) for time, value in re.findall(r"\(([^()]*),([^(),]*)\)", text)]


def _numbers(text: str, where: str) -> np.ndarray:
    try:
        return np.array([np.nan if word.strip().lower() in MISSING else float(word) for word in text.split(",")])
    except ValueError as error:
        raise BadInput(f"{where} has {shorten(error)}; expected numbers parted by commas: correct it") from error


def _table(file: Path, header: dict[str, list[str]], cases: list[SeriesCase], lines: list[str]) -> FileTable:
    counts = {len(case.series) for case in cases}
    if len(counts) != 1:
        raise BadInput(f"{file} has cases of {sorted(counts)} dimensions; expected as many in each: correct it")
    lengths = [len(case.series[0]) for case in cases]
    count = counts.pop()
    limits.check_count(str(file), sum(lengths) * (count + 1))
    codes = np.repeat(np.arange(len(cases)), lengths)
    names = [f"x{place}" for place in range(count)] if count > 1 else ["x"]
    columns = {name: np.concatenate([case.series[place] for case in cases]) for place, name in enumerate(names)}
    frame = pd.DataFrame(columns)
    if _states(header, "timestamps"):
        frame.insert(0, TIME, [stamp for case in cases for stamp in case.stamps])
    if not cases[0].label:
        return FileTable(frame, lines, codes, "a line each")
    frame[LABEL] = np.array([case.label for case in cases])[codes]
    kind = "value" if _states(header, "targetlabel") else "label"
    return FileTable(frame, lines, codes, "a line each", LABEL, kind)
