"""What metrics are computed from: the point predictions of the best weights on the test split, and what they add up to.

The readout is that of the reference's equations, whatever engine trained, so that all engines have the same code; once a
trial, at its end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gatebench.core import measuring
from gatebench.core.metric import Predicted, SequenceStatistics
from gatebench.data.predictions import AMOUNTS, Units
from gatebench.data.sequences import Sequence
from gatebench.data.tasks import Task
from gatebench.engines import reference
from gatebench.engines.base import Engine
from gatebench.engines.padded import PaddedBatch
from gatebench.training import evaluation
from gatebench.training.evaluation import EVALUATED_STEPS
from gatebench.training.model import Model

AT_ONCE = 2**24
"""Numbers of readouts and states that are in memory at once, of all members together."""
WHOLE = 2**16
"""Predictions of labels and values of whole sequences up to which all of them are kept; of more, those of none."""
STEPS = 1024
"""Predictions of values of steps that are kept to be drawn: of the first test sequences and columns."""
DRAWN_SEQUENCES, DRAWN_COLUMNS = 3, 3
"""Sequences and columns of which steps are kept, at the most."""
PREDICTIONS = ("sequence", "step", "output", "true", "predicted")
"""Columns of the predictions that are kept: of a label, each class is an output, which is true (1) or not (0)."""


@dataclass
class Measured:
    """What one member's predictions of the test split come to."""

    statistics: dict[str, np.ndarray]
    """Statistic -> what each test sequence adds to it, ``[N]``; see `gatebench.core.metric`."""
    predictions: dict[str, np.ndarray]
    """Columns `PREDICTIONS`, a row for each number that is kept."""
    trivial: dict[str, dict[str, float]]
    """Trivial predictor, fitted on train -> metric -> its value on the same split."""

    @staticmethod
    def nothing() -> "Measured":
        """Return what a member leaves that diverged before its first validation."""
        return Measured({}, {name: np.zeros(0) for name in PREDICTIONS}, {})


