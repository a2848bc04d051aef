"""Tasks: a data set framed for prediction."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.data import cards
from bench.data.cards import Card


@dataclass(frozen=True)
class Sequence:
    """What is read, ``x [T, X]``, and what is to be predicted at each step, ``y [T, Y]``."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Task:
    """Sequences of three splits with the likelihood that scores predictions of them."""

    name: str
    card: Card
    likelihood: str
    splits: dict[str, list[Sequence]]
    inputs: int
    outputs: int
    predicts_next: bool
    """Targets are later inputs, so a cell that looks ahead would see them."""


def next_step(name: str, dataset: str, likelihood: str) -> Task:
    """Predict every frame from those before it: reads frames 1..T-1, predicts frames 2..T."""
    card = cards.load(dataset)
    arrays = cards.arrays(card)
    splits = {split: [Sequence(a[:-1], a[1:]) for a in sequences] for split, sequences in arrays.items()}
    width = arrays["train"][0].shape[1]
    return Task(name, card, likelihood, splits, inputs=width, outputs=width, predicts_next=True)


@dataclass(frozen=True)
class Batch:
    """Padded sequences, time first: ``x [T, B, X]``, ``y [T, B, Y]``, ``mask [T, B]`` (1 where there is a step)."""

    x: np.ndarray
    y: np.ndarray
    mask: np.ndarray


def pad(sequences: list[Sequence], steps: int | None = None, size: int | None = None) -> Batch:
    """The one place where sequences are padded, with zeros, to the longest (or ``steps``) and to ``size`` sequences."""
    steps = steps or max(map(len, sequences))
    size = size or len(sequences)
    x = np.zeros((steps, size, sequences[0].x.shape[1]), np.float32)
    y = np.zeros((steps, size, sequences[0].y.shape[1]), np.float32)
    mask = np.zeros((steps, size), np.float32)
    for b, sequence in enumerate(sequences):
        x[: len(sequence), b] = sequence.x
        y[: len(sequence), b] = sequence.y
        mask[: len(sequence), b] = 1
    return Batch(x, y, mask)


def buckets(lengths: list[int], size: int, random: np.random.Generator) -> list[np.ndarray]:
    """One epoch: every sequence once, batches of sequences of like length, in random order.

    Lengths are jittered by a tenth before sorting, so that batches differ from epoch to epoch. The last batch is
    smaller if the size does not divide the number of sequences; none is dropped.
    """
    order = np.argsort(np.asarray(lengths) * random.uniform(0.9, 1.1, len(lengths)), kind="stable")
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return [batches[i] for i in random.permutation(len(batches))]


def in_order(sequences: list[Sequence], most_steps: int) -> Iterator[tuple[list[int], Batch]]:
    """Every sequence once, longest first, for evaluation: positions and their batch of at most so many padded steps."""
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    while order:
        size = max(1, most_steps // len(sequences[order[0]]))
        chosen, order = order[:size], order[size:]
        yield chosen, pad([sequences[i] for i in chosen])
