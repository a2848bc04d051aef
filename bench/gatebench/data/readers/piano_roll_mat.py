"""MATLAB 5 files of piano rolls: cell arrays ``traindata``, ``validdata``, ``testdata`` of 0/1 matrices ``[T, 88]``.

What little of the format they need is read here: SciPy's reader, which knows all of it, ends the process where a file is
damaged. After a header of 128 bytes, a file is a row of *elements*: a type, a size and so many bytes, which may be elements
again.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from gatebench.data.cards import SPLITS, Arrays, Card

NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
"""Types of elements that are numbers,"""
MATRIX, COMPRESSED = 14, 15
"""and those that have elements in them: flags, sizes, name, and what the class in the flags says; or one, packed by zlib."""
CELLS, FULL = 1, range(6, 16)
"""Classes of matrices: with matrices in it; with numbers."""
MOST = 2**28
"""Bytes that a variable may unpack to; in the sets of the paper, at most 22 MB."""


def read(card: Card, paths: list[Path]) -> Arrays:
    """The three splits of the one file. Nothing in the format is executed on loading."""
    (path,) = paths
    names = [f"{split}data" for split in SPLITS]
    variables = {name: rolls for name, rolls in _variables(path.read_bytes()) if name in names}
    missing = [name for name in names if name not in variables]
    if missing:
        raise ValueError(f"{path} has no cell array {missing[0]}")
    sequences = {split: variables[f"{split}data"] for split in SPLITS}
    for split, rolls in sequences.items():
        for i, roll in enumerate(rolls):
            if not np.isin(roll, (0, 1)).all():
                raise ValueError(f"sequence {i} of split '{split}' has values other than 0 and 1")
    return {split: [roll.astype(np.uint8) for roll in rolls] for split, rolls in sequences.items()}


def _variables(content: bytes) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Name and matrices of every cell array."""
    if content[126:128] != b"IM":  # "MI" on machines of the other byte order
        raise ValueError("it is no MATLAB 5 file")
    for kind, data in _elements(memoryview(content)[128:]):
        for inner, variable in _elements(_unpacked(data)) if kind == COMPRESSED else [(kind, data)]:
            parts = _elements(variable) if inner == MATRIX else iter(())
            head = [part for _, part in islice(parts, 3)]
            if len(head) == 3 and head[0][0] == CELLS:
                cells = [_matrix(part) for _, part in parts]
                # Column by column in the file, row by row here.
                places = np.arange(len(cells)).reshape(np.frombuffer(head[1], "<i4"), order="F").ravel()
                yield bytes(head[2]).decode(), [cells[place] for place in places]


def _matrix(data: memoryview) -> np.ndarray:
    parts = list(islice(_elements(data), 5))
    if len(parts) != 4 or parts[0][1][0] not in FULL or parts[3][0] not in NUMBERS:
        raise ValueError("a sequence is no full matrix of real numbers")
    kind, numbers = parts[3]
    return np.frombuffer(numbers, NUMBERS[kind]).reshape(np.frombuffer(parts[1][1], "<i4"), order="F")


def _elements(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Type and bytes of each element of a row."""
    at = 0
    while at < len(data):
        if len(data) < at + 8:
            raise ValueError("it ends within an element")
        kind, size = struct.unpack_from("<II", data, at)
        small = kind >> 16  # a size of up to four bytes, which stand in place of the size
        start, kind, size = (at + 4, kind & 0xFFFF, small) if small else (at + 8, kind, size)
        if small > 4 or len(data) < start + size:
            raise ValueError("it ends within an element")
        yield kind, data[start : start + size]
        at = start + size if kind == COMPRESSED else at + 8 + (0 if small else -(-size // 8) * 8)


def _unpacked(data: memoryview) -> memoryview:
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(data, MOST)
    if not unpacking.eof:
        raise ValueError(f"a variable is cut short, or has more than {MOST:,} bytes")
    return memoryview(unpacked)
