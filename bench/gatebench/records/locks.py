"""Who computes which trial: a lock is one locked byte of ``trials.lock``, which the kernel frees when its process ends.

However a process ends, nothing is left to be cleared away: no stale lock, no file for each trial. The locks are POSIX record
locks, which network file systems pass on between machines. They belong to the process, and closing *any* descriptor of the
file frees all of them, so a process has one descriptor for each results folder, whoever asks.
"""

import fcntl
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from gatebench.core.files import lock_errors, write_errors

# struct flock: type and whence stand first on Linux, last on the BSDs and macOS.
_FLOCK = "hhqqi4x" if sys.platform == "linux" else "qqihh"


class TrialLocks:
    """The locks of this process on trials of a results folder."""

    def __init__(self, results: Path) -> None:
        self._path = results.resolve() / "trials.lock"

    def take(self, key: str) -> bool:
        """Lock a trial; false if another process has it."""
        descriptor = _open(self._path)
        try:
            with lock_errors(self._path):
                fcntl.lockf(descriptor.number, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte(key))
            descriptor.held.add(key)
        except (BlockingIOError, PermissionError):
            return False
        finally:
            _close_if_unused(descriptor)
        return True

    def take_all(self, keys: Iterable[str]) -> bool:
        """Lock all of these trials, or none; false if another process has one of them."""
        taken: list[str] = []
        for key in sorted(keys):
            if not self.take(key):
                self.release(taken)
                return False
            taken.append(key)
        return True

    def release(self, keys: Iterable[str]) -> None:
        """Give trials back, so that other processes may take them."""
        descriptor = _descriptors.get(self._path)
        if descriptor is None:
            return
        for key in keys:
            if key in descriptor.held:
                fcntl.lockf(descriptor.number, fcntl.LOCK_UN, 1, _byte(key))
                descriptor.held.discard(key)
        _close_if_unused(descriptor)

    def close(self) -> None:
        """Give all trials of the folder back that this process has locked."""
        descriptor = _descriptors.get(self._path)
        if descriptor is not None:
            self.release(list(descriptor.held))

    def of_others(self, keys: Iterable[str]) -> set[str]:
        """Return those trials that another process has locked; takes no lock, frees none, and needs no right to write."""
        if not self._path.is_file():
            return set()
        descriptor = _open(self._path, writable=False)
        try:
            with lock_errors(self._path):
                return {key for key in keys if _is_locked_elsewhere(descriptor.number, key)}
        finally:
            _close_if_unused(descriptor)


class _Descriptor:
    """The one open descriptor of a lock file in this process, and the trials that it has locked."""

    def __init__(self, path: Path, number: int, writable: bool) -> None:
        self.path, self.number, self.writable = path, number, writable
        self.held: set[str] = set()


_descriptors: dict[Path, _Descriptor] = {}
"""Lock file -> its descriptor, while this process uses it."""


def _open(path: Path, writable: bool = True) -> _Descriptor:
    descriptor = _descriptors.get(path)
    if descriptor is None or (writable and not descriptor.writable):
        with write_errors(path):
            if writable:
                path.parent.mkdir(parents=True, exist_ok=True)
            number = os.open(path, os.O_RDWR | os.O_CREAT if writable else os.O_RDONLY, 0o666)
        if descriptor is not None:
            os.close(descriptor.number)  # only looked at so far: it holds no lock
        descriptor = _descriptors[path] = _Descriptor(path, number, writable)
    return descriptor


def _close_if_unused(descriptor: _Descriptor) -> None:
    if not descriptor.held and _descriptors.get(descriptor.path) is descriptor:
        del _descriptors[descriptor.path]
        os.close(descriptor.number)


def _is_locked_elsewhere(number: int, key: str) -> bool:
    """Ask the kernel which lock would be in the way of ours; locks of one's own process never are."""
    if sys.platform == "linux":
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _byte(key), 1, 0)
        return struct.unpack(_FLOCK, fcntl.fcntl(number, fcntl.F_GETLK, asked))[0] != fcntl.F_UNLCK
    asked = struct.pack(_FLOCK, _byte(key), 1, 0, fcntl.F_WRLCK, os.SEEK_SET)
    return struct.unpack(_FLOCK, fcntl.fcntl(number, fcntl.F_GETLK, asked))[3] != fcntl.F_UNLCK


def _byte(key: str) -> int:
    """The byte of a trial: so far from the start that no two of a billion are likely to share one."""
    return int(key[:15], 16)
