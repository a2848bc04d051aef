"""Arrays that lie on a disk while data is read that is larger than memory should be; nothing of them is left behind."""

import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data import long_arrays

IN_MEMORY = 2**26
"""Bytes of an array from which on it lies on a disk."""


def new(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """Return an array to be filled: in memory if it is small, and else on a disk."""
    size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    if size < IN_MEMORY:
        return np.empty(shape, dtype)
    try:
        with tempfile.TemporaryFile(dir=_folder()) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # a full disk is an error now, and no fault of a page later
            else:
                file.truncate(size)
            return np.ndarray(shape, dtype, buffer=mmap.mmap(file.fileno(), size))
    except OSError as error:
        raise _full(size, error) from error


def keep(array: np.ndarray) -> np.ndarray:
    """Return an array as it is if it is small, and else one of the same numbers that lies on a disk."""
    stored = new(array.shape, array.dtype)
    if array.nbytes < IN_MEMORY:
        return array
    for start, block in long_arrays.rows_of(array):
        stored[start : start + len(block)] = block
        long_arrays.release(stored)
    return stored


def take(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return some rows of an array, on a disk if they are many."""
    taken = array[rows]
    long_arrays.release(array)
    long_arrays.release(rows)
    return keep(taken)


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """Return arrays one after the other, as one of the type that all of them fit into."""
    whole = new((sum(map(len, parts)), *parts[0].shape[1:]), np.result_type(*parts))
    place = 0
    for part in parts:
        for start, block in long_arrays.rows_of(part):
            whole[place + start : place + start + len(block)] = block
        long_arrays.release(whole)
        place += len(part)
    return whole


def stacked(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return columns ``[N]`` side by side, ``[N, X]``."""
    whole = new((len(columns[0]), len(columns)), np.result_type(*columns))
    for start, block in long_arrays.rows_of(whole):
        for place, column in enumerate(columns):
            block[:, place] = column[start : start + len(block)]
            long_arrays.release(column)
    return whole


def each(
    arrays: Sequence[np.ndarray], convert: Callable[[np.ndarray], np.ndarray], width: int, dtype: np.dtype | type
) -> list[np.ndarray]:
    """Return what becomes of arrays ``[T, X]``, row by row, as parts of one array that may lie on a disk.

    Parameters
    ----------
    arrays
        The arrays.
    convert
        Rows ``[N, X]`` -> as many rows ``[N, Y]``.
    width
        The number ``Y`` of columns.
    dtype
        The type of what becomes of them.

    """
    whole, parts, place = new((sum(map(len, arrays)), width), dtype), list[np.ndarray](), 0
    for array in arrays:
        for start, block in long_arrays.rows_of(array):
            whole[place + start : place + start + len(block)] = convert(block)
        parts.append(whole[place : place + len(array)])
        place += len(array)
        long_arrays.release(whole)
    return parts


def of_pairs(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]],
    convert: Callable[[np.ndarray, np.ndarray], np.ndarray],
    dtype: np.dtype | type,
) -> list[np.ndarray]:
    """Return what `each` does of pairs of arrays of as many rows, which become as wide as ``convert`` makes their rows."""
    width = convert(pairs[0][0][:1], pairs[0][1][:1]).shape[1]
    whole, parts, place = new((sum(len(one) for one, _ in pairs), width), dtype), list[np.ndarray](), 0
    for one, other in pairs:
        for start, block in long_arrays.rows_of(one):
            whole[place + start : place + start + len(block)] = convert(block, other[start : start + len(block)])
            long_arrays.release(other)
        parts.append(whole[place : place + len(one)])
        place += len(one)
        long_arrays.release(whole)
    return parts


class Growing:
    """Numbers that are written one block after the other, to a file, and become an array when all are there."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(dir=_folder())  # noqa: SIM115 (it is closed with this object)
        weakref.finalize(self, self._file.close)
        self._parts: list[tuple[np.dtype, int]] = []

    def add(self, values: np.ndarray) -> None:
        """Write numbers ``[N]`` behind those that are there."""
        try:
            self._file.write(np.ascontiguousarray(values).tobytes())
        except OSError as error:
            raise _full(values.nbytes, error) from error
        if self._parts and self._parts[-1][0] == values.dtype:
            self._parts[-1] = (values.dtype, self._parts[-1][1] + len(values))
        else:
            self._parts.append((values.dtype, len(values)))

    def finish(self) -> np.ndarray:
        """Return all numbers as one array, of the type that all of them fit into."""
        self._file.flush()
        size = sum(dtype.itemsize * count for dtype, count in self._parts)
        if not size:
            return np.zeros(0)
        mapped = mmap.mmap(self._file.fileno(), size)
        parts, offset = [], 0
        for dtype, count in self._parts:
            parts.append(np.ndarray((count,), dtype, buffer=mapped, offset=offset))
            offset += dtype.itemsize * count
        return parts[0] if len(parts) == 1 else joined(parts)


def _folder() -> Path:
    """Return the folder of what is written, or the nearest one above it that is there: a place for much."""
    folder = registry.local_folder().resolve()
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def _full(size: int, error: OSError) -> BadInput:
    return BadInput(
        f"{size:,} bytes cannot be written in {_folder()} ({error.strerror}), where data lies while it is read; make room, "
        "or set GATEBENCH_PATH to a folder that has some"
    )
