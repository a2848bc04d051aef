"""What the metrics of frames that are written by hand are computed from."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gatebench.core import measuring
from gatebench.core.metric import Predicted, SequenceStatistics
from gatebench.records import metrics
from gatebench.records.frame import METRICS, Frame


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
