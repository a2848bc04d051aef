"""A real pseudo-terminal for a command, and a small screen that says what is seen of what it writes."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

SECONDS = 120
"""Until a terminal that says nothing more, or not what is waited for, is given up."""


class Screen:
    """What is seen of a text: on a terminal that knows what we write, and scrolls for ever."""

    def __init__(self, text: str) -> None:
        self._lines, self._row, self._column = [""], 0, 0
        for part in re.findall(r"\x1b\[\d*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", text):
            self._write(part)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._lines]

    def _write(self, part: str) -> None:
        if part == "\r":
            self._column = 0
        elif part == "\n":
            self._row += 1
            self._lines += [""] * (self._row + 1 - len(self._lines))
        elif part == "\x1b[K":
            self._lines[self._row] = self._lines[self._row][: self._column]
        elif part == "\x1b[J":
            self._lines[self._row :] = [self._lines[self._row][: self._column]]
        elif part.startswith("\x1b"):
            assert part.endswith("A"), part
            self._row -= int(part[2:-1])
        else:
            line = self._lines[self._row].ljust(self._column)
            self._lines[self._row] = line[: self._column] + part + line[self._column + len(part) :]
            self._column += len(part)


class Terminal:
    """A command on a terminal of its own, in a process group of its own."""

    def __init__(
        self, command: list[str], rows: int = 24, columns: int = 80, environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:  # fmt: skip
        self._main, terminal = pty.openpty()
        subprocess.run(["stty", "rows", str(rows), "columns", str(columns)], stdin=terminal, check=True)
        env = {**os.environ, "TERM": "xterm", **(environment or {})}
        self.process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, env=env, cwd=folder, start_new_session=True
        )
        os.close(terminal)
        self._bytes = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing of the command, however the test ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(SECONDS)
        os.close(self._main)

    @property
    def written(self) -> str:
        """All that was written so far."""
        return self._bytes.decode(errors="replace")

    def _read(self) -> bool:
        """Read what is there within a while; returns whether there may be more."""
        if not select.select([self._main], [], [], SECONDS)[0]:
            return False
        try:
            part = os.read(self._main, 65536)
        except OSError:  # the command has ended
            return False
        self._bytes += part
        return bool(part)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._main, keys.encode())

    def wait(self, holds: Callable[[str], object]) -> None:
        """Read until something holds of what was written."""
        deadline = time.monotonic() + SECONDS
        while not holds(self.written):
            assert self._read(), self.written
            assert time.monotonic() < deadline, self.written

    def end(self) -> int:
        """Read to the end; returns the exit status."""
        while self._read():
            pass
        return self.process.wait(SECONDS)
