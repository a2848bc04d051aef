"""Atomic writing: whatever appears on disk appears whole or not at all, and has been flushed to it."""

import errno
import fcntl
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import fields, is_dataclass
from pathlib import Path

import msgspec

from gatebench.core.errors import BadInput

LOCKLESS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""Error numbers with which a file system says that it has no locks."""
FLUSHED_AT_ONCE = 8
"""Files that are flushed to the disk at once."""


class Unwritable(BadInput):
    """A place cannot be written to: the disk is full, read-only or gone, or has no locks. No trial is at fault."""


def cache_folder() -> Path:
    """Return the folder for what is made once for a user: ``GATEBENCH_CACHE``, or else below the user's cache folder."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("GATEBENCH_CACHE") or cache_home / "gatebench")


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn the ``OSError`` of a block that writes ``path`` into `Unwritable`, one line with the remedy."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unwritable(
            f"{path} cannot be written ({reason}); make room or mend the permissions and give the same command again: "
            "whatever was finished is kept"
        ) from error


@contextmanager
def lock_errors(path: Path) -> Iterator[None]:
    """Turn the ``OSError`` of a block that locks ``path`` into `Unwritable` where its file system has no locks."""
    try:
        yield
    except OSError as error:
        if error.errno not in LOCKLESS:
            raise
        raise Unwritable(
            f"folder {path.parent} is on a file system without locks ({error.strerror}), which processes that share a "
            "folder need; use a folder on a local disk: results=FOLDER"
        ) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock of a file, which is made if it is not there; waits until nobody else holds it.

    The kernel frees the lock when its process ends, however that is. `Unwritable` if the file system has no locks.
    """
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with write_errors(path), lock_errors(path):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def replacing(target: Path) -> AbstractContextManager[None]:
    """Hold the lock under which what stands at ``target``, or beside it, is moved away."""
    return locked(target.with_name(".replace.lock"))


@contextmanager
def atomic_folder(target: Path, complete_with: str | None = None) -> Iterator[Path]:
    """Yield a new folder to be filled, which then appears at ``target`` whole, or not at all; as of `atomic_folders`."""
    with atomic_folders([target], complete_with) as (folder,):
        yield folder


@contextmanager
def atomic_folders(targets: Sequence[Path], complete_with: str | None = None) -> Iterator[list[Path]]:
    """Yield new folders to be filled, which then appear at ``targets``, one after the other, each whole or not at all.

    They are flushed together before the first appears: a disk does that in a fraction of the time that it takes for each.

    Parameters
    ----------
    targets
        Where the folders are to stand.
    complete_with
        The file that a complete folder has. A complete folder that stands at a target already stays, and the new one is
        discarded; an incomplete one, such as an interrupted copy leaves, is replaced. None: nothing may stand there.

    """
    with ExitStack() as stack:
        folders = [stack.enter_context(_new_folder(target)) for target in targets]
        yield folders
        if not targets:
            return
        with write_errors(targets[0]):
            _flush_all([path for folder in folders for path in folder.iterdir()])
        for folder, target in zip(folders, targets, strict=True):
            with write_errors(target):
                _move(folder, target, complete_with)
        for parent in dict.fromkeys(target.parent for target in targets):
            with write_errors(parent):
                _flush(parent)


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside ``target``, which is removed if it is still there when the block has ended."""
    folder = target.with_name(f".{target.name}.{os.getpid()}.{time.monotonic_ns()}")
    with write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _move(folder: Path, target: Path, complete_with: str | None) -> None:
    """Rename a folder to ``target``, in place of an incomplete one; a complete one stays."""

    def is_complete() -> bool:
        return complete_with is not None and (target / complete_with).is_file()

    try:
        folder.rename(target)  # which, of folders, replaces only an empty one
    except OSError:
        if complete_with is None or not target.is_dir():
            raise
    else:
        return
    if is_complete():
        return
    # A folder with something in it cannot be replaced in one step. Under the lock nobody else takes what is put there now
    # for the incomplete one; whoever is stopped between the two steps leaves no folder, and the next one puts its own there.
    with replacing(target):
        if is_complete():
            return
        replaced = folder.with_name(f"{folder.name}.replaced")
        with suppress(FileNotFoundError):  # somebody moved it away a moment ago
            target.rename(replaced)
        try:
            folder.rename(target)
        except OSError:
            if not is_complete():  # of a process that came between the two steps and met nothing to replace
                raise
        finally:
            shutil.rmtree(replaced, ignore_errors=True)


def atomic_write(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file so that a reader sees the old one or the new one, whole; ``write`` is given the path to write to."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(partial)
            _flush(partial)
            partial.replace(path)
            _flush(path.parent)
        finally:
            partial.unlink(missing_ok=True)


def update_json(path: Path, change: Callable[[str | None], object]) -> None:
    """Read, change and replace a JSON file under a lock.

    ``change`` gets its text, or None where there is no file, and returns the new value, or None to leave the file as it is.
    Bytes that are no text come as lone surrogates, which no decoder of JSON takes.
    """
    with locked(path.with_name(f"{path.name}.lock")):
        value = change(path.read_text("utf-8", "surrogateescape") if path.is_file() else None)
        if value is not None:
            atomic_write(path, lambda partial: partial.write_text(to_json(value), encoding="utf-8"))


def _flush_all(paths: Sequence[Path]) -> None:
    """Flush files, several at once: what a disk is asked for meanwhile, it does in one go."""
    with ThreadPoolExecutor(FLUSHED_AT_ONCE) as pool:
        for _ in pool.map(_flush, paths):
            pass


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def to_json(value: object) -> str:
    """Return a value, of plain types and dataclasses, as JSON text; numbers that are not finite become null."""
    # Laid out by msgspec as json does it with an indent of 1, for which it has no compiled code.
    return msgspec.json.format(json.dumps(nan_to_none(value)), indent=1) + "\n"


def nan_to_none(value: object) -> object:
    """Return a nested value as JSON can hold it: None for numbers that are not finite, mappings for dataclasses."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: nan_to_none(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [nan_to_none(inner) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: nan_to_none(getattr(value, field.name)) for field in fields(value)}
    return value
