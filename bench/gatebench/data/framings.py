"""Framings: what is read of a sequence and what is predicted or told of it, a class for each way."""

from typing import ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gatebench.core.errors import BadInput, did_you_mean
from gatebench.data import columns
from gatebench.data.cards import Card
from gatebench.data.columns import UNSCALED, Scale
from gatebench.data.contents import SPLITS, Arrays
from gatebench.data.sequences import Framed, Framing, Sequence


class next_step:
    """Predict every step from those before it: reads steps 1..T-1, predicts steps 2..T.

    Symbols are read as rows with a one in their place and predicted as their number. Reals are dequantised where they lie on
    a grid, then standardised, in what is read and what is predicted alike. Nothing else is scaled.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("piano_roll", "binary", "symbols", "reals")
    causal: ClassVar[bool] = True

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """All columns, both ways; of symbols the number of one is predicted."""
        inputs = columns.inputs(card)
        return inputs, 1 if card.kind == "symbols" else inputs

    @staticmethod
    def at(card: Card) -> Literal["step", "sequence"]:
        """Every step."""
        return "step"

    @staticmethod
    def classes(card: Card) -> int:
        """The symbols."""
        return len(card.names) if card.kind == "symbols" else 0

    @staticmethod
    def of(card: Card) -> str:
        """As what is read."""
        return card.kind

    @staticmethod
    def frame(card: Card, arrays: Arrays) -> Framed:
        """Shifted by one step."""
        if card.kind == "symbols":
            shifted = next_step.shifted(arrays)
            return Framed(
                {split: [_symbols(card, s) for s in found] for split, found in shifted.items()}, UNSCALED, UNSCALED
            )
        if card.kind == "reals":
            arrays = columns.dequantised(arrays)
            by = columns.scale(card, "inputs", np.concatenate(arrays["train"]))
            return Framed(next_step.shifted(columns.scaled(arrays, by)), by, by)
        return Framed(next_step.shifted(arrays), UNSCALED, UNSCALED)

    @staticmethod
    def shifted(arrays: Arrays) -> dict[str, list[Sequence]]:
        """All but the last step, and all but the first."""
        return {split: [Sequence(a[:-1], a[1:]) for a in sequences] for split, sequences in arrays.items()}

    @staticmethod
    def follow(card: Card, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The step itself."""
        return columns.one_hot(y[None], len(x))[0] if card.kind == "symbols" else y


def _symbols(card: Card, sequence: Sequence) -> Sequence:
    return Sequence(columns.one_hot(sequence.x, len(card.names)), sequence.y.astype(np.int64))


class next_block:
    """Predict 10 samples of audio from those before them, 20 of which are read at a step (Chung et al. 2014, Section 4.2).

    A step moves on by the 10 samples that were predicted: of L samples, step t reads ``10 t .. 10 t + 19`` and predicts the
    next 10, for ``(L - 20) // 10`` steps.

    Samples are whole numbers, and a density of whole numbers has no bound: silence could be predicted ever more sharply.
    So each is dequantised by noise that is uniform over one least significant bit, of a fixed seed, the same in what is read
    and what is predicted. Then the mean and the standard deviation of train, after the noise, standardise all splits.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("audio",)
    causal: ClassVar[bool] = True
    READ = 20
    PREDICTED = 10

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """Of every audio data set the same."""
        return next_block.READ, next_block.PREDICTED

    @staticmethod
    def at(card: Card) -> Literal["step", "sequence"]:
        """Every block."""
        return "step"

    @staticmethod
    def classes(card: Card) -> int:
        """None."""
        return 0

    @staticmethod
    def of(card: Card) -> str:
        """As what is read."""
        return card.kind

    @staticmethod
    def frame(card: Card, arrays: Arrays) -> Framed:
        """Dequantised, standardised, cut into blocks."""
        return next_block.framed(arrays)

    @staticmethod
    def framed(arrays: Arrays) -> Framed:
        """The same of every card."""
        least = next_block.READ + next_block.PREDICTED
        shortest = min(len(wave) for waves in arrays.values() for wave in waves)
        if shortest < least:
            raise BadInput(
                f"a sequence of audio has {shortest} samples; predicting {next_block.PREDICTED} from {next_block.READ} "
                f"needs at least {least}: use longer windows"
            )
        waves = {split: next_block.dequantised(arrays[split], split) for split in arrays}
        train = np.concatenate(waves["train"])
        mean, std = float(train.mean()), float(train.std())
        splits = {split: [next_block.blocks((wave - mean) / std) for wave in waves[split]] for split in waves}
        return Framed(splits, Scale(mean, std), Scale(mean, std))

    @staticmethod
    def follow(card: Card, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The last 20 samples."""
        return np.concatenate([x[next_block.PREDICTED :], y])

    @staticmethod
    def dequantised(sequences: list[np.ndarray], split: str) -> list[np.ndarray]:
        """``[L, 1]`` whole numbers to ``[L]`` in float64, each moved by at most half a least significant bit."""
        random = np.random.default_rng([columns.NOISE_SEED, SPLITS.index(split)])
        return [wave[:, 0] + random.uniform(-0.5, 0.5, len(wave)) for wave in sequences]

    @staticmethod
    def blocks(wave: np.ndarray) -> Sequence:
        """Samples ``[L]`` as ``x [T, 20]``, ``y [T, 10]``."""
        steps = (len(wave) - next_block.READ) // next_block.PREDICTED
        wave = wave.astype(np.float32)
        x = sliding_window_view(wave, next_block.READ)[:: next_block.PREDICTED][:steps]
        y = wave[next_block.READ :][: steps * next_block.PREDICTED].reshape(steps, next_block.PREDICTED)
        return Sequence(x, y)


