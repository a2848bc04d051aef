"""Plain text, character by character."""

from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.ingest.options import Choices, Found, contents


def read(files: list[Path], choices: Choices) -> Found:
    """A sequence of code points for each file; which of them are symbols, the split decides."""
    choices.only("text")
    sequences = [np.array([*map(ord, _text(file))])[:, None] for file in files]
    points = np.unique(np.concatenate(sequences))
    lines = [
        f"sequences: {len(files)}, a file each"
        if len(files) > 1
        else f"sequences: one text of {len(sequences[0]):,} characters"
    ]
    numbers = [np.searchsorted(points, sequence) for sequence in sequences]
    return Found(numbers, "a character", [file.name for file in files], "symbols", tuple(map(chr, points)), lines=lines)


def _text(file: Path) -> str:
    try:
        text = contents(file).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is no text in UTF-8 ({error.reason} at byte {error.start}); convert it") from error
    if not text:
        raise BadInput(f"{file} is empty; expected text: fill or remove it")
    return text
