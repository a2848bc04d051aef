"""How much is added at most, and reading files no further than that."""

from pathlib import Path

from gatebench.core.errors import BadInput

MOST_BYTES = 2**30
"""Bytes of what is added, as files and as numbers in memory."""


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
