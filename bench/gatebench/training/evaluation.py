"""The NLL of a split for every member of a population: every sequence once, without noise or dropout."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from gatebench.data.tasks import Sequence, in_order
from gatebench.training.model import Model

EVALUATED_AT_ONCE = 88 * 2**18
"""Numbers of the readout in memory during an evaluation, at the most: padded steps times members times its width."""
EVALUATED_STEPS = 2**15
"""Padded steps of one batch of an evaluation, at the most."""


def go_on() -> None:
    """Nothing to do at a pause."""


@dataclass(frozen=True)
class Batches:
    """A split made ready for evaluation."""

    chosen: list[list[int]]
    """Positions of the sequences of each batch."""
    made: list[Any]
    predicted: np.ndarray
    """How often something is predicted in each sequence."""


def batches(model: Model, sequences: list[Sequence], members: int) -> Batches:
    """Every sequence once, in batches that a population of so many members can take."""
    width = model.likelihood.readout(model.outputs)
    chosen = list(in_order(sequences, min(EVALUATED_STEPS, EVALUATED_AT_ONCE // (members * width))))
    made = [ready(model, [sequences[i] for i in positions]) for positions in chosen]
    return Batches(chosen, made, np.array([sequence.predicted for sequence in sequences]))


def ready(model: Model, sequences: list[Sequence]) -> Any:
    """A batch as the engine wants it."""
    return model.runs.batch(model, [s.x for s in sequences], [s.y for s in sequences])


def evaluate(model: Model, parameters: Tensor, split: Batches, pause: Callable[[], None] = go_on) -> np.ndarray:
    """`averaged` NLL of a split, no noise."""
    return averaged(sequence_nlls(model, parameters, split, pause), split.predicted)


def sequence_nlls(model: Model, parameters: Tensor, split: Batches, pause: Callable[[], None]) -> np.ndarray:
    """NLL of every sequence of a split, the sum over its steps, ``[K, N]``."""
    sums = np.zeros((len(parameters), len(split.predicted)))
    for chosen, batch in zip(split.chosen, split.made, strict=True):
        sums[:, chosen] = model.runs.losses(model, parameters, [batch] * len(parameters))
        pause()
    return sums


def averaged(sums: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """NLL per prediction (sum over the split / their number) and mean over sequences of each one's own, ``[2, K]``."""
    return np.stack([sums.sum(1) / predicted.sum(), (sums / predicted).mean(1)])
