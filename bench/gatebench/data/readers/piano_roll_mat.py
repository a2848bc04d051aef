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

from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays

NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
"""Type of an element that holds numbers -> their type in NumPy."""
MATRIX = 14
"""Type of an element that has in it: flags, sizes, a name, and what the class in the flags says."""
COMPRESSED = 15
"""Type of an element that has one element in it, packed by zlib."""
CELL_CLASS = 1
"""Class of a matrix that has matrices in it."""
NUMBER_CLASSES = range(6, 16)
"""Classes of a full matrix of numbers."""
MOST_BYTES = 2**28
"""Bytes that a variable may unpack to; in the sets of the paper, at most 22 MB."""


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return the three splits of the one file. Nothing in the format is executed on loading."""
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
    """Yield name and matrices of every cell array."""
    if content[126:128] != b"IM":  # "MI" on machines of the other byte order
        raise ValueError("it is no MATLAB 5 file")
    for kind, data in _elements(memoryview(content)[128:]):
        for inner, variable in _elements(_unpack(data)) if kind == COMPRESSED else [(kind, data)]:
            parts = _elements(variable) if inner == MATRIX else iter(())
            head = [part for _, part in islice(parts, 3)]
            if len(head) == 3 and head[0][0] == CELL_CLASS:
                cells = [_matrix(part) for _, part in parts]
                # Column by column in the file, row by row here.
                positions = np.arange(len(cells)).reshape(np.frombuffer(head[1], "<i4"), order="F").ravel()
                yield bytes(head[2]).decode(), [cells[position] for position in positions]


def _matrix(data: memoryview) -> np.ndarray:
    parts = list(islice(_elements(data), 5))
    if len(parts) != 4 or parts[0][1][0] not in NUMBER_CLASSES or parts[3][0] not in NUMBERS:
        raise ValueError("a sequence is no full matrix of real numbers")
    kind, numbers = parts[3]
    return np.frombuffer(numbers, NUMBERS[kind]).reshape(np.frombuffer(parts[1][1], "<i4"), order="F")


def _elements(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield type and bytes of each element of a row."""
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


def _unpack(data: memoryview) -> memoryview:
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(data, MOST_BYTES)
    if not unpacking.eof:
        raise ValueError(f"a variable is cut short, or has more than {MOST_BYTES:,} bytes")
    return memoryview(unpacked)
