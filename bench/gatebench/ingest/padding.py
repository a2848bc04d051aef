"""The decision whether what stands at the end of sequences, or in front of them, pads them to one length."""

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
    raw = _without_nan(raw)
    if choices.padding == "keep" or raw.kind not in (None, "reals"):
        return raw
    stops = [_last(array, _is_not_zero) for array in raw.sequences]
    starts = [_first(array, _is_not_zero) for array in raw.sequences]
    ends = sum(stop < len(array) for stop, array in zip(stops, raw.sequences, strict=True))
    begins = sum(start > 0 for start in starts)
    is_in_front = begins > ends
    if choices.padding == "cut":
        return _cut(raw, starts, None, "0") if is_in_front else _cut(raw, None, stops, "0")
    alike = len({len(array) for array in raw.sequences}) == 1
    count = max(begins, ends)
    inner = [array[start:stop] for array, start, stop in zip(raw.sequences, starts, stops, strict=True)]
    differ = len({*starts} if is_in_front else {*stops}) > 1
    if not alike or len(stops) < FEWEST or count < MOST_OF * len(stops) or _are_zeros_common(inner) or not differ:
        return raw
    side, place = ("begin with", "in front") if is_in_front else ("end in", "at the end")
    raise ask(
        f"{count:,} of {len(stops):,} sequences {side} steps that are all 0, and all have {len(raw.sequences[0]):,} steps",
        Reading(f"the zeros {place} pad them", {"padding": "cut"}),
        Reading("they are values", {"padding": "keep"}),
    )


def _without_nan(raw: RawData) -> RawData:
    """Return the data without the steps at either end of which nothing is there; those of whole sequences stay."""
    arrays = raw.sequences
    stops = [_last(array, _is_there) if array.dtype.kind == "f" else len(array) for array in arrays]
    raw = _cut(raw, None, [stop or len(array) for stop, array in zip(stops, arrays, strict=True)], "NaN")
    if raw.is_filled_by_train or len(raw.sequences) < FEWEST:  # what waits for the mean of train is no padding
        return raw
    starts = [_first(array, _is_there) if array.dtype.kind == "f" else 0 for array in raw.sequences]
    return _cut(
        raw,
        [start % len(array) if len(array) else 0 for start, array in zip(starts, raw.sequences, strict=True)],
        None,
        "NaN",
    )


def _is_there(rows: np.ndarray) -> np.ndarray:
    return ~np.isnan(rows)


def _is_not_zero(rows: np.ndarray) -> np.ndarray:
    return rows != 0


def _last(array: np.ndarray, is_filled: Callable[[np.ndarray], np.ndarray]) -> int:
    """Return how many steps there are up to the last one of ``[T, X]`` that has something in it."""
    for end in range(len(array), 0, -LOOKED_AT):
        rows = np.flatnonzero(is_filled(array[max(0, end - LOOKED_AT) : end]).any(1))
        long_arrays.release(array)
        if len(rows):
            return max(0, end - LOOKED_AT) + int(rows[-1]) + 1
    return 0


def _first(array: np.ndarray, is_filled: Callable[[np.ndarray], np.ndarray]) -> int:
    """Return how many steps stand before the first one of ``[T, X]`` that has something in it; all, if none has."""
    for start in range(0, len(array), LOOKED_AT):
        rows = np.flatnonzero(is_filled(array[start : start + LOOKED_AT]).any(1))
        long_arrays.release(array)
        if len(rows):
            return start + int(rows[0])
    return len(array)


def _are_zeros_common(inner: list[np.ndarray]) -> bool:
    """Whether steps that are all 0 stand within sequences too."""
    zeros = sum(int((array == 0).all(1).sum()) for array in inner)
    return zeros > 0.05 * sum(map(len, inner))


def _cut(raw: RawData, starts: list[int] | None, stops: list[int] | None, what: str) -> RawData:
    """Return the data with each sequence cut at one end, None: not at that, and a line that says so if any was."""
    lengths = [len(array) for array in raw.sequences]
    spans = [slice(start, stop) for start, stop in zip(starts or [0] * len(lengths), stops or lengths, strict=True)]
    cut = sum(span.start > 0 or span.stop < length for span, length in zip(spans, lengths, strict=True))
    if not cut:
        return raw
    place = "at the end" if starts is None else "in front"
    return replace(
        raw,
        sequences=[array[span] for array, span in zip(raw.sequences, spans, strict=True)],
        targets=None if raw.targets is None else [array[span] for array, span in zip(raw.targets, spans, strict=True)],
        decisions=[*raw.decisions, f"padding: {what} {place} of {cut:,} of {len(lengths):,} sequences is cut off"],
    )
