"""Errors of the mean of the predicted distribution: RMSE and MAE in the units of the data, and MASE."""

from collections.abc import Collection

import numpy as np

from gatebench.core.metric import Linearisation, Metric, Predicted, of_sums

COLUMNS = 16
"""Columns of which each has an RMSE and a MAE of its own, the first ones."""


def statistics(predicted: Predicted) -> dict[str, np.ndarray]:
    """Return squared and absolute errors, and absolute ones in units of the change from step to step in train.

    Of several columns, which may be in several units, the first two are in standard deviations of train, means over the
    columns; each column's own are in its units.
    """
    if predicted.is_of_classes or predicted.is_of_ones:
        return {}
    errors = predicted.mean - predicted.true
    columns = len(predicted.scale)
    scaled = errors / predicted.scale if columns > 1 else errors
    sums = {
        "squared": predicted.by_sequence(np.square(scaled).mean(1)),
        "absolute": predicted.by_sequence(np.abs(scaled).mean(1)),
    }
    if columns > 1:
        for column in range(min(columns, COLUMNS)):
            sums[f"squared/{column}"] = predicted.by_sequence(np.square(errors[:, column]))
            sums[f"absolute/{column}"] = predicted.by_sequence(np.abs(errors[:, column]))
    if predicted.naive is not None:
        sums["absolute_by_naive"] = predicted.by_sequence((np.abs(errors) / predicted.naive).mean(1))
    return sums


def metrics(known: Collection[str]) -> list[Metric]:
    """Return RMSE and MAE of all columns together and of each, and MASE where steps follow one another."""
    columns = sorted(int(name.partition("/")[2]) for name in known if name.startswith("squared/"))
    start, unit = (
        ("standardised ", "Of all columns together, in standard deviations of train.")
        if columns
        else ("", "Of the mean of the predicted distribution, in the units of the data.")
    )
    metrics: list[Metric] = []
    if "squared" in known:
        metrics += [
            Metric("rmse", f"{start}RMSE", False, _root("squared"), unit),
            Metric("mae", f"{start}MAE", False, _mean("absolute"), unit),
        ]
    if "absolute_by_naive" in known:
        note = "MAE over the mean absolute change from one step to the next in train, on average over columns."
        metrics.append(Metric("mase", "MASE", False, _mean("absolute_by_naive"), note))
    for column in columns:
        note = "In the units of the column."
        metrics += [
            Metric(f"rmse_{column}", "RMSE", False, _root(f"squared/{column}"), note, column),
            Metric(f"mae_{column}", "MAE", False, _mean(f"absolute/{column}"), note, column),
        ]
    return metrics


def _mean(statistic: str) -> Linearisation:
    return of_sums(lambda sums: sums[statistic] / sums["steps"])


def _root(statistic: str) -> Linearisation:
    return of_sums(lambda sums: np.sqrt(sums[statistic] / sums["steps"]))
