"""Numbers for values and for pairs of them, the same where these are, in the order in which they appear."""

import numpy as np
import pandas as pd

from gatebench.data import long_arrays
from gatebench.ingest import scratch

MOST_HASHED = 2**20
"""Rows of a column up to which its different numbers are looked up in a table."""


def pair(codes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return a number for each row, the same where two numbers of it are; numbered as they appear."""
    least = int(others.min())
    width = int(others.max()) - least + 1
    combined = scratch.new((len(codes),), np.int64)
    for start, block in long_arrays.rows_of(codes):
        combined[start : start + len(block)] = block.astype(np.int64) * width + (others[start : start + len(block)] - least)
        long_arrays.release(combined)
        long_arrays.release(others)
    return number(combined)


def number(values: np.ndarray) -> np.ndarray:
    """Return a number for each value, the same where values are, -1 of NaN; numbered as they appear."""
    if len(values) <= MOST_HASHED or values.dtype.kind not in "iuf":
        return pd.factorize(values)[0].astype(np.int64)
    return _numbered(values)


def _numbered(values: np.ndarray) -> np.ndarray:
    """Return what `number` does by sorting, since a table of all values takes more memory."""
    different = long_arrays.distinct(
        values[~np.isnan(values)] if values.dtype.kind == "f" and np.isnan(values).any() else values
    )
    numbers = scratch.new((len(values),), np.int64)
    if len(different) == len(values):
        for start, block in long_arrays.rows_of(numbers):
            block[:] = np.arange(start, start + len(block))
        return numbers
    firsts = np.full(len(different), len(values))
    for start, block in long_arrays.rows_of(values):
        places = np.searchsorted(different, block[block == block])
        present, where = np.unique(places, return_index=True)
        firsts[present] = np.minimum(firsts[present], start + np.flatnonzero(block == block)[where])
    by_appearance = np.empty(len(different), np.int64)
    by_appearance[np.argsort(firsts)] = np.arange(len(different))
    for start, block in long_arrays.rows_of(values):
        places = np.minimum(np.searchsorted(different, block), len(different) - 1)
        numbers[start : start + len(block)] = np.where(block == block, by_appearance[places], -1)
        long_arrays.release(numbers)
    return numbers


def first_rows(codes: np.ndarray) -> np.ndarray:
    """Return the place of the first row of each sequence."""
    firsts = np.full(int(codes.max()) + 1, len(codes))
    for start, block in long_arrays.rows_of(codes):
        numbers, places = np.unique(block, return_index=True)
        firsts[numbers] = np.minimum(firsts[numbers], start + places)
    return firsts
