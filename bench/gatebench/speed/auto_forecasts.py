"""Forecasts beside a study's: a seasonal naive, and NeuralForecast's AutoLSTM and AutoGRU at the time that its cells took.

``python -m gatebench.speed.auto_forecasts STUDY`` makes rows of ``results/STUDY/beside/forecasts.csv`` for those tasks of a
study that forecast one column of one series; rows that are there are not computed again. In each pipeline the automatic
nets have as many seconds of one core as a cell of the study took core-seconds for its trials, on the mean over cells: half
for their search, in which a trial ends after as long at the latest, half for their last training. What they try is theirs.
They are scored on the study's own predictions of the test split, with its metrics.
``--times 10`` adds rows of ten times as many seconds. Without the package ``neuralforecast`` there are the rows of the
seasonal naive alone.
"""

import argparse
import importlib
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gatebench.core import measuring
from gatebench.core.errors import BadInput
from gatebench.core.metric import Predicted, SequenceStatistics
from gatebench.data import cards, tasks
from gatebench.data.baselines import seasons
from gatebench.data.contents import SPLITS
from gatebench.data.tasks import Task
from gatebench.records import beside, study_file
from gatebench.records.store import Store

METRICS = ("rmse", "mae", "mase")
"""Metrics that get a row."""
NETS = ("AutoLSTM", "AutoGRU")
"""The classes of ``neuralforecast.auto`` that are recurrent nets and have a counterpart here."""
MOST_TRIALS = 10_000
"""Settings that a net tries at the most: its time ends before."""


@dataclass(frozen=True)
class Series:
    """A task's one series, in the units of the data."""

    task: Task
    values: np.ndarray
    """The values of all splits, ``[T]``."""
    train: int
    """How many of them are train's."""
    horizon: int

    @property
    def predictions(self) -> int:
        """How often test is predicted: from every step of which the last one of the horizon is in test."""
        return sum(sequence.predictions for sequence in self.task.splits["test"])

    @property
    def begins(self) -> int:
        """The place of the first step that is predicted from."""
        return len(self.values) - self.horizon - self.predictions

    @staticmethod
    def of(task: Task) -> "Series | None":
        """Return the series of a task; None if it does not forecast one column of one series, from that column alone."""
        card = task.card
        if card.forecast is None or card.width != 1 or not card.has_series:
            return None
        arrays, origins = cards.read_arrays(card), cards.read_origins(card)
        if len(np.unique(np.concatenate([*origins.series.values()]))) > 1:
            return None
        parts = [np.concatenate(arrays[split])[:, 0].astype(float) for split in SPLITS]
        return Series(task, np.concatenate(parts), len(parts[0]), card.forecast.horizon)

    def scores(self, forecasts: np.ndarray) -> dict[str, float]:
        """Return the metrics of forecasts ``[M, H]``, one from each step that is predicted from."""
        test = self.task.splits["test"]
        train = [self.task.without_noise(self.task.in_units(s.y)) for s in self.task.splits["train"]]
        true = self.task.without_noise(self.task.in_units(np.concatenate([s.y for s in test])))
        naive = np.concatenate([np.abs(np.diff(outputs, axis=0)) for outputs in train]).mean(0)
        counts, scale = np.array([s.predictions for s in test]), np.broadcast_to(self.task.std, true.shape[1:])
        predicted = Predicted("reals", "step", forecasts, true, counts, np.asarray(scale, float), naive)
        known = SequenceStatistics({**measuring.statistics(predicted), "steps": counts.astype(float)})
        of_all = {metric.name: metric for metric in measuring.metrics(known)}
        return {name: float(of_all[name].linearised(known).value) for name in METRICS}


