"""How much is added at most, and reading files no further than that."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import npz

MOST_BYTES = 2**30
"""Bytes of what is added, as files and as numbers in memory."""
MOST_STREAMED = 2**34
"""Bytes of a table in text, unpacked, which is read a part at a time."""
STREAMED_FROM = 2**28
"""Bytes of a table in text, unpacked or not, from which on it is read a part at a time."""
MOST_WRITTEN = npz.MOST_BYTES - 2**24
"""Bytes of the numbers of a data set: what is written can be read."""


class UnreadableFile(BadInput):
    """One of several files cannot be read, whatever the others are."""

    def __init__(self, message: str, file: Path) -> None:
        super().__init__(message)
        self.file = file


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Name the file that a ``BadInput`` within the block is about, so that it can be left out."""
    try:
        yield
    except BadInput as error:
        raise UnreadableFile(str(error), file) from error


def check_size(files: list[Path], most: int) -> None:
    """Raise ``BadInput`` if files have more than so many bytes together."""
    size = 0
    for file in files:
        try:
            size += file.stat().st_size
        except OSError as error:
            raise unreadable(file, error) from error
        if size > most:
            raise BadInput(
                f"{file} brings what is to be added to {size:,} bytes; expected at most {most:,}: give a part of it"
            )


def check_count(where: str, count: int, most: int | None = None) -> None:
    """Raise ``BadInput`` if so many numbers, of 8 bytes each, take more than so many bytes; None: `MOST_BYTES`."""
    most = MOST_BYTES if most is None else most
    if 8 * count > most:
        raise BadInput(f"{where} has {count:,} numbers; expected at most {most // 8:,}: give a part of it")


def check_written(arrays: list[np.ndarray]) -> None:
    """Raise ``BadInput`` if the arrays of a data set take more than `MOST_WRITTEN`."""
    size = sum(array.nbytes for array in arrays)
    if size > MOST_WRITTEN:
        raise BadInput(
            f"the sequences take {size:,} bytes; expected at most {MOST_WRITTEN:,}: read fewer columns, as with --columns "
            "A,B, or give a part of the rows"
        )


def read_bytes(file: Path) -> bytes:
    """Return the bytes of a file; ``BadInput`` if it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise unreadable(file, error) from error


def unreadable(file: Path, error: OSError) -> BadInput:
    """Return the message about a file that the system does not let us read."""
    return BadInput(f"{file} cannot be read ({error.strerror}); make it readable, or remove it")
