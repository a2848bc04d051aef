"""How a sweep is told to stop: its jobs notice between two updates, save a checkpoint and end.

Whoever wants the whole sweep to stop puts a file into its folder, which the workers see wherever they run. A signal to
one process stops that process.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from gatebench.core.files import atomic_write

LOOK_EVERY = 0.2
"""Seconds between two looks at the folder."""


_given_up: set[Path] = set()
"""Folders of sweeps that have nothing more to ask of this process."""


class Cancelled(BaseException):
    """A job was told to stop and saved what it has. No error, hence no `Exception`."""


class Cancellation:
    """Whether a job is to stop, by its sweep's folder or by a signal to this process; truthful when called."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "stop"
        self._looked_at, self._is_cancelled = -LOOK_EVERY, folder in _given_up
        self._signal: int | None = None

    def __call__(self) -> bool:
        """Whether to stop."""
        if not self._is_cancelled and time.monotonic() - self._looked_at > LOOK_EVERY:
            self._looked_at = time.monotonic()
            self._is_cancelled = self._file.is_file()
        return self._is_cancelled

    def ask(self, why: str) -> None:
        """Have every job of the sweep stop."""
        self._is_cancelled = True
        atomic_write(
            self._file,
            lambda partial: partial.write_text(f"{why} ({socket.gethostname()}, process {os.getpid()})\n", encoding="utf-8"),
        )

    def give_up(self) -> None:
        """Have further jobs of the sweep in this process not even begin."""
        _given_up.add(self._file.parent)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """In a worker: heed SIGTERM, and the warning that a batch system gives before it; Ctrl-C is for the command alone.

        If one came, the process ends once the job has saved: whoever started it starts it again.
        """
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR2, signal.SIGINT)}

        def handle(number: int, _: FrameType | None) -> None:
            self._is_cancelled, self._signal = True, number

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        requeue: Any = before[signal.SIGUSR2]
        if callable(requeue):  # that of the launcher, which asks the batch system for another go
            signal.signal(signal.SIGUSR2, handle)
        try:
            yield
        finally:
            if self._signal is not None:
                if self._signal == signal.SIGUSR2:
                    requeue(self._signal, None)
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(128 + self._signal)  # no result: this job is not done
            for number, handler in before.items():
                signal.signal(number, handler)