def naive(series: Series) -> np.ndarray:
    """Return what stood a period before, or as many as it takes: the card's, or train's; without one, the last value."""
    period = series.task.card.season or seasons.find_period([series.values[: series.train, None]])
    origins = np.arange(series.begins, len(series.values) - series.horizon)[:, None]
    ahead = np.arange(1, series.horizon + 1)
    back = 0 if period is None else ahead - period * -(-ahead // period)
    return series.values[origins + back]


def automatic(series: Series, net: str, seconds: float, seed: int) -> np.ndarray:
    """Return the forecasts of one of `NETS`, which searches for half of these seconds on one core, then trains its best."""
    package, auto = (importlib.import_module(name) for name in ("neuralforecast", "neuralforecast.auto"))
    options = importlib.import_module("optuna").samplers.RandomSampler(seed=seed)
    searched = getattr(auto, net).get_default_config(h=series.horizon, backend="optuna")
    model = getattr(auto, net)(
        h=series.horizon, backend="optuna", num_samples=MOST_TRIALS, time_budget=seconds / 2, search_alg=options,
        config=lambda trial: {**searched(trial), **_limits(seconds)},
    )  # fmt: skip
    table = pd.DataFrame({"unique_id": "series", "ds": np.arange(len(series.values)), "y": series.values})
    tested = series.predictions + series.horizon - 1
    with _one_thread():
        made = package.NeuralForecast(models=[model], freq=1).cross_validation(
            table, val_size=len(series.values) - series.train - tested, test_size=tested, n_windows=None, step_size=1
        )
    origin = made["cutoff"].to_numpy() - series.begins
    ahead = made["ds"].to_numpy() - made["cutoff"].to_numpy() - 1
    forecasts = np.full((series.predictions, series.horizon), np.nan)
    forecasts[origin, ahead] = made[net].to_numpy()
    return forecasts


def _limits(seconds: float) -> dict[str, object]:
    """What each training of a search gets, and the last one: of itself, a single one may take a hundred times as long."""
    # Some of the windows that are searched among are longer than the series: padding is what the package then advises.
    return {"max_time": {"seconds": seconds / 2}, "start_padding_enabled": True}


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def plans(results: Path, study: str) -> Iterator[tuple[Series, int, float]]:
    """Yield each series that a study forecasts, with each of its pipelines and the core-seconds that a cell took in it."""
    seconds: dict[str, dict[int, list[float]]] = {}
    loaded: dict[str, Series | None] = {}
    for point in study_file.read(results, study):
        records = Store(results).read(point.keys)
        if not point.confirm or point.confirm[0] not in records:
            continue
        settings, name = records[point.confirm[0]].settings, point.labels.task
        if name not in loaded:
            loaded[name] = Series.of(tasks.load(name, settings.dataset, settings.predict))
        summaries = [records[key].summary for key in point.keys if key in records]
        spent = sum(summary.core_seconds or summary.seconds or 0 for summary in summaries)  # older ones have these
        seconds.setdefault(name, {}).setdefault(point.pipeline, []).append(spent)
    for name, by_pipeline in seconds.items():
        series = loaded[name]
        if series is not None:
            yield from ((series, pipeline, float(np.mean(of_cells))) for pipeline, of_cells in sorted(by_pipeline.items()))


def _times(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number from 1, for example 10")
    return int(text)


def main(words: list[str]) -> None:
    """Compute what is missing of a study's ``beside/forecasts.csv``, the rows of a method after each of its pipelines."""
    parser = argparse.ArgumentParser(prog="python -m gatebench.speed.auto_forecasts", description=__doc__)
    parser.add_argument("study")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--times", type=_times, default=1, help="give the automatic nets this many times a cell's seconds")
    options = parser.parse_args(words)
    file = beside.folder(options.results, options.study) / "forecasts.csv"
    has_package = importlib.util.find_spec("neuralforecast") is not None
    for series, pipeline, seconds in plans(options.results, options.study):
        if pipeline == 1:
            _add_rows(file, series, {"method": "seasonal naive", "repetition": 1}, partial(naive, series))
        for net in NETS if has_package else ():
            longer = "" if options.times == 1 else f", {options.times} times as long"
            which = {"method": f"NeuralForecast {net}{longer}", "repetition": pipeline}
            _add_rows(file, series, which, partial(automatic, series, net, seconds * options.times, pipeline))


def _add_rows(file: Path, series: Series, which: dict[str, object], forecast: Callable[[], np.ndarray]) -> None:
    """Add the scores of one method's forecasts to a file, unless they are there."""
    rows = beside.read_file(file) if file.is_file() else pd.DataFrame(columns=beside.COLUMNS)
    which = {"task": series.task.name, **which}
    if (rows[list(which)] == pd.Series(which)).all(axis=1).any():
        return
    started = time.perf_counter()
    scores = series.scores(forecast())
    spent = time.perf_counter() - started
    added = [{**which, "metric": metric, "value": value, "seconds": round(spent, 1)} for metric, value in scores.items()]
    file.parent.mkdir(parents=True, exist_ok=True)
    pd.concat([rows, pd.DataFrame(added)], ignore_index=True).to_csv(file, index=False)
    print(*which.values(), *(f"{metric} {value:.4g}" for metric, value in scores.items()), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BadInput as error:
        sys.exit(f"gatebench: {error}")
