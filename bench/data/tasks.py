"""Tasks: a data set framed for prediction."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bench.checks import Count, mismatch, shown
from bench.data import cards
from bench.data.cards import SPLITS, Arrays, Card
from bench.places import BadInput, suggestion


@dataclass(frozen=True)
class Sequence:
    """What is read, ``x [T, X]``, and what is to be predicted at each step, ``y [T, Y]``."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    @property
    def predicted(self) -> int:
        """How often something is predicted."""
        return len(self.y)


@dataclass(frozen=True)
class Task:
    """Sequences of three splits, framed for prediction."""

    name: str
    card: Card
    splits: dict[str, list[Sequence]]
    inputs: int
    outputs: int
    mean: float = 0.0
    std: float = 1.0
    """What was subtracted from the data's own units and divided by; of train alone."""


class Framing(Protocol):
    """How targets follow from the sequences of a data set."""

    KIND: ClassVar[str]
    """The kind of data set that can be framed so."""

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """Numbers that are read and numbers that are predicted at a step."""
        ...

    @staticmethod
    def frame(arrays: Arrays) -> tuple[dict[str, list[Sequence]], float, float]:
        """Sequences of every split, with the mean and the standard deviation that they were standardised by."""
        ...

    @staticmethod
    def follow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """What is read at the next step, where ``x [X]`` was read and ``y [Y]`` turned out to follow."""
        ...


class next_step:
    """Predict every frame of a piano roll from those before it: reads frames 1..T-1, predicts frames 2..T."""

    KIND: ClassVar[str] = "piano_roll"

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """All keys, both ways."""
        width: Any = card.facts.get("width")
        if mismatch(width, Count):
            raise BadInput(f"{card.name}.yaml: facts.width is {shown(width)}, expected the number of keys")
        return width, width

    @staticmethod
    def frame(arrays: Arrays) -> tuple[dict[str, list[Sequence]], float, float]:
        """Shifted by one frame; nothing is scaled."""
        return {split: [Sequence(a[:-1], a[1:]) for a in sequences] for split, sequences in arrays.items()}, 0.0, 1.0

    @staticmethod
    def follow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The frame itself."""
        return y


class next_block:
    """Predict 10 samples of audio from those before them, 20 of which are read at a step (Chung et al. 2014, Section 4.2).

    A step moves on by the 10 samples that were predicted: of L samples, step t reads ``10 t .. 10 t + 19`` and predicts the
    next 10, for ``(L - 20) // 10`` steps.

    Samples are whole numbers, and a density of whole numbers has no bound: silence could be predicted ever more sharply.
    So each is dequantised by noise that is uniform over one least significant bit, of a fixed seed, the same in what is read
    and what is predicted. Then the mean and the standard deviation of train, after the noise, standardise all splits.
    """

    KIND: ClassVar[str] = "audio"
    READ = 20
    PREDICTED = 10
    NOISE_SEED = 0

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """Of every audio data set the same."""
        return next_block.READ, next_block.PREDICTED

    @staticmethod
    def frame(arrays: Arrays) -> tuple[dict[str, list[Sequence]], float, float]:
        """Dequantised, standardised, cut into blocks."""
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
        return splits, mean, std

    @staticmethod
    def follow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The last 20 samples."""
        return np.concatenate([x[next_block.PREDICTED :], y])

    @staticmethod
    def dequantised(sequences: list[np.ndarray], split: str) -> list[np.ndarray]:
        """``[L, 1]`` whole numbers to ``[L]`` in float64, each moved by at most half a least significant bit."""
        random = np.random.default_rng([next_block.NOISE_SEED, SPLITS.index(split)])
        return [wave[:, 0] + random.uniform(-0.5, 0.5, len(wave)) for wave in sequences]

    @staticmethod
    def blocks(wave: np.ndarray) -> Sequence:
        """Samples ``[L]`` as ``x [T, 20]``, ``y [T, 10]``."""
        steps = (len(wave) - next_block.READ) // next_block.PREDICTED
        wave = wave.astype(np.float32)
        x = sliding_window_view(wave, next_block.READ)[:: next_block.PREDICTED][:steps]
        y = wave[next_block.READ :][: steps * next_block.PREDICTED].reshape(steps, next_block.PREDICTED)
        return Sequence(x, y)


def framing(predict: str, card: Card) -> type[Framing]:
    """The framing called ``predict``; ``BadInput`` if the data set is not of its kind."""
    known: dict[str, type[Framing]] = {"next_step": next_step, "next_block": next_block}
    if predict not in known:
        raise BadInput(f"unknown framing task.predict={predict}{suggestion(predict, list(known))}")
    found = known[predict]
    if card.kind != found.KIND:
        fitting = next(name for name, other in known.items() if card.kind == other.KIND)
        raise BadInput(
            f"task.predict={predict} frames data of kind {found.KIND}, but dataset {card.name} is {card.kind}; "
            f"use task.predict={fitting}"
        )
    return found


def load(name: str, dataset: str, predict: str) -> Task:
    """A data set, read and framed."""
    card = cards.load(dataset)
    how = framing(predict, card)
    splits, mean, std = how.frame(cards.arrays(card))
    inputs, outputs = how.sizes(card)
    found = splits["train"][0].x.shape[1]
    if found != inputs:
        raise BadInput(f"{card.name}.yaml: facts.width is {inputs}, but its sequences are {found} wide; correct the card")
    return Task(name, card, splits, inputs, outputs, mean, std)


def buckets(lengths: list[int], size: int, random: np.random.Generator) -> list[np.ndarray]:
    """One epoch: every sequence once, batches of sequences of like length, in random order.

    Lengths are jittered by a tenth before sorting, so that batches differ from epoch to epoch. The last batch is
    smaller if the size does not divide the number of sequences; none is dropped.
    """
    order = np.argsort(np.asarray(lengths) * random.uniform(0.9, 1.1, len(lengths)), kind="stable")
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return [batches[i] for i in random.permutation(len(batches))]


def in_order(sequences: list[Sequence], most_steps: int) -> Iterator[list[int]]:
    """Every sequence once, longest first, for evaluation: positions, of at most so many steps when padded."""
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    while order:
        size = max(1, most_steps // len(sequences[order[0]]))
        chosen, order = order[:size], order[size:]
        yield chosen
