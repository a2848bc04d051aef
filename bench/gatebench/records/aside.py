"""``results/damaged/``: what was set aside since it is not what was written. Nothing there is read again, nor deleted."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from gatebench.core import terminal
from gatebench.core.errors import visible
from gatebench.core.files import Unwritable, replacing, write_errors
from gatebench.records.parts import RECORD, DamagedRecord, RecordFolder

T = TypeVar("T")
"""Whatever a reader makes of a record."""
NAME = "damaged"
"""Name of the folder."""
MOST_LINES = 10
"""Lines about damage that are printed at once, at the most."""
COPIED_SECONDS = 60.0
"""Age of a folder without a record from which on it is damage: until then somebody may be copying it."""


def move(results: Path, path: Path, name: str, remedy: str) -> str:
    """Move a file or folder below ``damaged/``, under this name and the time; returns where it is now and the remedy."""
    target = results / NAME / f"{name}.{time.time_ns()}"
    try:
        with write_errors(path):
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
    except Unwritable as error:
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else error
        return f"it cannot be set aside ({reason}) and is left out; mend the permissions and give the command again"
    return f"set aside in {target}; {remedy}"


def say(lines: Sequence[str]) -> None:
    """Print lines about damage on stderr; of very many the first ones and how many more there are."""
    for line in lines[:MOST_LINES]:
        terminal.say(visible(f"gatebench: {line}"))
    if len(lines) > MOST_LINES:
        terminal.say(f"gatebench: and {len(lines) - MOST_LINES} more are damaged, treated likewise")


def record(
    results: Path, folder: Path, read: Callable[[RecordFolder], T], remedy: Callable[[], str]
) -> tuple[T | None, str]:
    """Set a folder aside of which no record can be read; returns what is read if it can be after all, and a line to say.

    Whoever writes a record or sets one aside does it under the same lock, so that a whole one that came meanwhile stays.
    """
    try:
        with replacing(folder):
            return _set_aside(results, folder, read, remedy)
    except Unwritable:  # a folder of somebody else, which is only looked at
        return _set_aside(results, folder, read, remedy)


def _set_aside(
    results: Path, folder: Path, read: Callable[[RecordFolder], T], remedy: Callable[[], str]
) -> tuple[T | None, str]:
    try:
        return (read(RecordFolder(folder)), "") if folder.is_dir() else (None, "")
    except DamagedRecord as error:
        return None, f"record {folder} is damaged ({error.reason}); {move(results, folder, folder.name, remedy())}"


def is_stray(folder: Path) -> bool:
    """Whether a folder stands in the place of a record, has none, and is not being copied just now."""
    try:
        is_old = time.time() - os.stat(folder).st_mtime > COPIED_SECONDS
    except OSError:
        return False
    return is_old and folder.is_dir() and not (folder / RECORD).is_file()
