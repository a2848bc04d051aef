"""Series as the Monash archive of forecasting writes them, ``.tsf``: attributes and numbers of a series in each line."""

from pathlib import Path

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import encoding, limits, tabular
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from gatebench.ingest.readers import tables
from gatebench.ingest.tabular import FileTable

SUFFIXES = (".tsf",)
MOST_FILES = None


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the series of all files; what their lines say besides is left out."""
    return tables.arrange(tabular.read(files, _read_file, choices), choices)


def _read_file(file: Path) -> FileTable:
    content, lines = encoding.decode(limits.read_bytes(file), str(file))
    attributes: list[str] = []
    said: list[str] = []
    series: list[np.ndarray] = []
    is_data = False
    for number, line in enumerate(content.split("\n"), 1):
        text, where = line.strip(), f"{file}, line {number}"
        if not text or text.startswith("#"):
            continue
        if is_data:
            series.append(_read_series(text, where, len(attributes)))
        elif text.lower() == "@data":
            is_data = True
        elif text.lower().startswith("@attribute") and len(text.split()) == 3:
            attributes.append(text.split()[1])
        elif text.lower().startswith(("@frequency", "@horizon")):
            said.append(text[1:])
        elif not text.startswith("@"):
            raise BadInput(f"{where} stands before @data; expected a line that begins with @ or #: correct it")
    if not series:
        raise BadInput(f"{file} has no series below a line @data; expected at least one: correct it")
    limits.check_count(str(file), sum(map(len, series)))
    lines.append(f"left out: {', '.join([*attributes, *said])}, of each series or all")
    codes = np.repeat(np.arange(len(series)), [len(array) for array in series])
    return FileTable(pd.DataFrame({"value": np.concatenate(series)}), lines, codes, "a line each")


def _read_series(text: str, where: str, attributes: int) -> np.ndarray:
    parts = text.split(":")
    if len(parts) != attributes + 1:
        raise BadInput(
            f"{where} has {len(parts) - 1} attribute(s); expected {attributes}, as @attribute names them: correct it"
        )
    try:
        return np.array([np.nan if word.strip() == "?" else float(word) for word in parts[-1].split(",")])
    except ValueError as error:
        raise BadInput(f"{where} has {shorten(error)}; expected numbers parted by commas: correct it") from error
