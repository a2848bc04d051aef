"""A part of a large data set that its baselines are computed of, with the memory that the part needs."""

from typing import NamedTuple

import numpy as np

from gatebench.data import columns, long_arrays
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.forecasts import forecast
from gatebench.data.origins import Origins

LARGE = 2**27
"""Bytes of the sequences of a data set from which on its baselines are those of a part of it."""
NUMBERS = 2**21
"""Numbers of a split that the part has, about."""
STRETCHES = 32
"""Stretches of neighbouring sequences that are taken from a split, evenly apart."""


class Part(NamedTuple):
    """Some sequences of a data set."""

    arrays: Arrays
    """Split -> arrays ``[T, X]``."""
    origins: Origins
    """What they come from; windows of different stretches do not follow one another."""


def take(arrays: Arrays, origins: Origins) -> Part:
    """Return stretches of every split, or all of a data set that is not large."""
    if sum(array.nbytes for of_split in arrays.values() for array in of_split) <= LARGE:
        return Part(arrays, origins)
    chosen = {split: _stretches(arrays[split]) for split in arrays}
    series, of_part = {}, {}
    for split, stretches in chosen.items():
        of_part[split] = [part.copy() for stretch in stretches for i in stretch for part in _cut(arrays[split][i])]
        for array in arrays[split]:
            long_arrays.release(array)
        numbers = origins.series.get(split)
        ids = [
            (place, -i if numbers is None else int(numbers[i]), split)
            for place, stretch in enumerate(stretches) for i in stretch for _ in _cut(arrays[split][i])
        ]  # fmt: skip
        series[split] = ids
    if not origins.series:
        return Part(of_part, Origins())
    known: dict[object, int] = {}
    numbered = {split: np.array([known.setdefault(one, len(known)) for one in ids]) for split, ids in series.items()}
    return Part(of_part, Origins(numbered))


def _stretches(arrays: list[np.ndarray]) -> list[range]:
    """Return places of neighbouring arrays, evenly taken, that have about so many numbers as a part has."""
    share = NUMBERS / max(1, sum(array.size for array in arrays))
    if share >= 1:
        return [range(len(arrays))]
    length = max(1, round(len(arrays) * share / STRETCHES))
    count = max(1, min(STRETCHES, round(len(arrays) * share / length)))
    starts = np.unique(np.linspace(0, len(arrays) - length, count).astype(int))
    return [range(start, start + length) for start in starts.tolist()]


def _cut(array: np.ndarray) -> list[np.ndarray]:
    """Return stretches of a sequence that has more numbers than a part, evenly taken; others as they are."""
    if array.size <= NUMBERS:
        return [array]
    length = max(2, NUMBERS // STRETCHES // array.shape[1])
    return [array[start : start + length] for start in np.linspace(0, len(array) - length, STRETCHES).astype(int).tolist()]


def shift_of_units(card: Card, arrays: Arrays, part: Arrays) -> float:
    """Return what is added to an NLL of the part so that it is in the units of the data set: deviations of all of train."""
    outputs, times = _real_outputs(card)
    if not outputs:
        return 0.0
    ratios = _deviations(part["train"], outputs) / _deviations(arrays["train"], outputs)
    return times * float(np.log(ratios).sum())


def _real_outputs(card: Card) -> tuple[list[int], int]:
    """Return the columns of amounts that are predicted, and how many steps of each at once."""
    width = columns.input_width(card)
    if card.target:
        return ([*range(width, width + card.target.columns)] if card.target.kind == "value" else []), 1
    if card.kind != "reals":
        return [], 1
    if card.forecast is None:
        return [*range(width)], 1
    return forecast.columns(card).predicted, card.forecast.horizon


def _deviations(arrays: list[np.ndarray], of: list[int]) -> np.ndarray:
    """Return the standard deviation of some columns."""
    count = sum(map(len, arrays))
    mean = sum((block[:, of].sum(0, dtype=float) for block in long_arrays.blocks(arrays)), np.zeros(len(of))) / count
    squares = (np.square(block[:, of] - mean).sum(0) for block in long_arrays.blocks(arrays))
    return np.sqrt(sum(squares, np.zeros(len(of))) / count)
