"""Metrics of a trial, from the tables of its record."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.core.measuring import MetricsOfTrials
from gatebench.core.metric import SequenceStatistics
from gatebench.records.schema import Record
from gatebench.records.tables import Columns, columns_of

OF_BASELINES = ["task", "baseline", "metric", "value", "low", "high"]
"""Columns of the metrics of baselines on test; ``low`` and ``high`` are NaN where no interval is known."""


class TrialMetrics(NamedTuple):
    """What the metrics of a trial are computed from, and what they come to on the test split."""

    statistics: SequenceStatistics
    values: dict[str, float]
    """Metric -> value, of those that have one."""


def measured(record: Record, of_trials: MetricsOfTrials | None = None) -> TrialMetrics | None:
    """Return the metrics of a trial; None where its record does not have what they are computed from.

    ``BadInput`` if it is damaged. ``of_trials`` is for who asks of many records.
    """
    if not all(columns_of(record, name)["sequence"] for name in ("statistics", "sequences")):
        return None
    with _explained(record), np.errstate(all="ignore"):
        read = _read(record)
        return TrialMetrics(read, values(read, of_trials))


@contextmanager
def _explained(record: Record) -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError, OverflowError, TypeError, AttributeError, MemoryError) as error:
        raise BadInput(
            f"the statistics or the predictions of record {record.key} are damaged ({shorten(error)}); remove its folder, "
            "and the next sweep trains it again"
        ) from error


def _read(record: Record) -> SequenceStatistics:
    sequences, statistics = columns_of(record, "sequences"), columns_of(record, "statistics")
    numbers = np.array(sequences["sequence"], int)
    names, rows = np.unique(np.array(statistics["statistic"], str), return_inverse=True)
    table = np.zeros((len(names), len(numbers)))
    columns = _positions(numbers, statistics)
    table[rows[columns >= 0], columns[columns >= 0]] = np.array(statistics["value"], float)[columns >= 0]
    sums = {str(name): row for name, row in zip(names, table, strict=True)}
    sums |= {name: np.array(sequences[name], float) for name in ("steps", "nll")}
    return SequenceStatistics(sums, *_labels(record, numbers)) if "correct" in sums else SequenceStatistics(sums)


def of_baselines(by_task: dict[str, dict[str, dict[str, list[float]]]]) -> pd.DataFrame:
    """Return the rows `OF_BASELINES` of task -> baseline -> metric -> value and perhaps the ends of its interval."""
    rows = [
        (task, baseline, metric, *numbers[:3], *([math.nan] * (3 - len(numbers))))
        for task, baselines in by_task.items()
        for baseline, metrics in baselines.items()
        for metric, numbers in metrics.items()
        if numbers
    ]
    return pd.DataFrame(rows, columns=OF_BASELINES)


def values(statistics: SequenceStatistics, of_trials: MetricsOfTrials | None = None) -> dict[str, float]:
    """Return metric -> value on the test split, of those that have one."""
    of_trial = (of_trials or MetricsOfTrials()).metrics(statistics)
    computed = {metric.name: metric.linearised(statistics).value for metric in of_trial}
    return {name: value for name, value in computed.items() if math.isfinite(value)}


def _labels(record: Record, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """Return the predicted probabilities ``[N, P]`` and the true class ``[N]`` of each sequence, where all have them."""
    predictions = columns_of(record, "predictions")
    count = len(predictions["sequence"])
    if not count or count % len(numbers):
        return None, None
    shape = len(numbers), count // len(numbers)
    rows, columns = _positions(numbers, predictions), np.array(predictions["output"], int)
    probabilities, true = np.full(shape, np.nan), np.zeros(shape)
    is_inside = (rows >= 0) & (columns >= 0) & (columns < shape[1])
    probabilities[rows[is_inside], columns[is_inside]] = np.array(predictions["predicted"], float)[is_inside]
    true[rows[is_inside], columns[is_inside]] = np.array(predictions["true"], float)[is_inside]
    return (None, None) if np.isnan(probabilities).any() else (probabilities, true.argmax(1))


def _positions(numbers: np.ndarray, table: Columns) -> np.ndarray:
    """Return the position among the test sequences of each row of a table; -1 of one that is no test sequence."""
    return pd.Index(numbers).get_indexer(pd.Index(np.array(table["sequence"], int)))
