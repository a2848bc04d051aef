"""How much is added at most, and reading files no further than that."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatebench.core.errors import BadInput

MOST_BYTES = 2**30
"""Bytes of what is added, as files and as numbers in memory."""


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


def check_size(files: list[Path]) -> None:
    """Raise ``BadInput`` if files have more than `MOST_BYTES` together."""
    size = 0
    for file in files:
        try:
            size += file.stat().st_size
        except OSError as error:
            raise unreadable(file, error) from error
        if size > MOST_BYTES:
            raise BadInput(
                f"{file} brings what is to be added to {size:,} bytes; expected at most {MOST_BYTES:,}: give a part of it"
            )


def check_count(where: str, count: int) -> None:
    """Raise ``BadInput`` if so many numbers, of 8 bytes each, take more than `MOST_BYTES`."""
    if 8 * count > MOST_BYTES:
        raise BadInput(f"{where} has {count:,} numbers; expected at most {MOST_BYTES // 8:,}: give a part of it")


def read_bytes(file: Path) -> bytes:
    """Return the bytes of a file; ``BadInput`` if it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise unreadable(file, error) from error


def unreadable(file: Path, error: OSError) -> BadInput:
    """Return the message about a file that the system does not let us read."""
    return BadInput(f"{file} cannot be read ({error.strerror}); make it readable, or remove it")
