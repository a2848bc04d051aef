"""One progress bar for all workers of a sweep: each job writes how far it is, the main process adds up and draws."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EVERY = 0.5
"""Seconds between two looks, and between two reports of a job."""


class ProgressReport:
    """How far one job is, in epochs of single trials; a file in the sweep's progress folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{socket.gethostname()}-{os.getpid()}-{time.monotonic_ns()}.json"
        self._done, self._further, self._written = 0.0, 0.0, 0.0

    def __call__(self, epochs: float) -> None:
        """Some more epochs are done."""
        self._done += epochs
        self._write()

    def further(self, epochs: float) -> None:
        """Some more epochs are to be done than was planned."""
        self._further += epochs
        self._write()

    def _write(self) -> None:
        # Jobs of a batch system may outlive the command that drew the bar.
        if time.monotonic() - self._written > EVERY and self._path.parent.is_dir():
            self._written = time.monotonic()
            partial = self._path.with_suffix(".partial")
            partial.write_text(json.dumps([self._done, self._further]))
            partial.replace(self._path)  # whole, and not flushed: nobody needs it once the sweep is over


@contextmanager
def bar(folder: Path, name: str, total: int) -> Iterator[None]:
    """Draw the sum of all jobs' reports while the body runs; quiet where the output is no terminal."""
    from tqdm import tqdm

    stop = threading.Event()
    line = tqdm(total=total, desc=name, unit="epoch", disable=None, smoothing=0.05)

    def watch() -> None:
        while not stop.wait(EVERY):
            reports = [json.loads(path.read_text()) for path in folder.glob("*.json")]
            line.total = total + int(sum(further for _, further in reports))
            line.update(max(0, min(line.total, int(sum(done for done, _ in reports))) - line.n))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        line.close()
