"""Framings: which inputs and outputs a model gets of a sequence. Each is a class, named as ``task.predict`` names it."""

from typing import ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gatebench.core.errors import BadInput, did_you_mean
from gatebench.data import columns
from gatebench.data.cards import Card
from gatebench.data.columns import UNSCALED, Scale
from gatebench.data.contents import SPLITS, Arrays
from gatebench.data.forecasts import forecast
from gatebench.data.sequences import Framed, Framing, Sequence


class next_step:
    """Predict every step from those before it: reads steps 1..T-1, predicts steps 2..T.

    Symbols are read as one-hot rows and predicted as their number. Reals are dequantised where they lie on a grid, then
    standardised, as inputs and outputs alike. Nothing else is scaled.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("piano_roll", "binary", "symbols", "reals")

    @staticmethod
    def causal(card: Card) -> bool:
        """Return True: what comes next is predicted."""
        return True

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """Return the width of a step twice; of symbols, one number is predicted."""
        inputs = columns.input_width(card)
        return inputs, 1 if card.kind == "symbols" else inputs

    @staticmethod
    def predicted_per(card: Card) -> Literal["step", "sequence"]:
        """Return ``step``: every step is predicted."""
        return "step"

    @staticmethod
    def classes(card: Card) -> int:
        """Return how many symbols there are; 0 of other kinds."""
        return len(card.names) if card.kind == "symbols" else 0

    @staticmethod
    def predicted_kind(card: Card) -> str:
        """Return the kind of the data set, since its own steps are predicted."""
        return card.kind

    @staticmethod
    def frame(card: Card, arrays: Arrays) -> Framed:
        """Return inputs and outputs that are one step apart."""
        if card.kind == "symbols":
            shifted = next_step.shift(arrays)
            splits = {split: [_with_one_hot_inputs(card, sequence) for sequence in shifted[split]] for split in shifted}
            return Framed(splits, UNSCALED, UNSCALED)
        if card.kind == "reals":
            grid = columns.find_grid(np.concatenate(arrays["train"]))
            arrays = columns.dequantise(arrays, grid)
            scale = columns.fit_scale(card, "inputs", np.concatenate(arrays["train"]))
            return Framed(next_step.shift(columns.standardise(arrays, scale)), scale, scale, grid)
        by_rows = {split: [np.ascontiguousarray(array) for array in arrays[split]] for split in arrays}
        return Framed(next_step.shift(by_rows), UNSCALED, UNSCALED)

    @staticmethod
    def shift(arrays: Arrays) -> dict[str, list[Sequence]]:
        """Return of each array all but the last step as inputs, and all but the first as outputs."""
        return {split: [Sequence(array[:-1], array[1:]) for array in arrays[split]] for split in arrays}

    @staticmethod
    def shared_steps(card: Card, length: int) -> int:
        """Return 1: the last step is predicted and not read."""
        return 1

    @staticmethod
    def next_input(card: Card, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the predicted step itself, of symbols as a one-hot row."""
        return columns.one_hot(y[None], len(x))[0] if card.kind == "symbols" else y


def _with_one_hot_inputs(card: Card, sequence: Sequence) -> Sequence:
    return Sequence(columns.one_hot(sequence.x, len(card.names)), sequence.y.astype(np.int64))


class next_block:
    """Predict 10 samples of audio from those before them, 20 of which are read at a step (Chung et al. 2014, Section 4.2).

    A step moves on by the 10 samples that were predicted: of L samples, step t reads ``10 t .. 10 t + 19`` and predicts the
    next 10, for ``(L - 20) // 10`` steps.

    Samples are whole numbers, and a density of whole numbers has no bound: silence could be predicted ever more sharply.
    So each is dequantised by noise that is uniform over one least significant bit, of a fixed seed, the same in inputs and
    outputs. Then the mean and the standard deviation of train, after the noise, standardise all splits.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("audio",)

    @staticmethod
    def causal(card: Card) -> bool:
        """Return True: what comes next is predicted."""
        return True

    READ = 20
    PREDICTED = 10

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """Return the samples that are read at a step and those that are predicted, the same of every data set."""
        return next_block.READ, next_block.PREDICTED

    @staticmethod
    def predicted_per(card: Card) -> Literal["step", "sequence"]:
        """Return ``step``: every block is predicted."""
        return "step"

    @staticmethod
    def classes(card: Card) -> int:
        """Return 0, since samples are numbers."""
        return 0

    @staticmethod
    def predicted_kind(card: Card) -> str:
        """Return ``audio``, since samples are predicted."""
        return card.kind

    @staticmethod
    def frame(card: Card, arrays: Arrays) -> Framed:
        """Return blocks of dequantised, standardised samples."""
        return next_block.frame_waves(arrays)

    @staticmethod
    def frame_waves(arrays: Arrays) -> Framed:
        """Return blocks of dequantised, standardised samples of waves ``[L, 1]``, whatever their card."""
        least = next_block.READ + next_block.PREDICTED
        shortest = min(len(wave) for waves in arrays.values() for wave in waves)
        if shortest < least:
            raise BadInput(
                f"a sequence of audio has {shortest} samples; predicting {next_block.PREDICTED} from {next_block.READ} "
                f"needs at least {least}: use longer windows"
            )
        waves = {split: next_block.dequantise(arrays[split], split) for split in arrays}
        train = np.concatenate(waves["train"])
        scale = Scale(float(train.mean()), float(train.std()))
        splits = {split: [next_block.blocks((wave - scale.mean) / scale.std) for wave in waves[split]] for split in waves}
        return Framed(splits, scale, scale, output_grid=1.0)

    @staticmethod
    def shared_steps(card: Card, length: int) -> int:
        """Return the samples that are read for the next block, with those of a block that is not complete."""
        return next_block.READ + (length - next_block.READ) % next_block.PREDICTED

    @staticmethod
    def next_input(card: Card, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the last 20 samples: those of ``x`` that are still among them, and ``y``."""
        return np.concatenate([x[next_block.PREDICTED :], y])

    @staticmethod
    def dequantise(sequences: list[np.ndarray], split: str) -> list[np.ndarray]:
        """Return ``[L, 1]`` whole numbers as ``[L]`` in float64, each moved by at most half a least significant bit."""
        random = np.random.default_rng([columns.NOISE_SEED, SPLITS.index(split)])
        return [wave[:, 0] + random.uniform(-0.5, 0.5, len(wave)) for wave in sequences]

    @staticmethod
    def blocks(wave: np.ndarray) -> Sequence:
        """Return samples ``[L]`` as ``x [T, 20]``, ``y [T, 10]``."""
        steps = (len(wave) - next_block.READ) // next_block.PREDICTED
        wave = wave.astype(np.float32)
        x = sliding_window_view(wave, next_block.READ)[:: next_block.PREDICTED][:steps]
        y = wave[next_block.READ :][: steps * next_block.PREDICTED].reshape(steps, next_block.PREDICTED)
        return Sequence(x, y)


