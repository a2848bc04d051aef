"""The decision what the inputs are: zeros and ones, symbols or real numbers."""

import math
from dataclasses import replace

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import long_arrays
from gatebench.data.contents import Kind
from gatebench.ingest import scratch
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

FEW_SYMBOLS = 32
"""Different whole numbers of a single column that are taken for symbols, at the most."""


def decide(raw: RawData, choices: Choices) -> tuple[RawData, str]:
    """Return the data with its kind, sequences of the type that fits it, and the line that says why."""
    if raw.kind is not None:
        if choices.kind not in (None, raw.kind):
            raise BadInput(f"--as {choices.kind}, but what is there is {raw.kind}; remove it")
        return raw, f"kind: {raw.kind}" + (f" of {len(raw.names):,}" if raw.kind == "symbols" else "")
    _check_numbers(raw)
    zeros_and_ones, whole, other = _look(raw)
    countable = raw.sequences[0].shape[1] == 1 and whole
    values = long_arrays.distinct(_without_nan(np.concatenate(raw.sequences)[:, 0])) if countable else np.zeros(0)
    dtype = np.result_type(*{array.dtype for array in raw.sequences})
    few = countable and len(values) <= FEW_SYMBOLS and dtype.kind in "bui"
    proposed: Kind = "binary" if zeros_and_ones else "symbols" if few else "reals"
    kind = choices.kind or proposed
    if kind == "binary" and not zeros_and_ones:
        raise BadInput(f"--as binary, but there are values like {shorten(other)}; expected 0 and 1 alone: use --as reals")
    if kind == "symbols" and raw.is_filled_by_train:
        raise BadInput("--as symbols, but the first ones of a sequence are missing; use --missing drop")
    if kind == "symbols" and not countable:
        raise BadInput("--as symbols, but there is more than one column, or a number that is not whole; use --as reals")
    why = {
        "binary": "since all values are 0 or 1",
        "symbols": f"since there is one column of {len(values)} whole numbers",
        "reals": "since there are other numbers than 0 and 1",
    }[kind]
    alternative = " (--as reals)" if kind != "reals" else " (--as symbols)" if countable else ""
    line = f"kind: {kind}, {why}{alternative}"
    if kind == "symbols":
        symbols = [np.searchsorted(values, array) for array in raw.sequences]
        return replace(raw, kind=kind, sequences=symbols, names=tuple(str(value.item()) for value in values)), line
    to, width = np.dtype(np.uint8 if kind == "binary" else float), raw.sequences[0].shape[1]
    if all(array.dtype == to for array in raw.sequences):
        return replace(raw, kind=kind), line
    return replace(raw, kind=kind, sequences=scratch.each(raw.sequences, lambda rows: rows.astype(to), width, to)), line


def _look(raw: RawData) -> tuple[bool, bool, float]:
    """Return whether all values are 0 or 1, whether all are whole, and the least one that is neither 0 nor 1, if any."""
    zeros_and_ones, whole, other = True, True, math.inf
    for block in long_arrays.blocks(raw.sequences):
        numbers = _without_nan(block.reshape(-1))
        others_of_block = numbers[(numbers != 0) & (numbers != 1)]
        zeros_and_ones = zeros_and_ones and not len(others_of_block)
        whole = whole and bool((numbers == np.floor(numbers)).all())
        if len(others_of_block):
            other = min(other, others_of_block.min().item())
    return zeros_and_ones, whole, other


def _without_nan(numbers: np.ndarray) -> np.ndarray:
    return numbers[~np.isnan(numbers)] if numbers.dtype.kind == "f" else numbers


def _check_numbers(raw: RawData) -> None:
    """Raise ``BadInput`` unless all sequences have the same columns, at least one, and finite numbers."""
    width = raw.sequences[0].shape[1]
    for origin, array in zip(raw.origins, raw.sequences, strict=True):
        if array.shape[1] != width or not width:
            raise BadInput(
                f"{origin} has {array.shape[1]} column(s), but {raw.origins[0]} has {width}; "
                "expected the same in all sequences: correct it"
            )
        for start, block in long_arrays.rows_of(array):
            finite = np.isfinite(block) | (np.isnan(block) & raw.is_filled_by_train)
            not_finite = np.argwhere(~finite) if array.dtype.kind == "f" else []
            if len(not_finite):
                raise BadInput(
                    f"{origin}, row {start + not_finite[0][0]}, column {not_finite[0][1]} is NaN or infinite; expected a "
                    "number: fill it, cut the sequence there, or, if it pads, save the lengths beside"
                )
