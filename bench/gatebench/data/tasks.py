"""Tasks: a data set framed for prediction, and its batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.core.validation import Count, Share
from gatebench.data import blocks, cards, extrapolation, framings, predictions, series
from gatebench.data.blocks import BlocksOfSplit
from gatebench.data.cards import Card
from gatebench.data.columns import UNSCALED, Scale
from gatebench.data.sequences import Sequence

SUBSET_SEED = 2014
"""The seed of the order in which training sequences are taken where only a share of them is."""


@dataclass(frozen=True)
class Portion:
    """How much of a data set is trained on, and in what pieces; by default all of it, in whole sequences."""

    share: Share = 1.0
    """The share of the training sequences; a larger one contains a smaller one. Validation and test stay whole."""
    window: Count | None = None
    """Steps of the pieces that the sequences of all splits are cut into, each of which begins from states of zero; what is
    left at the end of a sequence is dropped, and a sequence that is shorter stays as it is. None: whole sequences."""

    def __str__(self) -> str:
        """Return what is not as by default, for a trial's key: ``share 0.1, window 200``."""
        parts = [f"share {self.share!r}"] * (self.share != 1) + [f"window {self.window}"] * (self.window is not None)
        return ", ".join(parts)

    def of(self, splits: dict[str, list[Sequence]]) -> dict[str, list[Sequence]]:
        """Return so much of framed sequences; ``BadInput`` where whole sequences are predicted and windows are asked for."""
        if self.window is not None and any(s.predictions != len(s) for sequences in splits.values() for s in sequences):
            raise BadInput(
                f"data.window is {self.window}, but this task predicts something of a whole sequence, which has no windows; "
                "leave it out: data.window=null"
            )
        train = splits["train"]
        order = np.random.default_rng(SUBSET_SEED).permutation(len(train))
        chosen = sorted(order[: max(1, round(self.share * len(train)))])
        splits = {**splits, "train": [train[i] for i in chosen]}
        return splits if self.window is None else {split: _windows(splits[split], self.window) for split in splits}


def _windows(sequences: list[Sequence], steps: int) -> list[Sequence]:
    """Return pieces of so many steps; a sequence that has fewer is one."""
    return [
        Sequence(s.x[start : start + steps], s.y[start : start + steps], group=s.group)
        for s in sequences
        for start in range(0, max(1, len(s) - steps + 1), steps)
    ]


WHOLE = Portion()
"""All of a data set."""


@dataclass(frozen=True)
class Task:
    """The framed sequences of a data set's three splits, with their widths and scales."""

    name: str
    card: Card
    splits: dict[str, list[Sequence]]
    inputs: int
    """Numbers that a model reads at a step."""
    outputs: int
    """Numbers that are predicted at once."""
    predicted: str
    """What is predicted: ``label`` or ``value`` of a target, or else the kind of the sequences, which go on."""
    input_scale: Scale = UNSCALED
    """What inputs were standardised by."""
    output_scale: Scale = UNSCALED
    """What outputs were standardised by."""
    output_grid: np.ndarray | float = 0.0
    """Step of the grid that outputs lay on before they were dequantised, for each column or one for all; 0: none."""
    horizon: int = 1
    """Steps ahead that are predicted at once, of each equally many outputs, the nearest first."""

    @cached_property
    def outside(self) -> float:
        """The largest share of a column's numbers in test, of amounts, that lie outside train's range."""
        target = self.card.target
        amounts = self.card.kind == "reals" or (target is not None and target.kind == "value")
        return extrapolation.largest_share(self.splits) if amounts else 0.0

    @cached_property
    def blocks(self) -> BlocksOfSplit:
        """What the test sequences stand together in, so that scores of blocks and not of sequences are independent."""
        return blocks.of(self.splits["test"])

    def before(self, split: str) -> list[Sequence]:
        """Return the sequences of the splits that come before one: of them a series is known when it is scored there."""
        return series.before(self.splits, split)

    @property
    def mean(self) -> float | np.ndarray:
        """Mean of the outputs in the data's own units: one number, or one for each column."""
        return self.output_scale.mean

    @property
    def std(self) -> float | np.ndarray:
        """Standard deviation of the outputs in the data's own units: one number, or one for each column."""
        return self.output_scale.std

    def in_units(self, outputs: np.ndarray) -> np.ndarray:
        """Return standardised outputs ``[..., Y]`` in the data's own units."""
        return predictions.in_units(outputs, self.output_scale)

    def without_noise(self, outputs: np.ndarray) -> np.ndarray:
        """Return outputs ``[..., Y]``, in the data's own units, as they were before noise dequantised them."""
        return predictions.without_noise(outputs, self.output_grid)


def load(name: str, dataset: str, predict: str, portion: Portion = WHOLE) -> Task:
    """Read and frame a data set; ``BadInput`` if it cannot be, or is not as its card says.

    Parameters
    ----------
    name
        Name of the task.
    dataset
        Name of the card.
    predict
        Name of a framing (`framings.FRAMINGS`).
    portion
        How much of the framed sequences; scales are those of all training sequences.

    """
    card = cards.load(dataset)
    framing = framings.find(predict, card)
    inputs, outputs = framing.sizes(card)
    arrays = cards.read_arrays(card)
    width, stated_width = arrays["train"][0].shape[1], None if card.kind == "audio" else card.width
    if stated_width is not None and width != stated_width:
        raise BadInput(
            f"{card.name}.yaml: facts.width is {stated_width}, but its sequences are {width} wide; correct the card"
        )
    origins = cards.read_origins(card)
    framed = framing.frame(card, series.joined(arrays, origins, framing, card))
    splits = series.mark(framed.splits, origins)
    return Task(
        name,
        card,
        portion.of(splits),
        inputs,
        outputs,
        predictions.predicted_of(card),
        framed.input_scale,
        framed.output_scale,
        framed.output_grid,
        card.forecast.horizon if card.forecast else 1,
    )


def buckets(lengths: list[int], size: int, random: np.random.Generator) -> list[np.ndarray]:
    """Return the batches of one epoch as positions: every sequence once, those of like length together, in random order.

    Lengths are jittered by a tenth before sorting, so that batches differ from epoch to epoch. The last batch is
    smaller if ``size`` does not divide the number of sequences; none is dropped.
    """
    order = np.argsort(np.asarray(lengths) * random.uniform(0.9, 1.1, len(lengths)), kind="stable")
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return [batches[i] for i in random.permutation(len(batches))]


def in_order(sequences: list[Sequence], most_steps: int) -> Iterator[list[int]]:
    """Yield batches for evaluation as positions, every sequence once, longest first, of ``most_steps`` when padded."""
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    while order:
        size = max(1, most_steps // len(sequences[order[0]]))
        batch, order = order[:size], order[size:]
        yield batch
