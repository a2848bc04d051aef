"""Whether numbers rise from row to row within sequences, by one constant, evenly, or beginning anew now and then."""

import numpy as np

from gatebench.data import long_arrays
from gatebench.ingest.cells import Column

FEWEST_STEPS = 4
"""Steps of one series from which on a column that rises by one constant counts them."""
REGULAR = 0.9
"""Share of equal steps from which on times are regular."""


def steps(codes: np.ndarray, values: np.ndarray, in_order: bool = False) -> np.ndarray:
    """Return the differences from row to row within sequences, of rows as they stand or in the order of values."""
    rows = rows_in_order(codes, values if in_order else None)
    if rows is not None:
        codes, values = codes[rows], values[rows]
    same = within(codes)
    differences = np.diff(values)
    long_arrays.release(values)
    return differences if same.all() else differences[same]


def rows_in_order(codes: np.ndarray, values: np.ndarray | None) -> np.ndarray | None:
    """Return the places of rows, those of a sequence together and in the order of values; None where they stand so."""
    stand_so = True
    for start, block in long_arrays.rows_of(codes):
        before = slice(max(0, start - 1), start + len(block) - 1)
        change = block[1:] - block[:-1] if not start else block - codes[before]
        stand_so = stand_so and bool((change >= 0).all())
        if stand_so and values is not None:
            rise = np.diff(values[max(0, start - 1) : start + len(block)])
            stand_so = bool(((rise >= 0) | (change > 0)).all())
            long_arrays.release(values)
        if not stand_so:
            return np.argsort(codes, kind="stable") if values is None else np.lexsort((values, codes))
    return None


def within(codes: np.ndarray) -> np.ndarray:
    """Return which rows but the first are of the sequence of the row before, ``[N - 1]``."""
    same = np.empty(max(0, len(codes) - 1), bool)
    for start, block in long_arrays.rows_of(codes[1:]):
        same[start : start + len(block)] = block == codes[start : start + len(block)]
    return same


def are_different(codes: np.ndarray, values: np.ndarray) -> bool:
    """Whether all values of each sequence are different."""
    if not codes.any():
        ordered = np.sort(values)
        long_arrays.release(values)
        return not any(
            (block == ordered[start : start + len(block)]).any() for start, block in long_arrays.rows_of(ordered[1:])
        )
    rows = rows_in_order(codes, values)
    if rows is not None:
        codes, values = codes[rows], values[rows]
    for start, block in long_arrays.rows_of(values[1:]):
        before = slice(start, start + len(block))
        same = (block == values[before]) & (codes[1:][before] == codes[before])
        long_arrays.release(codes)
        if same.any():
            return False
    return True


def rises(codes: np.ndarray, values: np.ndarray) -> bool:
    """Whether values rise with every row of every sequence."""
    first = slice(long_arrays.NUMBERS)
    if (steps(codes[first], values[first]) <= 0).any():
        return False
    differences = steps(codes, values)
    long_arrays.release(codes)
    return len(differences) >= FEWEST_STEPS and bool((differences > 0).all())


def rises_regularly(codes: np.ndarray, values: np.ndarray) -> bool:
    """Whether values, once in order, are all different within sequences and mostly evenly apart."""
    differences = steps(codes, values, in_order=True)
    if len(differences) < 2 or not (differences > 0).all():
        return False
    return share_near(differences, float(np.median(differences)), 0.2) >= REGULAR


def share_near(differences: np.ndarray, middle: float, tolerance: float) -> float:
    """Return the share of differences that are the middle one, give or take a share of it."""
    near = sum(
        int((np.abs(block - middle) <= tolerance * abs(middle)).sum()) for _, block in long_arrays.rows_of(differences)
    )
    return near / len(differences)


def counts(codes: np.ndarray, column: Column) -> bool:
    """Whether a column of numbers rises by one constant with every row of every sequence."""
    if column.kind != "number" or column.missing.any() or not rises(codes, column.values):
        return False
    differences = steps(codes, column.values.astype(float))
    return bool(np.ptp(differences) <= 1e-6 * differences[0])


def restarts(column: Column) -> bool:
    """Whether numbers rise by one constant, and now and then begin anew: they count the steps of several sequences."""
    if not column.is_whole:
        return False
    differences = np.diff(column.values.astype(float))
    falls = differences < 0
    rest = differences[~falls]
    if not falls.any() or len(rest) < FEWEST_STEPS or falls.sum() * 2 > len(rest):
        return False
    begins = np.concatenate([column.values[:1], column.values[1:][falls]])
    return bool(rest[0] > 0 and (rest == rest[0]).all() and np.ptp(begins) <= rest[0])


def is_shuffled_count(codes: np.ndarray, column: Column) -> bool:
    """Whether whole numbers would count the steps evenly if the rows stood in their order."""
    return column.is_whole and len(codes) >= 10 and rises_regularly(codes, column.values)
