"""Selection: the setting with the lowest validation NLL. This code is never handed a row of the test split."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from gatebench.core.hyperparameters import Hyperparameters
from gatebench.records.schema import Point
from gatebench.records.store import Store
from gatebench.study.search import SearchResult

if TYPE_CHECKING:
    from gatebench.study.job import Job


def best_key(trials: pd.DataFrame) -> str | None:
    """Return the key of the trial with the lowest validation NLL among those that finished; None if all diverged.

    ``trials`` are rows of the frame; ``ValueError`` if there is one of the test split.
    """
    if (trials.split == "test").any():
        raise ValueError("selection was handed rows of the test split")
    valid = trials[(trials.split == "valid") & (trials.status == "finished")]
    return None if valid.empty else str(valid.sort_values("nll", kind="stable").iloc[0]["key"])


def search_result(job: "Job", store: Store, pipeline: int, extensions: int | None = None) -> SearchResult:
    """Return what the search of a pipeline came to, by its own trials on validation; what is given, if nothing is searched.

    ``extensions``: how many of them to look for at the most; None: all that there may be.
    """
    if job.search.given:
        return SearchResult([], job.search.given, [])

    def select(settings: list[Hyperparameters]) -> Hyperparameters | None:
        by_key = dict(zip((member.key for member in job.tried(settings, pipeline)), settings, strict=True))
        summaries = store.summaries(list(by_key))
        if len(summaries) < len(by_key):
            return None
        trials = [
            (key, split, summary.status, score.nll)
            for key, summary in summaries.items()
            for split, score in summary.scores.items()
            if split == "valid"
        ]
        key = best_key(pd.DataFrame(trials, columns=["key", "split", "status", "nll"]))
        return None if key is None else by_key[key]

    return job.search.result(pipeline, select, extensions)


def selected(job: "Job", store: Store, pipeline: int = 1) -> Hyperparameters | None:
    """Return the setting that a pipeline confirms: the best of its complete search; None if there is none (yet)."""
    return search_result(job, store, pipeline).selected


@dataclass(frozen=True)
class Remainder:
    """How much of a job, or of one of its pipelines, is finished and how much is left."""

    points: list[Point]
    """A point for each pipeline."""
    trials: int
    left: int
    """Trials that are not finished."""
    epochs: int
    """Epochs of single trials that are left, at the most; extensions of a search that are still to come are not counted."""


def remainder(job: "Job", store: Store) -> Remainder:
    """Count a job's trials, without data and without training."""
    results = {pipeline: search_result(job, store, pipeline) for pipeline in range(1, job.pipelines + 1)}
    finished = store.finished()  # after the searches were read, which sets aside what is damaged
    parts = [_remainder_of(job, result, pipeline, finished) for pipeline, result in results.items()]
    trials, left, epochs = (sum(getattr(part, name) for part in parts) for name in ("trials", "left", "epochs"))
    return Remainder([point for part in parts for point in part.points], trials, left, epochs)


def _remainder_of(job: "Job", result: SearchResult, pipeline: int, finished: set[str]) -> Remainder:
    """Count the trials of one pipeline."""
    search, setting = job.tried(result.settings, pipeline), result.selected
    search_left = sum(member.key not in finished for member in search)
    is_hopeless = setting is None and not search_left  # every setting diverged, which is a result
    seeds = 0 if is_hopeless else len(job.seeds[pipeline - 1])
    confirm_left = sum(member.key not in finished for member in job.confirmed(setting, pipeline)) if setting else seeds
    epochs = search_left * job.search_training.epochs + confirm_left * job.training.epochs
    return Remainder([job.point(pipeline, result, seeds)], len(search) + seeds, search_left + confirm_left, epochs)
