"""The decision what becomes of missing values: the last value, no row, or a mask beside them."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput
from gatebench.data.contents import Arrays
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
    if choices.missing is None:
        rows, columns = np.nonzero(missing)
        first = rows[columns == columns[0]]
        more = [where(int(row)).rpartition(", ")[2] for row in first[1:SHOWN]]
        also = f" (as {', '.join(more)}{', ...' if len(first) > SHOWN else ''})" if more else ""
        raise BadInput(
            f"{where(int(first[0]))}, column {of_column[columns[0]]} is {called}{also}; missing are {counts}; "
            "choose what becomes of them: --missing last (the value before), --missing drop (the rows go), --missing mask "
            "(the value before, and a column beside that says where), or fill it"
        )
    if choices.missing == "drop":
        stay = np.asarray(~missing.any(1))
        return Filled(
            values, names, stay, [f"missing: {counts}; {int((~stay).sum()):,} rows are dropped (--missing last|mask)"]
        )
    filled = _carry_forward(values, codes)
    how = f"filled with the value before{_at_beginnings(values, codes)}"
    if choices.missing == "last":
        return Filled(filled, names, stay, [f"missing: {counts}, {how} (--missing drop|mask)"])
    masked = np.flatnonzero(missing.any(0))
    values = np.concatenate([filled, missing[:, masked].astype(float)], 1)
    names = (*names, *(f"{of_column[i]} missing" for i in masked))
    line = f"missing: {counts}, {how}, and a column beside says where (--missing last|drop)"
    return Filled(values, names, stay, [line])


def _at_beginnings(values: np.ndarray, codes: np.ndarray) -> str:
    """Say what becomes of values without one before; nothing where there are none."""
    without = int(pd.DataFrame(values).groupby(codes, sort=False).ffill().isna().to_numpy().sum())
    return (
        f", at the beginning of a sequence ({without:,}) with the mean of train, or 0 of zeros and ones" if without else ""
    )


def _carry_forward(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the last value in place of each missing one; at a beginning 0 of zeros and ones, and else still nothing."""
    filled = pd.DataFrame(values).groupby(codes, sort=False).ffill().to_numpy()
    are_binary = np.all(np.isnan(values) | (values == 0) | (values == 1), 0)
    return np.where(np.isnan(filled) & are_binary, 0.0, filled)


def fill_from_train(raw: RawData, arrays: Arrays) -> Arrays:
    """Return arrays in which inputs without a value before them have the mean of train, which no later value enters."""
    if not raw.is_filled_by_train:
        return arrays
    width = raw.sequences[0].shape[1]
    train = np.concatenate(arrays["train"])[:, :width]
    there = ~np.isnan(train)
    means = np.where(there, train, 0.0).sum(0) / np.maximum(there.sum(0), 1)

    def fill(array: np.ndarray) -> np.ndarray:
        inputs = array[:, :width]
        return np.concatenate([np.where(np.isnan(inputs), means, inputs), array[:, width:]], 1)

    return {split: [fill(array) for array in arrays[split]] for split in arrays}


def decide_arrays(raw: RawData, choices: Choices) -> RawData:
    """Return sequences of arrays in which nothing is missing, as `decide` does with tables; those of tables as they are."""
    arrays = raw.sequences
    alike = len({array.shape[1:] for array in arrays}) == 1 and all(array.dtype.kind == "f" for array in arrays)
    if raw.is_filled_by_train or not alike or not any(np.isnan(array).any() for array in arrays):
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
        is_filled_by_train=bool(np.isnan(filled.values[filled.rows]).any()),
        decisions=[*raw.decisions, *filled.lines],
    )
