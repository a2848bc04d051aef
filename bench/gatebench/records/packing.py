"""Folders of trials into one file and back, while sweeps go on: killed at any moment, nothing is lost and nothing doubled.

The new file replaces the old one first, then the folders go: meanwhile a trial stands in both, with the same content. What
packs or unpacks holds the lock of the file; who reads needs none.
"""

import os
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TypeVar

from gatebench.core.files import Unwritable, atomic_folders, atomic_write, locked, replacing, write_errors
from gatebench.records import aside, parts
from gatebench.records.packed import NAME, PART, Pack, PackedRecord, PlaceInPack, checksum
from gatebench.records.parts import RECORD, DamagedRecord, RecordFolder, RecordParts

T = TypeVar("T")
"""Whatever a reader makes of a record."""
AT_ONCE = 100
"""Folders that are made at once."""
_GOING = "going"
_REMEDY = "the next sweep of its study trains it anew"


@dataclass
class PackingOutcome:
    """What packing or unpacking came to."""

    moved: list[str] = field(default_factory=list)
    """Keys of the trials that were packed, or unpacked."""
    left: list[str] = field(default_factory=list)
    """Keys of those that stay in folders, since they hold what is no plain file."""


def pack(results: Path, keys: Collection[str] | None = None) -> PackingOutcome:
    """Put finished trials that stand in folders, of these keys or all, into the pack of a results folder."""
    trials, outcome = results / "trials", PackingOutcome()
    with _changing(results) as packed:
        names = sorted(entry.name for entry in os.scandir(trials)) if trials.is_dir() else []
        folders = [trials / name for name in names if (keys is None or name in keys) and (trials / name / RECORD).is_file()]
        contents: dict[str, dict[str, int]] = {}

        def new() -> Iterator[tuple[str, dict[str, bytes]]]:
            for folder in folders:
                content = _of_folder(results, folder, packed)
                if content is None:
                    continue
                if not content:
                    outcome.left.append(folder.name)
                    continue
                contents[folder.name] = {name: len(part) for name, part in content.items()}
                record = packed.record(folder.name)
                if record is None or record.members.keys() != content.keys():
                    yield folder.name, content

        coming = new()
        first = next(coming, None)
        if first is not None or packed.is_damaged:
            _write(results, packed, chain([first] if first else [], coming))
        outcome.moved = [key for key, sizes in contents.items() if _remove(trials / key, sizes)]
    return outcome


def unpack(results: Path, keys: Collection[str] | None = None) -> PackingOutcome:
    """Make folders of packed trials again, of these keys or all; the pack without any is removed."""
    trials, outcome = results / "trials", PackingOutcome()
    with _changing(results) as packed:
        chosen = sorted(packed.keys() if keys is None else packed.keys() & set(keys))
        for first in range(0, len(chosen), AT_ONCE):
            outcome.moved += _make_folders(trials, packed, chosen[first : first + AT_ONCE])
        if outcome.moved:
            _write(results, packed, iter(()), leave_out=set(outcome.moved))
    return outcome


def set_aside(
    results: Path, key: str, read: Callable[[RecordParts], T | None], remedy: Callable[[], str]
) -> tuple[T | None, str]:
    """Set a packed record aside that cannot be read; returns what is read if it can be after all, and a line to say."""
    try:
        with _changing(results) as packed:
            damage = None
            for one in (packed, Pack(results, without_directory=True)):
                record = one.record(key)
                try:
                    content = None if record is None else read(record)
                except DamagedRecord as error:
                    damage = damage or error
                    continue
                if content is not None:
                    if one is not packed:  # the directory is wrong
                        _keep_copy(results, packed.path)
                        _write(results, one, iter(()))
                    return content, ""
            record = packed.record(key)
            if record is None or damage is None:
                return None, ""  # it was unpacked meanwhile
            where = _keep_raw(results, record)
            _write(results, packed, iter(()), leave_out={key})
            return None, f"record {record} is damaged ({damage.reason}); set aside in {where}; {remedy()}"
    except Unwritable as error:  # a folder of somebody else, which is only looked at
        return None, f"record {results / NAME}/{key} is damaged and is left out; {error}"


@contextmanager
def _changing(results: Path) -> Iterator[Pack]:
    """Hold the lock of a pack, with what a killed process left there cleared away."""
    with locked(results / f"{NAME}.lock"):
        for partial in results.glob(f".{NAME}.*.partial"):
            partial.unlink()
        packed = Pack(results)
        packed.keys()  # whether its directory is damaged is known now
        for folder in (results / "trials").glob(f".*.{_GOING}"):
            key = folder.name[1:].removesuffix(f".{_GOING}")
            if packed.record(key) is None:  # pragma: no cover - nobody takes a packed trial out meanwhile
                folder.rename(folder.with_name(key))
            else:
                shutil.rmtree(folder)
        yield packed


