"""The columns of a sequence: which are inputs and which the target, symbols as one-hot rows, how reals are scaled."""

import math
from typing import NamedTuple

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import long_arrays
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays, Target

NOISE_SEED = 0
"""Seed of the noise that dequantises; together with a split's number it fixes the noise of that split."""
DIGITS = 6
"""Decimal digits that a grid is looked for in, from the first one in which the values of a column differ."""


class Scale(NamedTuple):
    """Mean and standard deviation that data was standardised by, in its own units: one number, or one for each column.

    Both are those of train alone.
    """

    mean: float | np.ndarray
    std: float | np.ndarray


UNSCALED = Scale(0.0, 1.0)
"""The scale of data that is not standardised."""


def target_of(card: Card) -> Target:
    """Return the target of a card that has one."""
    assert card.target is not None, card.name
    return card.target


def input_width(card: Card) -> int:
    """Return how many numbers a model reads at a step: the columns without the target, or the symbols."""
    return len(card.names) if card.kind == "symbols" else card.width - (card.target.columns if card.target else 0)


def input_columns(card: Card, arrays: Arrays) -> Arrays:
    """Return the columns that a model reads, as they stand in the data."""
    targets = card.target.columns if card.target else 0
    return {split: [array[:, : array.shape[1] - targets] for array in arrays[split]] for split in arrays}


def target_columns(card: Card, arrays: Arrays) -> Arrays:
    """Return the columns of the target: ``[T, Y]``, or ``[1, Y]`` where a whole sequence has one."""
    target = target_of(card)
    end = 1 if target.of == "sequence" else None
    return {split: [array[:end, -target.columns :] for array in arrays[split]] for split in arrays}


def one_hot(numbers: np.ndarray, classes: int) -> np.ndarray:
    """Return numbers of symbols ``[T, 1]`` as rows ``[T, classes]`` with a one in the place of each."""
    rows = np.zeros((len(numbers), classes), np.uint8)
    rows[np.arange(len(numbers)), numbers[:, 0].astype(int)] = 1
    return rows


def dequantise(arrays: Arrays, grid: np.ndarray) -> Arrays:
    """Move real numbers that lie on a grid by at most half a step of it, with noise of a fixed seed for each split.

    A density of numbers on a grid has no bound: what repeats could be predicted ever more sharply. ``grid`` is what
    `find_grid` says of train.
    """
    return {split: _add_noise(arrays[split], grid, SPLITS.index(split)) for split in arrays}


def _add_noise(sequences: list[np.ndarray], steps: np.ndarray, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng([NOISE_SEED, seed])
    return [array + steps * random.uniform(-0.5, 0.5, array.shape) for array in sequences]


def find_grid(values: np.ndarray) -> np.ndarray:
    """Return of each column of ``[N, X]`` the decimal step that all its values are multiples of; 0 where there is none."""
    return np.array([_grid_step(column) for column in values.T.astype(float)])


def grid_of(arrays: list[np.ndarray]) -> np.ndarray:
    """Return what `find_grid` does of arrays ``[T, X]`` one after the other, with the memory of one column of them."""
    ends = np.cumsum([len(array) for array in arrays])
    steps, column = [], np.empty(ends[-1])
    for place in range(arrays[0].shape[1]):
        for array, end in zip(arrays, ends, strict=True):
            column[end - len(array) : end] = array[:, place]
            long_arrays.release(array)
        steps.append(_grid_step(column))
    return np.array(steps)


def _grid_step(column: np.ndarray) -> float:
    values = long_arrays.distinct(column)
    with np.errstate(over="ignore"):
        span = float(values[-1] - values[0])
    if not 0 < span < math.inf:
        return 0.0
    first = math.floor(math.log10(span))
    starts = range(0, len(values), long_arrays.NUMBERS)
    for exponent in range(first, first - DIGITS, -1):
        if all(_lies_on(10.0**exponent, values[start : start + long_arrays.NUMBERS + 1]) for start in starts):
            return 10.0**exponent
    return 0.0


def _lies_on(step: float, values: np.ndarray) -> bool:
    """Whether different numbers, in their order, are different multiples of a step."""
    in_steps = values / step
    rounded = np.rint(in_steps)
    # A thousandth of a step is what rounding to 32 bits leaves of one; what differs is at least a step apart.
    return bool((np.abs(in_steps - rounded) < 1e-3).all() and (np.diff(rounded) > 0).all())


def fit_scale(card: Card, part: str, values: np.ndarray) -> Scale:
    """Return mean and standard deviation of each column of train ``[N, X]``; ``part`` names the columns in a message.

    ``BadInput`` if a column does not vary, or holds numbers that cannot be squared.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = values.mean(0, dtype=float), values.std(0, dtype=float)
    for column in np.flatnonzero(~(np.isfinite(std) & (std > 0))):
        raise BadInput(
            f"dataset {card.name}: column {column} of its {part} has the standard deviation {std[column]:.3g} in train; "
            "expected numbers that differ, of a size that can be squared: remove or rescale it"
        )
    return Scale(mean, std)


def standardise(arrays: Arrays, scale: Scale) -> Arrays:
    """Return arrays in standard deviations about the mean, in 32 bits."""
    return {split: [((array - scale.mean) / scale.std).astype(np.float32) for array in arrays[split]] for split in arrays}
