"""The decision whether what stands at the end of sequences pads them to one length."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gatebench.data import long_arrays
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Reading, ask
from gatebench.ingest.raw import RawData

MOST_OF = 0.5
"""Share of sequences that end in zeros from which on the zeros may pad them."""
LOOKED_AT = 2**15
"""Steps that are looked at together."""
FEWEST = 5
"""Sequences from which on that can be seen."""


def decide(raw: RawData, choices: Choices) -> RawData:
    """Return the data without the NaN, or as asked the zeros, that pad its sequences; `Undecided` about zeros."""
    if any(array.ndim != 2 or array.dtype.kind not in "buif" for array in raw.sequences):
        return raw
    filled = [
        _last(array, lambda rows: ~np.isnan(rows)) if array.dtype.kind == "f" else len(array) for array in raw.sequences
    ]
    raw = _cut(raw, [length or len(array) for length, array in zip(filled, raw.sequences, strict=True)], "NaN")
    if choices.padding == "keep" or raw.kind not in (None, "reals"):
        return raw
    lengths = [_last(array, lambda rows: rows != 0) for array in raw.sequences]
    padded = [length < len(array) for length, array in zip(lengths, raw.sequences, strict=True)]
    alike = len({len(array) for array in raw.sequences}) == 1
    if choices.padding == "cut":
        return _cut(raw, lengths, "0")
    if not alike or len(raw.sequences) < FEWEST or sum(padded) < MOST_OF * len(padded) or _are_zeros_common(raw, lengths):
        return raw
    raise ask(
        f"{sum(padded):,} of {len(padded):,} sequences end in steps that are all 0, and all have "
        f"{len(raw.sequences[0]):,} steps",
        Reading("the zeros at the end pad them", {"padding": "cut"}),
        Reading("they are values", {"padding": "keep"}),
    )


def _last(array: np.ndarray, is_filled: Callable[[np.ndarray], np.ndarray]) -> int:
    """Return how many steps there are up to the last one of ``[T, X]`` that has something in it."""
    for end in range(len(array), 0, -LOOKED_AT):
        rows = np.flatnonzero(is_filled(array[max(0, end - LOOKED_AT) : end]).any(1))
        long_arrays.release(array)
        if len(rows):
            return max(0, end - LOOKED_AT) + int(rows[-1]) + 1
    return 0


def _are_zeros_common(raw: RawData, lengths: list[int]) -> bool:
    """Whether steps that are all 0 stand elsewhere too, or sequences all end in as many."""
    inner = [array[:length] for array, length in zip(raw.sequences, lengths, strict=True)]
    zeros = sum(int((array == 0).all(1).sum()) for array in inner)
    return zeros > 0.05 * sum(map(len, inner)) or len(set(lengths)) == 1


def _cut(raw: RawData, lengths: list[int], what: str) -> RawData:
    """Return the data with each sequence cut to a length, and a line that says so if any was."""
    cut = [length < len(array) for length, array in zip(lengths, raw.sequences, strict=True)]
    if not any(cut):
        return raw
    return replace(
        raw,
        sequences=[array[:length] for array, length in zip(raw.sequences, lengths, strict=True)],
        targets=None if raw.targets is None else [a[:length] for a, length in zip(raw.targets, lengths, strict=True)],
        decisions=[*raw.decisions, f"padding: {what} at the end of {sum(cut):,} of {len(cut):,} sequences is cut off"],
    )