def _of_folder(results: Path, folder: Path, packed: Pack) -> dict[str, bytes] | None:
    """Return the files of a folder; none if it holds others than plain ones, None if there is nothing to pack of it.

    A damaged record is said and set aside; so is one that is packed with another content, since the first one stays.
    """
    entries = list(os.scandir(folder))
    if not all(entry.is_file(follow_symlinks=False) and re.fullmatch(PART, entry.name, re.ASCII) for entry in entries):
        return {}
    try:
        parts.verify(RecordFolder(folder))
        content = {entry.name: (folder / entry.name).read_bytes() for entry in entries}
    except DamagedRecord:
        _, line = aside.record(results, folder, parts.verify, lambda: _REMEDY)
        aside.say([line] if line else [])
        return None
    record = packed.record(folder.name)
    if record is not None and any(name in record.members and record.read(name) != part for name, part in content.items()):
        with replacing(folder):
            moved = aside.move(results, folder, folder.name, "the packed one stays")
        aside.say([f"record {folder} differs from the one in {packed.path}; {moved}"])
        return None
    return content


def _write(
    results: Path, packed: Pack, new: Iterator[tuple[str, dict[str, bytes]]], leave_out: Collection[str] = ()
) -> None:
    """Write the pack anew: new trials, and those that it has, but for what is left out; it is removed if it has none."""
    if packed.is_damaged:
        _keep_copy(results, packed.path)
    count = 0

    def write(partial: Path) -> None:
        nonlocal count
        with zipfile.ZipFile(partial, "w") as file:
            written: set[str] = set()
            for key, content in new:
                _add(file, key, content)
                written.add(key)
            for key in sorted(packed.keys() - written - set(leave_out)):
                record = packed.record(key)
                assert record is not None, key  # under the lock
                try:
                    _add(file, key, {name: record.read(name) for name in record.members})
                except ValueError as error:
                    aside.say(
                        [f"record {record} is damaged ({error}); set aside in {_keep_raw(results, record)}; {_REMEDY}"]
                    )
                    continue
                written.add(key)
            count = len(written)
            listed = (
                (one.filename.encode(), PlaceInPack(one.header_offset, one.file_size, one.CRC)) for one in file.infolist()
            )
            file.comment = checksum(listed)

    atomic_write(packed.path, write)
    if not count:
        packed.path.unlink()


def _add(file: zipfile.ZipFile, key: str, content: dict[str, bytes]) -> None:
    for name, part in content.items():
        member = zipfile.ZipInfo(f"{key}/{name}")
        member.external_attr = 0o644 << 16
        file.writestr(member, part)


def _remove(folder: Path, sizes: dict[str, int]) -> bool:
    """Remove a folder that is packed; whether it was still as it was when it was read."""
    going = folder.with_name(f".{folder.name}.{_GOING}")
    with write_errors(folder):
        try:
            folder.rename(going)
        except FileNotFoundError:
            return False
        if {entry.name: entry.stat().st_size for entry in os.scandir(going)} != sizes:
            going.rename(folder)
            return False
        shutil.rmtree(going)
    return True


def _make_folders(trials: Path, packed: Pack, keys: list[str]) -> list[str]:
    """Make folders of packed trials; returns the keys of those that stand there now."""
    contents: dict[str, dict[str, bytes]] = {}
    for key in keys:
        record = packed.record(key)
        assert record is not None, key  # under the lock
        try:
            contents[key] = {name: record.read(name) for name in record.members}
        except ValueError:
            continue  # writing the pack anew says it
    with atomic_folders([trials / key for key in contents], complete_with=RECORD) as folders:
        for folder, (key, content) in zip(folders, contents.items(), strict=True):
            beside = trials / key  # such as what was drawn from a packed trial
            others = {file.name: file.read_bytes() for file in beside.iterdir()} if beside.is_dir() else {}
            for name, part in {**others, **content}.items():
                (folder / name).write_bytes(part)
    return list(contents)


def _keep_copy(results: Path, path: Path) -> None:
    """Keep a damaged pack beside the one that is made of it."""
    target = results / aside.NAME / f"{NAME}.{time.time_ns()}"
    with write_errors(target):
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)
    aside.say([f"what {path} was is kept in {target}"])


def _keep_raw(results: Path, record: PackedRecord) -> Path:
    """Write what stands in the place of a packed record below ``damaged/``; returns the folder."""
    folder = results / aside.NAME / f"{record.key}.{time.time_ns()}"
    with write_errors(folder):
        folder.mkdir(parents=True)
        for name in record.members:
            try:
                (folder / name).write_bytes(record.raw(name))
            except (ValueError, FileNotFoundError):
                continue  # nothing can be found in its place
    return folder
