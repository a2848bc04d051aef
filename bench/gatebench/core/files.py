"""Writing files: whatever appears, appears whole or not at all, and has reached the disk."""

import json
import math
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from gatebench.core.errors import BadInput


class Unwritable(BadInput):
    """The disk is full, read-only or gone: no fault of a trial."""


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """What the system has against writing there becomes one clear line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unwritable(
            f"{path} cannot be written ({reason}); make room or mend the permissions and give the same command again: "
            "whatever was finished is kept"
        ) from error


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """A folder that appears at ``target`` whole, or not at all. If it is there already, that one stays."""
    folder = target.with_name(f".{target.name}.{os.getpid()}.{time.monotonic_ns()}")
    with write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        try:
            yield folder
            for path in folder.iterdir():
                _flush(path)
            try:
                folder.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
            _flush(target.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def atomic_write(path: Path, write: Any) -> None:
    """Write a file so that a reader sees the old one or the new one, whole."""
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


def update_json(path: Path, change: Any) -> None:
    """Read, change and replace a JSON file under a lock; ``change`` gets its value, or None where there is none."""
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        value = change(json.loads(path.read_text()) if path.is_file() else None)
        atomic_write(path, lambda partial: partial.write_text(to_json(value)))
    finally:
        lock.release()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def to_json(value: Any) -> str:
    """A value as text; numbers that are not finite are null."""
    return json.dumps(nan_to_none(value), indent=1, default=asdict) + "\n"


def nan_to_none(value: Any) -> Any:
    """NaN is no JSON: a number that is not there is null."""
    if isinstance(value, dict):
        return {k: nan_to_none(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [nan_to_none(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
