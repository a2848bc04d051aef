"""The columns of a sequence: which are read and which are told, symbols as rows with a single one, how reals are scaled."""

import math
from typing import Any, NamedTuple

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays, Target

NOISE_SEED = 0
DIGITS = 6
"""Decimal digits that a grid is looked for in, from the first one in which the values of a column differ."""


class Scale(NamedTuple):
    """What was subtracted from the data's own units and divided by: one number, or one for each column. Of train alone."""

    mean: Any
    std: Any


UNSCALED = Scale(0.0, 1.0)


def aim(card: Card) -> Target:
    """The target of a card that has one."""
    assert card.target is not None, card.name
    return card.target


def inputs(card: Card) -> int:
    """Numbers that are read at a step."""
    return len(card.names) if card.kind == "symbols" else card.width - (card.target.columns if card.target else 0)


def read(card: Card, sequences: Arrays) -> Arrays:
    """The columns that are read, as they stand in the data."""
    told = card.target.columns if card.target else 0
    return {split: [array[:, : array.shape[1] - told] for array in found] for split, found in sequences.items()}


def told(card: Card, sequences: Arrays) -> Arrays:
    """The columns of the target, ``[T, Y]`` or, of a whole sequence, ``[1, Y]``."""
    last, end = -aim(card).columns, 1 if aim(card).of == "sequence" else None
    return {split: [array[:end, last:] for array in found] for split, found in sequences.items()}


def one_hot(numbers: np.ndarray, classes: int) -> np.ndarray:
    """Numbers of symbols ``[T, 1]`` as rows ``[T, V]`` with a one in the place of each."""
    rows = np.zeros((len(numbers), classes), np.uint8)
    rows[np.arange(len(numbers)), numbers[:, 0].astype(int)] = 1
    return rows


def dequantised(sequences: Arrays) -> Arrays:
    """Real numbers that lie on a grid, moved by at most half a step of it; of a fixed seed for each split.

    A density of numbers on a grid has no bound: what repeats could be predicted ever more sharply.
    """
    steps = grid(np.concatenate(sequences["train"]))
    return {split: _moved(found, steps, SPLITS.index(split)) for split, found in sequences.items()}


def _moved(sequences: list[np.ndarray], steps: np.ndarray, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng([NOISE_SEED, seed])
    return [array + steps * random.uniform(-0.5, 0.5, array.shape) for array in sequences]


def grid(values: np.ndarray) -> np.ndarray:
    """Of each column of ``[N, X]`` the decimal step that all its values are multiples of; 0 where there is none."""
    return np.array([_step(column) for column in values.T.astype(float)])


def _step(column: np.ndarray) -> float:
    values = np.unique(column)
    with np.errstate(over="ignore"):
        span = float(values[-1] - values[0])
    if not 0 < span < math.inf:
        return 0.0
    first = math.floor(math.log10(span))
    for exponent in range(first, first - DIGITS, -1):
        in_steps = values / 10.0**exponent
        whole = np.rint(in_steps)
        # A thousandth of a step is what rounding to 32 bits leaves of one; what differs is at least a step apart.
        if (np.abs(in_steps - whole) < 1e-3).all() and (np.diff(whole) > 0).all():
            return 10.0**exponent
    return 0.0


def scale(card: Card, what: str, values: np.ndarray) -> Scale:
    """Mean and standard deviation of each column of ``[N, X]``, all of train; ``what`` names the columns."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = values.mean(0, dtype=float), values.std(0, dtype=float)
    for column in np.flatnonzero(~(np.isfinite(std) & (std > 0))):
        raise BadInput(
            f"dataset {card.name}: column {column} of its {what} has the standard deviation {std[column]:.3g} in train; "
            "expected numbers that differ, of a size that can be squared: remove or rescale it"
        )
    return Scale(mean, std)


def scaled(sequences: Arrays, by: Scale) -> Arrays:
    """In units of the standard deviation, 32 bits."""
    return {
        split: [((array - by.mean) / by.std).astype(np.float32) for array in found] for split, found in sequences.items()
    }
