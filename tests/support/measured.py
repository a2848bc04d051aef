"""What the metrics of frames that are written by hand are computed from."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.random import default_rng

from gatebench.core import measuring
from gatebench.core.metric import Predicted, SequenceStatistics
from gatebench.records import metrics
from gatebench.records.frame import METRICS, Frame
from gatebench.records.schema import PREDICTIONS


def labels(right: np.ndarray, classes: int = 2, seed: int = 0) -> SequenceStatistics:
    """Of labels of whole sequences, of which these are predicted rightly (``[N]``, true or false), the others never."""
    true = np.random.default_rng(seed).integers(0, classes, len(right))
    taken = np.where(right, true, (true + 1) % classes)
    p = 0.8 * np.eye(classes)[taken] + 0.2 / classes
    return of_predictions(
        Predicted("label", "sequence", p, true[:, None], np.ones(len(right), int)), -np.log(p[range(len(p)), true])
    )


def of_predictions(predicted: Predicted, nll: np.ndarray) -> SequenceStatistics:
    """As a trial has them."""
    sums = {**measuring.statistics(predicted), "steps": predicted.counts.astype(float), "nll": nll}
    is_whole = predicted.target == "label" and predicted.at == "sequence"
    return SequenceStatistics(sums, predicted.mean, predicted.true[:, 0]) if is_whole else SequenceStatistics(sums)


def values(whole: bool) -> tuple[SequenceStatistics, pd.DataFrame]:
    """Of two columns that are predicted half a unit too high, with the predictions themselves: of steps, or of sequences."""
    counts = np.ones(9, int) if whole else np.array([5, 4])
    true = default_rng(1).normal(20, 4, (counts.sum(), 2))
    nll = None if whole else np.tile([0.25, 0.75], (counts.sum(), 1))
    predicted = Predicted("value", "sequence" if whole else "step", true + 0.5, true, counts, np.array([4.0, 2.0]), nll=nll)
    rows = [
        (i, 0 if whole else row - first, output, true[row, output], true[row, output] + 0.5)
        for i, (first, count) in enumerate(zip(np.cumsum(counts) - counts, counts, strict=True))
        for row in range(first, first + count)
        for output in range(2)
    ]
    return of_predictions(predicted, counts * 1.0), pd.DataFrame(rows, columns=PREDICTIONS)


def with_values(frame: Frame, task: str, whole: bool) -> Frame:
    """The same frame, where the best trial on a task predicts values."""
    key = frame.best[frame.best.task == task].sort_values("nll").key.iloc[0]
    statistics, predictions = values(whole)
    kept = pd.concat([*([frame.predictions] if len(frame.predictions) else []), predictions.assign(key=key)])
    return replace(
        frame, statistics={**frame.statistics, key: statistics}, predictions=kept[["key", *PREDICTIONS]],
        names={**frame.names, task: ["temp", "load"]},
    )  # fmt: skip


def with_statistics(frame: Frame, statistics: dict[str, list[SequenceStatistics]], task: str = "music") -> Frame:
    """The same frame with these statistics of the confirming trials of each cell on a task, in their order."""
    test = frame.confirmed("test")
    of_task = test[test.task == task]
    by_key = {
        key: of_trial
        for cell, of_cell in statistics.items()
        for key, of_trial in zip(of_task[of_task.cell == cell].key, of_cell, strict=True)
    }
    rows = [(key, *named) for key, one in by_key.items() for named in metrics.values(one).items()]
    return replace(frame, statistics=frame.statistics | by_key, metrics=pd.DataFrame(rows, columns=METRICS))


def with_baselines(frame: Frame, measured: dict[str, dict[str, list[float]]], task: str = "music") -> Frame:
    """The same frame with these metrics of the baselines of a task."""
    return replace(frame, baseline_metrics=metrics.of_baselines({task: measured}))
