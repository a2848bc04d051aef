"""The NLL of a split for every member of a population: every sequence once, without noise or dropout.

Where sequences are windows of series, a window begins with what the model carries from the window before it. Series are run
side by side, their windows in order; the first window of a split follows on from what is known of the splits before it
(`series.scored_runs`), which is run first and not scored.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from gatebench.data import series, tasks
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
    """A batch, and which of its sequences are scored."""

    positions: list[int]
    """The positions in the split of those that are scored."""
    batch: Batch
    rows: list[int]
    """Their positions in the batch."""
    begins: bool = True
    """Whether its sequences begin anew; else each goes on where the sequence of the same row of the batch before ended."""


@dataclass(frozen=True)
class EvaluationSplit:
    """A split made ready for evaluation: every sequence is scored in one batch."""

    batches: list[BatchOfSplit]
    predictions: np.ndarray
    """How often something is predicted in each sequence of the split, ``[N]``, in the order of the split."""
    carries: bool
    """Whether something is carried from batch to batch."""


class Stretch(NamedTuple):
    """Sequences that are run at once."""

    sequences: list[Sequence]
    positions: list[int]
    """The positions in the split of those that are scored."""
    rows: list[int]
    """The positions among these sequences of those that are scored."""
    begins: bool
    """Whether all begin anew; else each goes on where the one of the same row of the stretch before ended."""


def prepare(model: Model, sequences: list[Sequence], members: int, past: list[Sequence] | None = None) -> EvaluationSplit:
    """Put every sequence into a batch that a population of so many members can take.

    ``past`` are the sequences of the splits before this one, in order.
    """
    width = model.likelihood.readout(model.outputs)
    most_steps = min(EVALUATED_STEPS, EVALUATED_AT_ONCE // (members * width))
    all_stretches, carries = stretches(model, sequences, past or [], most_steps)
    batches = [BatchOfSplit(s.positions, make_batch(model, s.sequences), s.rows, s.begins) for s in all_stretches]
    return EvaluationSplit(batches, np.array([sequence.predictions for sequence in sequences]), carries)


def stretches(model: Model, sequences: list[Sequence], past: list[Sequence], most_steps: int) -> tuple[list[Stretch], bool]:
    """Return how the sequences of a split are run, and whether something is carried from one stretch to the next.

    ``past`` are the sequences of the splits before this one; a stretch has at most ``most_steps`` padded steps.
    """
    everything, first = [*past, *sequences], len(past)
    runs = series.scored_runs(everything, first) if model.carries else []
    if max(map(len, runs), default=1) > 1:
        return [*_in_runs(everything, runs, first, most_steps)], True
    return [
        Stretch([sequences[i] for i in positions], positions, [*range(len(positions))], True)
        for positions in tasks.in_order(sequences, most_steps)
    ], False


def _in_runs(sequences: list[Sequence], runs: list[list[int]], first: int, most_steps: int) -> Iterator[Stretch]:
    """Yield stretches of one sequence of each of several runs: their first ones, then those that follow, ..."""
    for together in _side_by_side(sequences, runs, most_steps):
        for number in range(len(together[0])):
            positions = [run[number] for run in together if number < len(run)]
            rows = [row for row, i in enumerate(positions) if i >= first]
            scored = [positions[row] - first for row in rows]
            yield Stretch([sequences[i] for i in positions], scored, rows, number == 0)


def _side_by_side(sequences: list[Sequence], runs: list[list[int]], most_steps: int) -> Iterator[list[list[int]]]:
    """Yield runs that are made side by side, of at most so many padded steps at once; those of most sequences come first."""
    waiting = sorted(runs, key=len, reverse=True)
    while waiting:
        together, longest = waiting[:1], max(len(sequences[i]) for i in waiting[0])
        for run in waiting[1:]:
            longest = max(longest, *(len(sequences[i]) for i in run))
            if longest * (len(together) + 1) > most_steps:
                break
            together.append(run)
        waiting = waiting[len(together) :]
        yield together


def make_batch(model: Model, sequences: list[Sequence]) -> Batch:
    """Return sequences as a batch of the model's engine."""
    return model.engine.batch(model, [s.x for s in sequences], [s.y for s in sequences])


def evaluate(model: Model, parameters: Tensor, split: EvaluationSplit, pause: Callable[[], None] = noop) -> np.ndarray:
    """Return the two averages of `averages` for a split, ``[2, K]``; ``pause`` is called after each batch."""
    return averages(sequence_losses(model, parameters, split, pause), split.predictions)


def sequence_losses(model: Model, parameters: Tensor, split: EvaluationSplit, pause: Callable[[], None]) -> np.ndarray:
    """Return the NLL of every sequence of a split, ``[K, N]``, in nats summed over what is predicted in it."""
    losses = np.zeros((len(parameters), len(split.predictions)))
    carried: list[np.ndarray] | None = None
    for positions, batch, rows, begins in split.batches:
        if split.carries:
            size = len(batch.lengths)
            if begins or carried is None:
                carried = [model.start_of_series(size, parameters) for _ in parameters]
            carried = [of_member[:size] for of_member in carried]
        of_batch = model.engine.losses(model, parameters, [batch] * len(parameters), carried)
        losses[:, positions] = np.stack(of_batch)[:, rows]
        pause()
    return losses


def averages(losses: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return two averages ``[2, K]`` of losses ``[K, N]``: per prediction of the split, and the mean of sequences' own."""
    return np.stack([losses.sum(1) / predictions.sum(), (losses / predictions).mean(1)])
