"""MATLAB 5 files, read without trust: SciPy's reader, which knows all of the format, ends the process where one is damaged.

After a header of 128 bytes, a file is a row of *elements*: a type, a size and so many bytes, which may be elements again.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import islice

import numpy as np

NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
"""Type of an element that holds numbers -> their type in NumPy."""
LETTERS = {1: "latin-1", 2: "latin-1", 4: "utf-16-le", 16: "utf-8", 17: "utf-16-le", 18: "utf-32-le"}
"""Type of an element that holds letters -> their encoding."""
MATRIX = 14
"""Type of an element that has in it: flags, sizes, a name, and what the class in the flags says."""
COMPRESSED = 15
"""Type of an element that has one element in it, packed by zlib."""
CELL_CLASS = 1
"""Class of a matrix that has matrices in it."""
TEXT_CLASS = 4
"""Class of a matrix of letters."""
NUMBER_CLASSES = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
"""Class of a full matrix of numbers -> their type, which may be wider than that in the file."""
MOST_BYTES = 2**28
"""Bytes that a variable may unpack to; in the sets of the paper, at most 22 MB."""

Matrix = np.ndarray
"""Numbers of any shape, or texts ``[N]``."""


def variables(content: bytes, most: int = MOST_BYTES) -> Iterator[tuple[str, Matrix | list[Matrix]]]:
    """Yield name and value of every variable that is a matrix of numbers or letters, or a cell array of such.

    Parameters
    ----------
    content
        The bytes of the file. ``ValueError`` says what is wrong with them.
    most
        Bytes that a variable may unpack to.

    """
    if content[126:128] != b"IM":  # "MI" on machines of the other byte order
        raise ValueError("it is no MATLAB 5 file")
    if content[124:126] != b"\0\1":
        raise ValueError("it is of MATLAB 7.3, which is HDF5; save it as a MATLAB 5 file: save -v7")
    for kind, data in _elements(memoryview(content)[128:]):
        for inner, variable in _elements(_unpack(data, most)) if kind == COMPRESSED else [(kind, data)]:
            if inner == MATRIX:
                yield from _variable(variable)


def _variable(data: memoryview) -> Iterator[tuple[str, Matrix | list[Matrix]]]:
    """Yield name and value of a variable, nothing if it is of another class."""
    parts = _elements(data)
    head = [part for _, part in islice(parts, 3)]
    if len(head) < 3:
        return
    name, of_class = bytes(head[2]).decode(), head[0][0]
    if of_class == CELL_CLASS:
        cells = [read_matrix(part) for _, part in parts]
        # Column by column in the file, row by row here.
        positions = np.arange(len(cells)).reshape(np.frombuffer(head[1], "<i4"), order="F").ravel()
        yield name, [cells[position] for position in positions]
    elif (of_class == TEXT_CLASS or of_class in NUMBER_CLASSES) and len([*parts]) == 1:  # complex numbers have two
        yield name, read_matrix(data)


def read_matrix(data: memoryview) -> Matrix:
    """Return a full matrix of real numbers, or the rows of one of letters as texts."""
    parts = list(islice(_elements(data), 5))
    if len(parts) == 4 and parts[0][1][0] == TEXT_CLASS and parts[3][0] in LETTERS:
        return _texts(np.frombuffer(parts[1][1], "<i4"), bytes(parts[3][1]).decode(LETTERS[parts[3][0]]))
    if len(parts) != 4 or parts[0][1][0] not in NUMBER_CLASSES or parts[3][0] not in NUMBERS:
        raise ValueError("a sequence is no full matrix of real numbers")
    kind, numbers = parts[3]
    matrix = np.frombuffer(numbers, NUMBERS[kind]).reshape(np.frombuffer(parts[1][1], "<i4"), order="F")
    return matrix.astype(NUMBER_CLASSES[parts[0][1][0]], copy=False)


def _texts(shape: np.ndarray, letters: str) -> np.ndarray:
    if len(shape) != 2 or shape.prod() != len(letters):
        raise ValueError("a text does not have as many letters as its size says")
    rows = np.array([*letters], "U1").reshape(shape, order="F")
    return np.array(["".join(row).rstrip() for row in rows], str)


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


def _unpack(data: memoryview, most: int) -> memoryview:
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(data, most)
    if not unpacking.eof:
        raise ValueError(f"a variable is cut short, or has more than {most:,} bytes")
    return memoryview(unpacked)
