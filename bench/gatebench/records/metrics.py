"""Metrics of a trial, from the tables of its record."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

from gatebench.core import measuring
from gatebench.core.errors import BadInput, shorten
from gatebench.core.metric import SequenceStatistics
from gatebench.records.schema import Record

OF_BASELINES = ["task", "baseline", "metric", "value", "low", "high"]
"""Columns of the metrics of baselines on test; ``low`` and ``high`` are NaN where no interval is known."""


def statistics(record: Record) -> SequenceStatistics | None:
    """Return what the metrics of a trial are computed from; None where its record does not have it.

    ``BadInput`` if it is damaged.
    """
    if record.statistics.empty or record.sequences.empty:
        return None
    with _explained(record), np.errstate(all="ignore"):
        read = _read(record)
        for metric in measuring.metrics(read):
            metric.linearised(read)
        return read


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
    numbers = record.sequences.sequence.to_numpy(int)
    names, rows = np.unique(record.statistics.statistic.to_numpy(str), return_inverse=True)
    table = np.zeros((len(names), len(numbers)))
    columns = _positions(numbers, record.statistics)
    table[rows[columns >= 0], columns[columns >= 0]] = record.statistics.value[columns >= 0]
    sums = {str(name): row for name, row in zip(names, table, strict=True)}
    sums |= {name: record.sequences[name].to_numpy(float) for name in ("steps", "nll")}
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


def values(statistics: SequenceStatistics) -> dict[str, float]:
    """Return metric -> value on the test split, of those that have one."""
    computed = {metric.name: metric.linearised(statistics).value for metric in measuring.metrics(statistics)}
    return {name: value for name, value in computed.items() if math.isfinite(value)}


def _labels(record: Record, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """Return the predicted probabilities ``[N, P]`` and the true class ``[N]`` of each sequence, where all have them."""
    predictions = record.predictions
    if predictions.empty or len(predictions) % len(numbers):
        return None, None
    shape = len(numbers), len(predictions) // len(numbers)
    rows, columns = _positions(numbers, predictions), predictions.output.to_numpy(int)
    probabilities, true = np.full(shape, np.nan), np.zeros(shape)
    is_inside = (rows >= 0) & (columns >= 0) & (columns < shape[1])
    probabilities[rows[is_inside], columns[is_inside]] = predictions.predicted[is_inside]
    true[rows[is_inside], columns[is_inside]] = predictions.true[is_inside]
    return (None, None) if np.isnan(probabilities).any() else (probabilities, true.argmax(1))


def _positions(numbers: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """Return the position among the test sequences of each row of a table; -1 of one that is no test sequence."""
    return pd.Index(numbers).get_indexer(table.sequence.to_numpy(int))
