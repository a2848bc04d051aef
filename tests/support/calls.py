"""Functions that tests have workers call."""

import os
import signal
import time
from pathlib import Path
from typing import NoReturn

from gatebench.core.errors import BadInput


def note(folder: Path, name: str, awaits: str | None = None, goes_on: bool = True) -> bool:
    """Note in a folder when a call of this name began and ended, and in which process; it may wait for another's end."""
    began = time.monotonic()
    while awaits and not (folder / awaits).exists():
        assert time.monotonic() - began < 60, f"{name} waits for {awaits} in vain"
        time.sleep(0.01)
    (folder / name).write_text(f"{began} {time.monotonic()} {os.getpid()}")
    return goes_on


def noted(folder: Path) -> dict[str, tuple[float, float, int]]:
    """Name -> when its call began and ended, and in which process."""
    lines = {path.name: path.read_text().split() for path in folder.iterdir()}
    return {name: (float(began), float(ended), int(process)) for name, (began, ended, process) in lines.items()}


def mistake() -> NoReturn:
    """What a user gives that does not fit."""
    raise BadInput("it is wrong; give another")


def broken() -> NoReturn:
    """A fault of the code."""
    raise LookupError("nothing there")


def killed() -> None:
    """What the system does to a process when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def threads_of(process: int) -> int:
    """How many threads a process has."""
    return len(list(Path(f"/proc/{process}/task").iterdir()))


def parent_and_its_threads() -> tuple[int, int]:
    """The process that this one was forked from, and how many threads it has."""
    return os.getppid(), threads_of(os.getppid())
