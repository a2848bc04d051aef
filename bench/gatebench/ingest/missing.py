"""The decision what becomes of missing values: the last value, no row, or a mask beside them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput
from gatebench.ingest.choices import Choices

SHOWN = 3
"""Places of missing values that a message names."""


class Filled(NamedTuple):
    """Columns without a missing value."""

    values: np.ndarray
    """Numbers ``[N, X]``, none missing."""
    names: tuple[str, ...]
    """Names of the columns."""
    rows: np.ndarray
    """Which rows stay ``[N]``."""
    lines: list[str]
    """What was decided, for the user."""


def decide(
    values: np.ndarray, missing: np.ndarray, names: tuple[str, ...], of_column: list[str], codes: np.ndarray,
    where: Callable[[int], str], choices: Choices,
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
            f"{where(int(first[0]))}, column {of_column[columns[0]]} is empty, NaN or infinite{also}; missing are {counts}; "
            "choose what becomes of them: --missing last (the value before), --missing drop (the rows go), --missing mask "
            "(the value before, and a column beside that says where), or fill it"
        )
    if choices.missing == "drop":
        stay = np.asarray(~missing.any(1))
        return Filled(
            values, names, stay, [f"missing: {counts}; {int((~stay).sum()):,} rows are dropped (--missing last|mask)"]
        )
    filled, how = _carry_forward(values, codes), f"filled with the value before{_at_beginnings(values, codes)}"
    if choices.missing == "last":
        return Filled(filled, names, stay, [f"missing: {counts}, {how} (--missing drop|mask)"])
    masked = np.flatnonzero(missing.any(0))
    values = np.concatenate([filled, missing[:, masked].astype(float)], 1)
    names = (*names, *(f"{of_column[i]} missing" for i in masked))
    line = f"missing: {counts}, {how}, and a column beside says where (--missing last|drop)"
    return Filled(values, names, stay, [line])


def _at_beginnings(values: np.ndarray, codes: np.ndarray) -> str:
    """Say what becomes of values without one before, which looks ahead; nothing where there are none."""
    without = int(pd.DataFrame(values).groupby(codes, sort=False).ffill().isna().to_numpy().sum())
    return f", at the beginning of a sequence ({without:,}) with the next one" if without else ""


def _carry_forward(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the last value in place of each missing one; the next one at a beginning, else the mean."""
    frame = pd.DataFrame(values)
    filled = frame.groupby(codes, sort=False).ffill()
    filled = filled.groupby(codes, sort=False).bfill()
    return filled.fillna(frame.mean()).to_numpy()
