"""``results/trials.zip``: finished trials in one file, which holds ``KEY/PART`` for each part, as the folders below
``trials/`` have them; ``unzip`` makes these folders again.

Nothing is compressed, so that a part is read in one go from where it stands, and so that whatever is damaged costs one trial
alone. Where the directory at the end of the file is damaged, the parts are found without it.
"""

import hashlib
import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from gatebench.records import aside
from gatebench.records.parts import DAMAGE, RECORD

NAME = "trials.zip"
"""Name of the file, beside ``trials/``."""
PART = r"[\w-][\w.-]*"
"""Pattern of the name of a part."""
_MEMBER = re.compile(rf"([0-9a-f]{{16}})/({PART})".encode(), re.ASCII)
_HEADER = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LARGE_END = struct.Struct("<4sQ2H2I4Q")
CHECKSUM = 64
"""Bytes of the comment that ends a pack."""
_LARGE_ENDS = _LARGE_END.size + 20 + _END.size + CHECKSUM
"""Bytes of what ends a large file: the large end, where that is, the end of every file."""
_IN_EXTRA = 2**32 - 1
"""What stands for an offset beyond 4 GB."""
_SIGNATURE = b"PK\x03\x04"


class PlaceInPack(NamedTuple):
    """Where a part stands in the file."""

    offset: int
    """Bytes from the start of the file to the header of the part."""
    size: int
    crc: int


class PackedRecord:
    """The parts of a record in a pack."""

    def __init__(self, pack: "Pack", key: str, members: dict[str, PlaceInPack]) -> None:
        self.pack, self.key, self.members = pack, key, members

    def __str__(self) -> str:
        return f"{self.pack.path}/{self.key}"

    def read(self, name: str) -> bytes:
        """Return a part; ``FileNotFoundError`` if it is not there, ``ValueError`` if it is not what was written."""
        if name not in self.members:
            raise FileNotFoundError(f"{name} is missing")
        content = self.raw(name)
        if zlib.crc32(content) != self.members[name].crc:
            raise ValueError(f"{name} does not fit its checksum in {NAME}")
        return content

    def raw(self, name: str) -> bytes:
        """Return a part, whatever became of it."""
        member, stated = self.members[name], f"{self.key}/{name}".encode()
        with self.pack.path.open("rb", buffering=0) as file:
            if _identity(os.fstat(file.fileno())) != self.pack.identity:
                raise FileNotFoundError(f"{self.pack.path} was packed anew meanwhile")
            start = os.pread(file.fileno(), _HEADER.size + len(stated), member.offset)
            if not start.startswith(_SIGNATURE) or not start.endswith(stated):
                raise ValueError(f"{name} is not where {NAME} says")
            extra = int.from_bytes(start[28:30], "little")
            return os.pread(file.fileno(), member.size, member.offset + len(start) + extra)


class Pack:
    """The trials of a results folder that are packed; what other processes pack or unpack is noticed.

    ``without_directory``: whether to look for the parts themselves, in place of the directory at the end of the file.
    """

    def __init__(self, results: Path, without_directory: bool = False) -> None:
        self.results, self.path, self._without_directory = results, results / NAME, without_directory
        self.identity: tuple[int, ...] | None = None
        self.is_damaged = False
        """Whether the directory of the file cannot be read."""
        self._members: dict[str, dict[str, PlaceInPack]] = {}

    def keys(self) -> set[str]:
        """Return the keys of the packed trials."""
        self._refresh()
        return set(self._members)

    def record(self, key: str) -> PackedRecord | None:
        """Return the parts of a packed trial; None if it is not packed."""
        self._refresh()
        members = self._members.get(key)
        return None if members is None else PackedRecord(self, key, members)

    def _refresh(self) -> None:
        """Read the directory, unless it is known."""
        try:
            identity = _identity(os.stat(self.path))
        except (FileNotFoundError, NotADirectoryError):
            self.identity, self._members, self.is_damaged = None, {}, False
            return
        if identity == self.identity:
            return
        self.identity, self.is_damaged = identity, False
        try:
            self._members = dict(_grouped(_scanned(self.path) if self._without_directory else _listed(self.path)))
        except (struct.error, *DAMAGE) as error:
            self._members = dict(_grouped(_scanned(self.path)))
            self.is_damaged = True
            aside.say(
                [
                    f"the directory of {self.path} is damaged ({error}); {len(self._members)} trials are found without it: "
                    "make it anew with gatebench pack"
                ]
            )


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _grouped(members: Iterable[tuple[bytes, PlaceInPack]]) -> dict[str, dict[str, PlaceInPack]]:
    """Key -> part -> where it stands; of keys of which the record was found."""
    grouped: dict[str, dict[str, PlaceInPack]] = {}
    for name, member in members:
        if match := _MEMBER.fullmatch(name):
            grouped.setdefault(match[1].decode(), {}).setdefault(match[2].decode(), member)
    return {key: of_key for key, of_key in grouped.items() if RECORD in of_key}


def checksum(members: Iterable[tuple[bytes, PlaceInPack]]) -> bytes:
    """Return what a pack has as its comment: the checksum of what its directory lists."""
    listed = hashlib.sha256()
    for name, member in members:
        listed.update(b"%s %d %d %d\n" % (name, *member))
    return listed.hexdigest().encode()


def _listed(path: Path) -> list[tuple[bytes, PlaceInPack]]:
    """Return what the directory lists, in a third of `zipfile`'s time; ``ValueError`` if it is not as it was written."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _LARGE_ENDS))
        ends = file.read()
        signature, *_, count, listed, start, _ = _END.unpack(ends[-_END.size - CHECKSUM : -CHECKSUM])
        end = size - _END.size - CHECKSUM
        if signature != b"PK\5\6":
            raise ValueError("it does not end as it should")
        if ends.startswith(b"PK\6\6"):  # of more than 65,535 parts, or of more than 4 GB
            *_, count, listed, start = _LARGE_END.unpack_from(ends)
            end = size - _LARGE_ENDS
        if start + listed != end:
            raise ValueError("its parts and its directory are not as long as it says")
        file.seek(start)
        content = file.read(listed)
    at, members = 0, []
    for _ in range(count):
        *_, crc, _, size, name_size, extra, comment, _, _, _, offset = _ENTRY.unpack_from(content, at)
        at += _ENTRY.size + name_size
        if offset == _IN_EXTRA:
            offset = int.from_bytes(content[at + extra - 8 : at + extra], "little")
        members.append((content[at - name_size : at], PlaceInPack(offset, size, crc)))
        at += extra + comment
    if checksum(members) != ends[-CHECKSUM:]:
        raise ValueError("it does not fit its checksum")
    return members


def _scanned(path: Path) -> Iterator[tuple[bytes, PlaceInPack]]:
    """Yield what stands in the file, one part after the other; what is between parts is passed over."""
    content, at = path.read_bytes(), 0
    while (at := content.find(_SIGNATURE, at)) >= 0 and at + _HEADER.size <= len(content):
        *_, crc, _, size, name_size, extra = _HEADER.unpack_from(content, at)
        name = content[at + _HEADER.size : at + _HEADER.size + name_size]
        start = at + _HEADER.size + name_size + extra
        if _MEMBER.fullmatch(name) and zlib.crc32(content[start : start + size]) == crc:
            yield name, PlaceInPack(at, size, crc)
            at = start + size
        else:
            at += len(_SIGNATURE)