class target:
    """Tell what stands in the columns of the target: a label or values, of every step or of the whole sequence.

    A model may look ahead. Values are dequantised where they lie on a grid, since their density would have no bound; what is
    read is not. Reals and values are standardised, each column by train.
    """

    KINDS: ClassVar[tuple[str, ...]] = next_step.KINDS
    causal: ClassVar[bool] = False

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """What is left of the columns without the target, and the target's."""
        return columns.inputs(card), columns.aim(card).columns

    @staticmethod
    def at(card: Card) -> Literal["step", "sequence"]:
        """As the card says."""
        return columns.aim(card).of

    @staticmethod
    def classes(card: Card) -> int:
        """The classes of a label."""
        return len(columns.aim(card).names) if columns.aim(card).kind == "label" else 0

    @staticmethod
    def of(card: Card) -> str:
        """A label is one of several symbols."""
        return "symbols" if columns.aim(card).kind == "label" else "reals"

    @staticmethod
    def frame(card: Card, arrays: Arrays) -> Framed:
        """Each array parted into what is read and what is told."""
        read, told, by, to = columns.read(card, arrays), columns.told(card, arrays), UNSCALED, UNSCALED
        if card.kind == "reals":
            by = columns.scale(card, "inputs", np.concatenate(read["train"]))
            read = columns.scaled(read, by)
        if columns.aim(card).kind == "value":
            told = columns.dequantised(told)
            to = columns.scale(card, "target", np.concatenate(told["train"]))
            told = columns.scaled(told, to)

        def sequence(x: np.ndarray, y: np.ndarray) -> Sequence:
            rows = columns.one_hot(x, len(card.names)) if card.kind == "symbols" else x
            return Sequence(
                rows if card.kind == "reals" else rows.astype(np.uint8),
                y if columns.aim(card).kind == "value" else y.astype(np.int64),
            )

        return Framed({split: [*map(sequence, read[split], told[split])] for split in arrays}, by, to)

    @staticmethod
    def follow(card: Card, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Nothing: what is told of a sequence does not continue it."""
        raise BadInput(f"dataset {card.name} has a target, which does not say how a sequence goes on; choose another trial")


def framing(predict: str, card: Card) -> type[Framing]:
    """The framing called ``predict``; ``BadInput`` if the data set is not made for it."""
    known: dict[str, type[Framing]] = {"next_step": next_step, "next_block": next_block, "target": target}
    if predict not in known:
        raise BadInput(f"unknown framing task.predict={predict}{did_you_mean(predict, list(known))}")
    fitting = "target" if card.target else "next_block" if card.kind == "audio" else "next_step"
    if card.kind not in known[predict].KINDS:
        raise BadInput(
            f"task.predict={predict} frames data of kind {' or '.join(known[predict].KINDS)}, but dataset {card.name} is "
            f"{card.kind}; use task.predict={fitting}"
        )
    if predict != fitting:
        has = "a" if card.target else "no"
        raise BadInput(f"task.predict={predict}, but dataset {card.name} has {has} target; use task.predict={fitting}")
    return known[predict]
