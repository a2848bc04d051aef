"""Tasks: a data set framed for training, and its batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.cards import Card
from gatebench.data.columns import UNSCALED, Scale
from gatebench.data.framings import framing
from gatebench.data.sequences import Sequence


@dataclass(frozen=True)
class Task:
    """Sequences of three splits, framed."""

    name: str
    card: Card
    splits: dict[str, list[Sequence]]
    inputs: int
    outputs: int
    read: Scale = UNSCALED
    predicted: Scale = UNSCALED
    """What the two sides of a sequence were standardised by."""

    @property
    def mean(self) -> Any:
        """Of what is predicted, in the data's own units; one number or one for each column."""
        return self.predicted.mean

    @property
    def std(self) -> Any:
        """So is this."""
        return self.predicted.std


def load(name: str, dataset: str, predict: str) -> Task:
    """A data set, read and framed."""
    card = cards.load(dataset)
    how = framing(predict, card)
    inputs, outputs = how.sizes(card)
    arrays = cards.arrays(card)
    found, stated = arrays["train"][0].shape[1], None if card.kind == "audio" else card.width
    if stated is not None and found != stated:
        raise BadInput(f"{card.name}.yaml: facts.width is {stated}, but its sequences are {found} wide; correct the card")
    splits, read, predicted = how.frame(card, arrays)
    return Task(name, card, splits, inputs, outputs, read, predicted)


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
