"""The NLL of a split for every member of a population: every sequence once, without noise or dropout."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from gatebench.data import tasks
from gatebench.data.sequences import Sequence
from gatebench.engines.base import Batch
from gatebench.training.model import Model

EVALUATED_AT_ONCE = 88 * 2**18
"""Largest size of the readout in memory during an evaluation: padded steps times members times width of the readout."""
EVALUATED_STEPS = 2**15
"""Largest number of padded steps in one batch of an evaluation."""


def noop() -> None:
    """Do nothing, where a caller of an evaluation wants no pause."""


class BatchOfSplit(NamedTuple):
    """A batch, and the positions in the split of its sequences."""

    positions: list[int]
    batch: Batch


@dataclass(frozen=True)
class EvaluationSplit:
    """A split made ready for evaluation: every sequence stands in one batch."""

    batches: list[BatchOfSplit]
    predictions: np.ndarray
    """How often something is predicted in each sequence of the split, ``[N]``, in the order of the split."""


def prepare(model: Model, sequences: list[Sequence], members: int) -> EvaluationSplit:
    """Put every sequence into a batch that a population of so many members can take."""
    width = model.likelihood.readout(model.outputs)
    batches, predictions = [], np.zeros(len(sequences), int)
    for positions in tasks.in_order(sequences, min(EVALUATED_STEPS, EVALUATED_AT_ONCE // (members * width))):
        batch = make_batch(model, [sequences[i] for i in positions])
        batches.append(BatchOfSplit(positions, batch))
        predictions[positions] = batch.predictions
    return EvaluationSplit(batches, predictions)


def make_batch(model: Model, sequences: list[Sequence]) -> Batch:
    """Return sequences as a batch of the model's engine."""
    return model.engine.batch(model, [s.x for s in sequences], [s.y for s in sequences])


def evaluate(model: Model, parameters: Tensor, split: EvaluationSplit, pause: Callable[[], None] = noop) -> np.ndarray:
    """Return the two averages of `averages` for a split, ``[2, K]``; ``pause`` is called after each batch."""
    return averages(sequence_losses(model, parameters, split, pause), split.predictions)


def sequence_losses(model: Model, parameters: Tensor, split: EvaluationSplit, pause: Callable[[], None]) -> np.ndarray:
    """Return the NLL of every sequence of a split, ``[K, N]``, in nats summed over what is predicted in it."""
    losses = np.zeros((len(parameters), len(split.predictions)))
    for positions, batch in split.batches:
        losses[:, positions] = model.engine.losses(model, parameters, [batch] * len(parameters))
        pause()
    return losses


def averages(losses: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return two averages ``[2, K]`` of losses ``[K, N]``: per prediction of the split, and the mean of sequences' own."""
    return np.stack([losses.sum(1) / predictions.sum(), (losses / predictions).mean(1)])
