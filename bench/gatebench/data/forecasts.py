"""The framing of forecasts: some columns of the next steps, from all that is known before them."""

from typing import ClassVar, Literal, NamedTuple

import numpy as np

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.data import columns
from gatebench.data.cards import Card
from gatebench.data.columns import UNSCALED, Scale
from gatebench.data.contents import Arrays, Forecast
from gatebench.data.sequences import Framed, Sequence


class ForecastColumns(NamedTuple):
    """Columns of an array, by number, and how far they are predicted."""

    predicted: list[int]
    """Columns whose next steps are predicted."""
    known: list[int]
    """Columns whose values at the predicted steps are read."""
    horizon: int
    """Steps that are predicted at once."""


class forecast:
    """Predict some columns of the next steps: reads all columns up to a step, and of what is known ahead the steps to come.

    At step t it reads all columns of step t, then those known ahead of steps t+1 to t+H, and predicts the predicted columns
    of steps t+1 to t+H, the nearest step first. A sequence of T steps has T-H predictions. Reals are standardised, and what
    is predicted of them is dequantised where it lies on a grid, as inputs and outputs alike.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("piano_roll", "binary", "reals")

    @staticmethod
    def causal(card: Card) -> bool:
        """Return True: what comes next is predicted."""
        return True

    @staticmethod
    def columns(card: Card) -> ForecastColumns:
        """Return the columns of a card by number; ``BadInput`` if it names one that is none, or one twice."""
        assert card.forecast is not None, card.name
        return find_columns(card.forecast, card.column_names, f"{card.name}.yaml: forecast.")

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """Return the width of a step with what is known ahead, and predicted columns times steps."""
        predicted, known, horizon = forecast.columns(card)
        return columns.input_width(card) + len(known) * horizon, len(predicted) * horizon

    @staticmethod
    def names(card: Card) -> tuple[list[str], list[str]]:
        """Return what a model reads and what it predicts, in order, each column with how many steps it is ahead."""
        of = forecast.columns(card)

        def ahead(numbers: list[int]) -> list[str]:
            return [f"{card.column_names[i]} (+{h})" for h in range(1, of.horizon + 1) for i in numbers]

        return [*card.column_names, *ahead(of.known)], ahead(of.predicted)

    @staticmethod
    def predicted_per(card: Card) -> Literal["step", "sequence"]:
        """Return ``step``: from every step something is predicted."""
        return "step"

    @staticmethod
    def classes(card: Card) -> int:
        """Return 0, since numbers are predicted."""
        return 0

    @staticmethod
    def predicted_kind(card: Card) -> str:
        """Return the kind of the data set, since its own steps are predicted."""
        return card.kind

    @staticmethod
    def frame(card: Card, arrays: Arrays) -> Framed:
        """Return what is known at each step, and what comes after it."""
        of = forecast.columns(card)
        for split in arrays:
            shortest = min(map(len, arrays[split]))
            if shortest <= of.horizon:
                raise BadInput(
                    f"dataset {card.name}: a sequence of split '{split}' has {shortest} steps; predicting {of.horizon} at "
                    "once needs more: use longer sequences, or a shorter horizon"
                )
        if card.kind != "reals":
            rows = {split: [np.ascontiguousarray(array) for array in arrays[split]] for split in arrays}
            return Framed(_parted(rows, of), UNSCALED, UNSCALED)
        grid = columns.find_grid(np.concatenate(arrays["train"])[:, of.predicted])
        arrays = _dequantised(arrays, of.predicted, grid)
        scale = columns.fit_scale(card, "inputs", np.concatenate(arrays["train"]))
        splits = _parted(columns.standardise(arrays, scale), of)
        mean, std = np.asarray(scale.mean), np.asarray(scale.std)

        def ahead(numbers: list[int]) -> Scale:
            return Scale(np.tile(mean[numbers], of.horizon), np.tile(std[numbers], of.horizon))

        known = ahead(of.known)
        read = Scale(np.concatenate([mean, known.mean]), np.concatenate([std, known.std]))
        return Framed(splits, read, ahead(of.predicted), np.tile(grid, of.horizon))

    @staticmethod
    def shared_steps(card: Card, length: int) -> int:
        """Return the horizon: from the last steps not all that is predicted was still within the window."""
        return forecast.columns(card).horizon

    @staticmethod
    def next_input(card: Card, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Raise ``BadInput``, since what is predicted is not all that is read next."""
        raise BadInput(
            f"dataset {card.name} is forecast from more than what is predicted at a step, so that nothing goes on from a "
            "drawn one; choose another trial, or export this one"
        )


def find_columns(wanted: Forecast, names: tuple[str, ...], where: str) -> ForecastColumns:
    """Return the columns of a forecast by number.

    ``BadInput`` if it names a column that is none, or one for two things, or predicts nothing; ``where`` stands before
    ``predicted`` and ``known`` in the message.
    """
    if len(set(names)) < len(names):
        raise BadInput(f"columns are called {shorten(', '.join(names))}; expected different names: rename one")
    for role in ("predicted", "known"):
        for name in getattr(wanted, role):
            if name not in names:
                raise BadInput(f"{where}{role} has {shorten(name)}, which is no column{did_you_mean(name, list(names))}")
    both = sorted({*wanted.predicted} & {*wanted.known})
    if both:
        raise BadInput(
            f"{where}known has {shorten(', '.join(both))}, which is predicted; expected others: remove it from one"
        )
    predicted = wanted.predicted or tuple(name for name in names if name not in wanted.known)
    if not predicted:
        raise BadInput(f"{where}known has all columns, so that none is left to predict; expected fewer")
    return ForecastColumns(
        [i for i, name in enumerate(names) if name in predicted],
        [i for i, name in enumerate(names) if name in wanted.known],
        wanted.horizon,
    )


def _dequantised(arrays: Arrays, predicted: list[int], grid: np.ndarray) -> Arrays:
    """Return arrays whose predicted columns have noise within one step of their grid."""
    noisy = columns.dequantise({split: [array[:, predicted] for array in arrays[split]] for split in arrays}, grid)
    whole = {split: [array.astype(float) for array in arrays[split]] for split in arrays}
    for split in whole:
        for array, part in zip(whole[split], noisy[split], strict=True):
            array[:, predicted] = part
    return whole


def _parted(arrays: Arrays, of: ForecastColumns) -> dict[str, list[Sequence]]:
    """Return inputs and outputs of each array."""

    def part(array: np.ndarray) -> Sequence:
        steps = len(array) - of.horizon
        ahead = [array[h : h + steps] for h in range(1, of.horizon + 1)]
        x = np.concatenate([array[:steps], *(rows[:, of.known] for rows in ahead)], 1) if of.known else array[:steps]
        return Sequence(np.ascontiguousarray(x), np.concatenate([rows[:, of.predicted] for rows in ahead], 1))

    return {split: [part(array) for array in arrays[split]] for split in arrays}