class target:
    """Predict the columns of the target: a label or values, of every step or of the whole sequence.

    A model may look ahead, unless the target itself is ahead: then the last steps have none, and are not read. Values are
    dequantised where they lie on a grid, since their density would have no bound; inputs are not. Real inputs and values are
    standardised, each column by train.
    """

    KINDS: ClassVar[tuple[str, ...]] = next_step.KINDS

    @staticmethod
    def causal(card: Card) -> bool:
        """Return whether the target is ahead of what is read."""
        return columns.target_of(card).ahead > 0

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """Return the width of the inputs without the target's columns, and that of the target."""
        return columns.input_width(card), columns.target_of(card).columns

    @staticmethod
    def predicted_per(card: Card) -> Literal["step", "sequence"]:
        """Return what the target on the card is of."""
        return columns.target_of(card).of

    @staticmethod
    def classes(card: Card) -> int:
        """Return how many classes a label has; 0 of values."""
        return len(columns.target_of(card).names) if columns.target_of(card).kind == "label" else 0

    @staticmethod
    def predicted_kind(card: Card) -> str:
        """Return ``symbols`` of a label, which is one of several, ``binary`` of labels, and ``reals`` of values."""
        return {"label": "symbols", "labels": "binary", "value": "reals"}[columns.target_of(card).kind]

    @staticmethod
    def frame(card: Card, arrays: Arrays) -> Framed:
        """Return each array parted into inputs and target."""
        inputs, targets = columns.input_columns(card, arrays), columns.target_columns(card, arrays)
        input_scale, output_scale, grid = UNSCALED, UNSCALED, 0.0
        ahead = columns.target_of(card).ahead
        if card.kind == "reals":
            input_scale = columns.fit_scale(card, "inputs", np.concatenate(inputs["train"]))
            inputs = columns.standardise(inputs, input_scale)
        if columns.target_of(card).kind == "value":
            grid = columns.find_grid(np.concatenate(targets["train"]))
            targets = columns.dequantise(targets, grid)
            output_scale = columns.fit_scale(card, "target", np.concatenate(targets["train"]))
            targets = columns.standardise(targets, output_scale)

        def sequence(x: np.ndarray, y: np.ndarray) -> Sequence:
            x, y = x[: len(x) - ahead], y[ahead:]
            rows = columns.one_hot(x, len(card.names)) if card.kind == "symbols" else x
            return Sequence(
                rows if card.kind == "reals" else rows.astype(np.uint8),
                y if columns.target_of(card).kind == "value" else y.astype(np.int64),
            )

        splits = {split: [*map(sequence, inputs[split], targets[split])] for split in arrays}
        return Framed(splits, input_scale, output_scale, grid)

    @staticmethod
    def shared_steps(card: Card, length: int) -> int:
        """Return how far the target is ahead; 0: every step is read and has its target."""
        return columns.target_of(card).ahead

    @staticmethod
    def next_input(card: Card, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Raise ``BadInput``, since a target does not continue its sequence."""
        raise BadInput(f"dataset {card.name} has a target, which does not say how a sequence goes on; choose another trial")


FRAMINGS: dict[str, type[Framing]] = {
    "next_step": next_step, "next_block": next_block, "target": target, "forecast": forecast,
}  # fmt: skip
"""Value of ``task.predict`` -> its framing."""


def find(predict: str, card: Card) -> type[Framing]:
    """Return the framing that ``task.predict`` names; ``BadInput`` if the data set is not made for it."""
    if predict not in FRAMINGS:
        raise BadInput(f"unknown framing task.predict={predict}{did_you_mean(predict, list(FRAMINGS))}")
    fitting = name_of(card)
    if card.kind not in FRAMINGS[predict].KINDS:
        raise BadInput(
            f"task.predict={predict} frames data of kind {' or '.join(FRAMINGS[predict].KINDS)}, but dataset {card.name} is "
            f"{card.kind}; use task.predict={fitting}"
        )
    if predict != fitting:
        lacking = "no target" if predict == "target" else "no forecast"
        has = "a target" if card.target else "a forecast" if card.forecast else lacking
        raise BadInput(f"task.predict={predict}, but dataset {card.name} has {has}; use task.predict={fitting}")
    return FRAMINGS[predict]


def name_of(card: Card) -> str:
    """Return the value of ``task.predict`` that frames a data set."""
    if card.target:
        return "target"
    return "forecast" if card.forecast else "next_block" if card.kind == "audio" else "next_step"
