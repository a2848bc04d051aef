"""What the sequences of a data set are made of, whatever file they came from, and the checks that they are."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.core.validation import Count, Natural
from gatebench.data import long_arrays

SPLITS = ("train", "valid", "test")
"""The splits of every data set, in the order in which they are read, digested and shown."""
Arrays = dict[str, list[np.ndarray]]
"""Split -> its sequences, each ``[T, X]``."""
Kind = Literal["piano_roll", "audio", "binary", "symbols", "reals"]
"""What a sequence is: 0/1 frames of keys ``[T, keys]``, 16-bit samples ``[L, 1]``, zeros and ones ``[T, X]``, numbers of
symbols ``[T, 1]``, or real numbers ``[T, X]``; the columns of a target stand behind."""


@dataclass(frozen=True)
class Target:
    """What is predicted of a sequence other than how it goes on: the last ``columns`` columns of its array."""

    of: Literal["step", "sequence"]
    """Whether every step has a target, or the whole sequence has one, which is the same in every row."""
    kind: Literal["label", "value", "labels"]
    """The number of a class, in one column; real numbers; or labels of which any number hold, a column of 0 and 1 each."""
    columns: Count = 1
    """Columns of the array that are the target."""
    names: tuple[str, ...] = ()
    """The classes of a label, or the names of the columns of values or labels."""
    ahead: Natural = 0
    """How many steps the target of a step is ahead of what is read; then a model must not look ahead."""


@dataclass(frozen=True)
class Forecast:
    """What of the steps to come is predicted, where that is not the next step of every column."""

    predicted: tuple[str, ...] = ()
    """Names of the columns that are predicted; none: all that are not known ahead. The others are read alone."""
    known: tuple[str, ...] = ()
    """Names of the columns whose values at the predicted steps are read as well, such as a calendar's."""
    horizon: Count = 1
    """How many of the next steps are predicted at each step."""


def check_sequences(name: str, sequences: Mapping[str, list[np.ndarray]], kind: str) -> None:
    """Raise ``BadInput`` unless every split has sequences of one width, at least two steps and numbers fit for the kind."""
    widths = {array.shape[1] for split in sequences.values() for array in split if array.ndim == 2}
    for split in SPLITS:
        if not sequences.get(split):
            raise BadInput(f"dataset {name}: split '{split}' is empty; expected at least one sequence")
        for i, array in enumerate(sequences[split]):
            where = f"dataset {name}: sequence {i} of split '{split}'"
            if array.ndim != 2 or len(widths) > 1 or not array.shape[1]:
                raise BadInput(f"{where} has shape {array.shape}; expected [steps, width] with one width for all")
            if kind == "audio" and (array.dtype != np.int16 or array.shape[1] != 1):
                raise BadInput(
                    f"{where} has {array.shape[1]} channel(s) of {array.dtype}; expected one of 16 bits: convert it"
                )
            if len(array) < 2:
                raise BadInput(f"{where} has {len(array)} step(s); predicting the next step needs at least 2: remove it")
            if array.dtype.kind not in "buif":
                raise BadInput(f"{where} holds {array.dtype}; expected numbers: convert it")
            if array.dtype.kind == "f" and not all(np.isfinite(block).all() for _, block in long_arrays.rows_of(array)):
                raise BadInput(f"{where} has NaN or infinite values; expected finite numbers: mend or remove it")


def check_columns(
    name: str, sequences: Mapping[str, list[np.ndarray]], kind: str, symbols: int, target: Target | None
) -> None:
    """Raise ``BadInput`` where input columns are not of their kind, or a target is no class or differs within a sequence.

    Parameters
    ----------
    name
        The data set, for messages.
    sequences
        Split -> arrays ``[T, X]``, which passed `check_sequences`.
    kind
        One of `Kind`.
    symbols
        How many symbols there are; of kind ``symbols`` alone.
    target
        The target, whose columns are the last ones, or None.

    """
    columns = target.columns if target else 0
    for split in SPLITS:
        for i, array in enumerate(sequences[split]):
            where = f"dataset {name}: sequence {i} of split '{split}'"
            if array.shape[1] <= columns:
                raise BadInput(f"{where} has {array.shape[1]} column(s), {columns} of them its target; expected more")
            inputs, targets = array[:, : array.shape[1] - columns], array[:, array.shape[1] - columns :]
            if kind == "binary" and not _are_numbers_below(inputs, 2):
                raise BadInput(
                    f"{where} has values other than 0 and 1; expected these alone, or kind reals: correct the card"
                )
            if kind == "symbols" and (inputs.shape[1] != 1 or not _are_numbers_below(inputs, symbols)):
                raise BadInput(
                    f"{where} has no single column of whole numbers below {symbols}, one for each of the names "
                    "on its card; correct the card"
                )
            if target and target.kind == "label" and not _are_numbers_below(targets, len(target.names)):
                raise BadInput(f"{where} has labels other than 0 to {len(target.names) - 1}; correct the card: target.names")
            if target and target.kind == "labels" and not _are_numbers_below(targets, 2):
                raise BadInput(f"{where} has labels other than 0 and 1; correct the card: target.kind")
            if target and target.of == "sequence" and (targets != targets[0]).any():
                raise BadInput(f"{where} has a target that differs from step to step; set target.of: step on the card")


def _are_numbers_below(values: np.ndarray, count: int) -> bool:
    """Whether all are whole numbers from 0 and below ``count``."""
    return bool(((values >= 0) & (values < count) & (values == np.floor(values))).all())


def content_digest(sequences: Mapping[str, list[np.ndarray]], series: Mapping[str, np.ndarray] | None = None) -> str:
    """Return the SHA-256 over splits, lengths and values, whatever file format they came from.

    Where sequences are windows of ``series``, whose number stands there for each, those count as well.
    """
    digest = hashlib.sha256()
    for split in SPLITS:
        for array in sequences[split]:
            digest.update(f"{split} {array.shape} {array.dtype.str};".encode())
            for _, block in long_arrays.rows_of(array):
                digest.update(block.tobytes())
    for split, numbers in (series or {}).items():
        digest.update(f"{split} series {','.join(map(str, numbers.tolist()))};".encode())
    return digest.hexdigest()
