"""Plain text, character by character."""

from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.ingest import limits
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

SUFFIXES = (".txt",)
MOST_FILES = None


def read(files: list[Path], choices: Choices) -> RawData:
    """Return a sequence of numbers of characters for each file; which of them are symbols, the split decides."""
    choices.check_only("text")
    sequences = [np.array([*map(ord, _read_text(file))])[:, None] for file in files]
    points = np.unique(np.concatenate(sequences))
    decisions = [
        f"sequences: {len(files)}, a file each"
        if len(files) > 1
        else f"sequences: one text of {len(sequences[0]):,} characters"
    ]
    numbers = [np.searchsorted(points, sequence) for sequence in sequences]
    origins, symbols = [file.name for file in files], tuple(map(chr, points))
    return RawData(numbers, "a character", origins, "symbols", symbols, decisions=decisions)


def _read_text(file: Path) -> str:
    try:
        text = limits.read_bytes(file).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is no text in UTF-8 ({error.reason} at byte {error.start}); convert it") from error
    if not text:
        raise BadInput(f"{file} is empty; expected text: fill or remove it")
    return text
