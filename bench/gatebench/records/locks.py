"""Who computes which trial: a claim is one locked byte of ``trials.lock``, which the kernel frees when its process ends.

However a process ends, nothing is left to be cleared away: no stale claim, no file for each trial. The locks are POSIX
record locks, which network file systems pass on between machines; processes claim, not threads.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from gatebench.core.files import write_errors


class TrialLocks:
    """The claims of this process on trials of a results folder."""

    def __init__(self, results: Path) -> None:
        self._path = results / "trials.lock"
        self._file: int | None = None

    def take(self, key: str) -> bool:
        """Claim a trial; false if another process has it."""
        return _locked(self._open(), fcntl.LOCK_EX, key)

    def take_all(self, keys: Iterable[str]) -> bool:
        """Claim all of these, or none."""
        taken: list[str] = []
        for key in sorted(keys):
            if not self.take(key):
                self.release(taken)
                return False
            taken.append(key)
        return True

    def release(self, keys: Iterable[str]) -> None:
        """Give trials back."""
        for key in keys:
            fcntl.lockf(self._open(), fcntl.LOCK_UN, 1, _place(key))

    def close(self) -> None:
        """Give all back. A process has one such object for a folder at a time."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def of_others(self, keys: Iterable[str]) -> set[str]:
        """Those that another process has claimed. Reading is enough for it."""
        if not self._path.is_file():
            return set()
        file = os.open(self._path, os.O_RDONLY)
        try:
            return {key for key in keys if not _locked(file, fcntl.LOCK_SH, key)}
        finally:
            os.close(file)  # and with it every lock that was tried

    def _open(self) -> int:
        if self._file is None:  # and stays open: closing any file of it would free all claims of this process
            with write_errors(self._path):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        return self._file


def _locked(file: int, how: int, key: str) -> bool:
    try:
        fcntl.lockf(file, how | fcntl.LOCK_NB, 1, _place(key))
    except (BlockingIOError, PermissionError):
        return False
    return True


def _place(key: str) -> int:
    """The byte of a trial: so far from the start that no two of a billion are likely to share one."""
    return int(key[:15], 16)
