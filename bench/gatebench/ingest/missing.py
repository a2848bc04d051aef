"""The decision what becomes of missing values: the last value, no row, or a mask beside them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import long_arrays
from gatebench.data.contents import Arrays
from gatebench.ingest import rising, scratch
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

SHOWN = 3
"""Places of missing values that a message names."""


class Filled(NamedTuple):
    """Columns without a missing value."""

    values: np.ndarray
    """Numbers ``[N, X]``; NaN where there is none before in a sequence, which train fills."""
    names: tuple[str, ...]
    """Names of the columns."""
    rows: np.ndarray
    """Which rows stay ``[N]``."""
    lines: list[str]
    """What was decided, for the user."""


def decide(
    values: np.ndarray, missing: np.ndarray, names: tuple[str, ...], of_column: list[str], codes: np.ndarray,
    where: Callable[[int], str], choices: Choices, called: str = "empty, NaN or infinite",
) -> Filled:  # fmt: skip
    """Return columns in which nothing is missing; ``BadInput`` if something is and nobody said what becomes of it.

    Parameters
    ----------
    values
        Numbers ``[N, X]``, the rows of each sequence in their order, NaN where one is missing.
    missing
        Where values are missing, ``[N, C]`` of the ``C`` columns of the table.
    names
        Names of the ``X`` columns.
    of_column
        Names of the ``C`` columns.
    codes
        The number of each row's sequence ``[N]``.
    where
        Row -> what a message calls it.
    choices
        What the user chose.
    called
        What a message calls what is missing.

    """
    stay = np.ones(len(values), bool)
    if not missing.any():
        return Filled(values, names, stay, ["missing: nothing"] if choices.missing else [])
    counts = ", ".join(
        f"{count:,} of {len(values):,} in column {name}"
        for name, count in zip(of_column, missing.sum(0), strict=True)
        if count
    )
    lacking = missing.any(1)
    long_arrays.release(missing)
    if choices.missing is None:
        row = int(lacking.argmax())
        column = int(missing[row].argmax())
        first = np.flatnonzero(missing[:, column])
        more = [where(int(row)).rpartition(", ")[2] for row in first[1:SHOWN]]
        also = f" (as {', '.join(more)}{', ...' if len(first) > SHOWN else ''})" if more else ""
        raise BadInput(
            f"{where(row)}, column {of_column[column]} is {called}{also}; missing are {counts}; "
            "choose what becomes of them: --missing last (the value before), --missing drop (the rows go), --missing mask "
            "(the value before, and a column beside that says where), or fill it"
        )
    if choices.missing == "drop":
        stay = np.asarray(~lacking)
        return Filled(
            values, names, stay, [f"missing: {counts}; {int((~stay).sum()):,} rows are dropped (--missing last|mask)"]
        )
    masked = np.flatnonzero(missing.any(0)) if choices.missing == "mask" else np.zeros(0, int)
    filled, without = _carry_forward(values, codes, len(masked))
    at_beginnings = (
        f", at the beginning of a sequence ({without:,}) with the mean of train, or 0 of zeros and ones" if without else ""
    )
    how = f"filled with the value before{at_beginnings}"
    if choices.missing == "last":
        return Filled(filled, names, stay, [f"missing: {counts}, {how} (--missing drop|mask)"])
    for start, block in long_arrays.rows_of(missing):
        filled[start : start + len(block), values.shape[1] :] = block[:, masked]
        long_arrays.release(filled)
    names = (*names, *(f"{of_column[i]} missing" for i in masked))
    line = f"missing: {counts}, {how}, and a column beside says where (--missing last|drop)"
    return Filled(filled, names, stay, [line])


def _carry_forward(values: np.ndarray, codes: np.ndarray, more: int) -> tuple[np.ndarray, int]:
    """Return the last value in place of each missing one, and how many have none before them.

    These are 0 in columns of zeros and ones, and else still nothing. Behind the columns is room for some more.
    """
    filled = scratch.new((len(values), values.shape[1] + more), float)
    rows = np.arange(len(codes))
    starts = np.maximum.accumulate(np.where(np.concatenate([[False], rising.within(codes)]), 0, rows))
    without = 0
    for column in range(values.shape[1]):
        of_column = _column(values, column)
        latest = np.maximum.accumulate(np.where(np.isnan(of_column), -1, rows))
        has_none = latest < starts
        without += int(has_none.sum())
        is_binary = bool((np.isnan(of_column) | (of_column == 0) | (of_column == 1)).all())
        carried = np.where(has_none, 0.0 if is_binary else np.nan, of_column[latest])
        for start, block in long_arrays.rows_of(carried):
            filled[start : start + len(block), column] = block
            long_arrays.release(filled)
    return filled, without


def _column(values: np.ndarray, column: int) -> np.ndarray:
    """Return one column of ``[N, X]`` as floats."""
    of_column = np.empty(len(values))
    for start, block in long_arrays.rows_of(values):
        of_column[start : start + len(block)] = block[:, column]
    return of_column


def has_nan(arrays: Iterable[np.ndarray]) -> bool:
    """Whether there is a NaN in any of some arrays."""
    return any(block.dtype.kind == "f" and bool(np.isnan(block).any()) for block in long_arrays.blocks(arrays))


def fill_from_train(raw: RawData, arrays: Arrays) -> Arrays:
    """Return arrays in which inputs without a value before them have the mean of train, which no later value enters."""
    if not raw.is_filled_by_train:
        return arrays
    width = raw.sequences[0].shape[1]
    sums, counts = np.zeros(width), np.zeros(width)
    for block in long_arrays.blocks(arrays["train"]):
        there = ~np.isnan(block[:, :width])
        sums += np.where(there, block[:, :width], 0.0).sum(0)
        counts += there.sum(0)
    means = sums / np.maximum(counts, 1)

    def fill(rows: np.ndarray) -> np.ndarray:
        inputs = rows[:, :width]
        return np.concatenate([np.where(np.isnan(inputs), means, inputs), rows[:, width:]], 1)

    columns = arrays["train"][0].shape[1]
    return {split: scratch.each(arrays[split], fill, columns, float) for split in arrays}


def decide_arrays(raw: RawData, choices: Choices) -> RawData:
    """Return sequences of arrays in which nothing is missing, as `decide` does with tables; those of tables as they are."""
    arrays = raw.sequences
    alike = len({array.shape[1:] for array in arrays}) == 1 and all(array.dtype.kind == "f" for array in arrays)
    if raw.is_filled_by_train or not alike or not has_nan(arrays):
        return raw
    lengths = [len(array) for array in arrays]
    codes, starts = np.repeat(np.arange(len(arrays)), lengths), np.cumsum([0, *lengths[:-1]])
    values = np.concatenate(arrays)
    names = raw.names or tuple(map(str, range(values.shape[1])))
    filled = decide(
        values,
        np.isnan(values),
        names,
        [*names],
        codes,
        lambda row: f"{raw.origins[codes[row]]}, row {row - starts[codes[row]]}",
        choices,
        "NaN",
    )
    ends = np.cumsum([int(filled.rows[codes == code].sum()) for code in range(len(arrays))])[:-1]
    targets = None if raw.targets is None else np.split(np.concatenate(raw.targets)[filled.rows], ends)
    return replace(
        raw,
        sequences=np.split(filled.values[filled.rows], ends),
        names=filled.names,
        only_read=filled.names[len(names) :],
        targets=targets,
        is_filled_by_train=has_nan([filled.values[filled.rows]]),
        decisions=[*raw.decisions, *filled.lines],
    )