def measure(
    model: Model,
    task: Task,
    parameters: Tensor,
    sequences: list[Sequence],
    pause: Callable[[], None],
    past: list[Sequence] | None = None,
) -> list[Measured]:
    """Return what the predictions of the sequences of a split come to, for every member of rows ``[K, row]``.

    ``pause`` is called after each batch; ``past`` are the sequences of the splits before.
    """
    count, members, units = len(sequences), len(parameters), _units(task, model)
    families = list(measuring.families())
    statistics: list[dict[str, np.ndarray]] = [{} for _ in range(members)]
    rows: list[list[np.ndarray]] = [[] for _ in range(members)]
    numbers = members * (model.likelihood.readout(model.outputs) + 8 * model.width)
    most_steps = max(1, min(EVALUATED_STEPS, AT_ONCE // numbers))
    stretches, carries = evaluation.stretches(model, sequences, past or [], most_steps)
    carried: Tensor | None = None
    for together, positions, scored, begins in stretches:
        if carries:
            if begins or carried is None:
                zeros = torch.from_numpy(model.start_of_series(len(together), parameters))
                carried = zeros.to(parameters).repeat(members, 1, 1)
            carried = carried[:, : len(together)]
        means, of_steps = _means(model, parameters, together, carried, task.horizon)
        batch = [together[b] for b in scored]
        for k in range(members if scored else 0):
            mean, nll = ([array[k, : together[b].predictions, b] for b in scored] for array in (means, of_steps))
            predicted = units.predicted(batch, np.concatenate(mean), np.concatenate(nll))
            for name, sums in measuring.statistics(predicted, families).items():
                statistics[k].setdefault(name, np.zeros(count))[positions] = sums
            rows[k].append(_kept(predicted, positions, count))
        pause()
    trivial = _trivial(units, task.splits["train"], sequences)
    return [
        Measured(sums, _in_order(np.concatenate(of_member)), trivial)
        for sums, of_member in zip(statistics, rows, strict=True)
    ]


def _means(
    model: Model, parameters: Tensor, sequences: list[Sequence], carried: Tensor | None, steps_ahead: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the expected targets ``[K, T, B, P]`` of a padded batch, or ``[K, 1, B, P]`` of whole sequences.

    Beside them stands the NLL of each of several steps ahead by itself, ``[K, T, B, steps]``; of no step where there is one.
    What sequences begin with is ``carried [K, B, S]``, and then what they end with; None: they begin with zeros.
    """
    engine: Engine[PaddedBatch] = reference.Reference(model.engine.threads, model.device)
    batch = engine.batch(model, [s.x for s in sequences], [s.y for s in sequences])

    @torch.no_grad()
    def run() -> tuple[np.ndarray, np.ndarray]:
        x = torch.from_numpy(batch.x).to(parameters)[None]
        lengths = torch.from_numpy(batch.lengths).to(parameters.device)[None]
        readout = reference.readout(model, model.views(parameters), x, lengths, carried=carried)
        mean = model.likelihood.mean(readout).cpu().numpy()
        return mean, _nll_of_steps(model, readout, torch.from_numpy(batch.y).to(readout)[None], steps_ahead)

    return engine.compute(run)


def _nll_of_steps(model: Model, readout: Tensor, y: Tensor, steps: int) -> np.ndarray:
    """Return the NLL ``[K, T, B, steps]`` of each step ahead, of equally many outputs each, nearest first."""
    parts = np.arange(model.outputs).reshape(steps, -1)
    positions = [model.likelihood.positions(model.outputs, part) for part in parts]
    known = [one for one in positions if one is not None]
    if steps == 1 or len(known) < steps:
        return np.zeros((*readout.shape[:-1], 0))
    each = [model.likelihood.nll(readout[..., one], y[..., part]) for one, part in zip(known, parts, strict=True)]
    return torch.stack(each, -1).cpu().numpy().astype(float)


def _units(task: Task, model: Model) -> Units:
    return Units.of(task.predicted, model.at, task.output_scale, task.output_grid, task.splits["train"])


def _trivial(units: Units, train: list[Sequence], sequences: list[Sequence]) -> dict[str, dict[str, float]]:
    """Return the metrics of what takes no model: frequencies of classes in train, or the mean of train; the last value."""
    predictors = {}
    targets = np.concatenate([s.y for s in train])
    if units.target in ("label", "symbols"):
        classes = 1 + int(max(targets.max(), *(s.y.max() for s in sequences)))
        counts = np.bincount(targets[:, 0].astype(int), minlength=classes) + 1.0
        predictors["unigram"] = [np.tile(counts / counts.sum(), (s.predictions, 1)) for s in sequences]
    elif units.target in AMOUNTS:
        predictors["mean"] = [np.tile(targets.mean(0, dtype=float), (s.predictions, 1)) for s in sequences]
    if all(map(_goes_on, train)) and any(len(s) > 1 for s in train):
        predictors["last_value"] = [s.x for s in sequences]
    return {name: _values(units.predicted(sequences, np.concatenate(means))) for name, means in predictors.items()}


def _goes_on(sequence: Sequence) -> bool:
    """Return whether what is read at a step is what was predicted at the step before."""
    return sequence.x.shape[1] == sequence.y.shape[1] and np.array_equal(sequence.x[1:], sequence.y[:-1])


def _values(predicted: Predicted) -> dict[str, float]:
    """Return metric -> value, of those that have one."""
    sums = {**measuring.statistics(predicted), "steps": predicted.counts.astype(float)}
    known = SequenceStatistics(sums)
    if predicted.is_of_classes:
        labels = predicted.true[:, 0].astype(int)
        sums["nll"] = predicted.by_sequence(-np.log(predicted.mean[np.arange(len(labels)), labels]))
        known = SequenceStatistics(sums, predicted.mean, labels) if predicted.at == "sequence" else known
    values = {metric.name: metric.linearised(known).value for metric in measuring.metrics(known)}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _kept(predicted: Predicted, positions: list[int], count: int) -> np.ndarray:
    """Return what is kept of the predictions of a batch, as rows of `PREDICTIONS`; ``count``: sequences of the split."""
    outputs = predicted.mean.shape[1]
    drawn = min(DRAWN_SEQUENCES, count)
    if predicted.at == "sequence":
        sequences, steps, columns = (count, 1, outputs) if count * outputs <= WHOLE else (0, 0, 0)
    elif predicted.target in ("value", "reals"):
        columns = min(DRAWN_COLUMNS, outputs)
        sequences, steps = drawn, STEPS // (columns * drawn)
    else:
        return np.zeros((0, len(PREDICTIONS)))
    sequence = np.array(positions)[predicted.sequence]
    step = np.concatenate([np.arange(n) for n in predicted.counts])
    is_kept = (sequence < sequences) & (step < steps)
    true = np.eye(outputs)[predicted.true[:, 0].astype(int)] if predicted.is_of_classes else predicted.true
    output = np.tile(np.arange(columns), is_kept.sum())
    beside = (np.repeat(part[is_kept], columns) for part in (sequence, step))
    return np.stack([*beside, output, *(part[is_kept, :columns].ravel() for part in (true, predicted.mean))], 1)


def _in_order(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return rows of `PREDICTIONS` as columns, by sequence, step and output."""
    rows = rows[np.lexsort(rows.T[2::-1])]
    return dict(zip(PREDICTIONS, rows.T, strict=True))
