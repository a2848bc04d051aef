"""Long arrays a block at a time: what is computed of them takes the memory of a block, also where they lie on a disk."""

import math
import mmap
from collections.abc import Iterable, Iterator

import numpy as np

NUMBERS = 2**20
"""Numbers of a block, at the most, unless a single row has more."""


def rows_of(array: np.ndarray, numbers: int = NUMBERS) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the rows of an array in their order, in blocks of so many numbers, each with the place of its first row."""
    count = max(1, numbers // max(1, math.prod(array.shape[1:])))
    for start in range(0, len(array), count):
        yield start, array[start : start + count]
        release(array)


def blocks(arrays: Iterable[np.ndarray], numbers: int = NUMBERS) -> Iterator[np.ndarray]:
    """Yield the rows of arrays ``[T, X]`` of one width, one array after the other, in blocks of about so many numbers."""
    waiting: list[np.ndarray] = []
    size = 0
    for array in arrays:
        if size + array.size > numbers:
            yield from _joined(waiting)
            waiting, size = [], 0
        if array.size > numbers:
            yield from (block for _, block in rows_of(array, numbers))
            continue
        waiting.append(array)
        size += array.size
    yield from _joined(waiting)


def _joined(arrays: list[np.ndarray]) -> Iterator[np.ndarray]:
    if arrays:
        yield np.concatenate(arrays)
        for array in arrays:
            release(array)


def release(array: np.ndarray) -> None:
    """Let go of the memory that parts of a file take which an array lies in; it is read again where it is needed."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    owner = owner.obj if isinstance(owner, memoryview) else owner
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)


def distinct(values: np.ndarray) -> np.ndarray:
    """Return the different ones of numbers ``[N]``, none of them NaN, in their order; without a table of all of them."""
    ordered = np.sort(values)
    release(values)
    if not len(ordered):
        return ordered
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
