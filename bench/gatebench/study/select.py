"""Selection: the setting with the lowest validation NLL. This code is never handed a row of the test split."""

from dataclasses import dataclass

import pandas as pd

from gatebench.core.hyperparameters import Hyperparameters
from gatebench.records import frame
from gatebench.records.schema import Point
from gatebench.records.store import Store
from gatebench.study.job import Job


def best_key(trials: pd.DataFrame) -> str | None:
    """Return the key of the trial with the lowest validation NLL among those that finished; None if all diverged.

    ``trials`` are rows of the frame; ``ValueError`` if there is one of the test split.
    """
    if (trials.split == "test").any():
        raise ValueError("selection was handed rows of the test split")
    valid = trials[(trials.split == "valid") & (trials.status == "finished")]
    return None if valid.empty else str(valid.sort_values("nll", kind="stable").iloc[0]["key"])


def selected(job: Job, store: Store) -> Hyperparameters | None:
    """Return the setting to confirm: the given one, or the best of a complete search; None if there is none (yet)."""
    if job.search.given:
        return job.search.given
    settings = dict(zip((member.key for member in job.searched()), job.search.settings(), strict=True))
    records = store.read(list(settings))
    if len(records) < len(settings):
        return None
    trials = frame.build(job.study, [job.point(None, 0)], records).trials
    key = best_key(trials[trials.split != "test"])
    return None if key is None else settings[key]


@dataclass(frozen=True)
class Remainder:
    """How much of a job is finished and how much is left."""

    point: Point
    trials: int
    left: int
    """Trials that are not finished."""
    epochs: int
    """Epochs of single trials that are left, at the most."""


def remainder(job: Job, store: Store) -> Remainder:
    """Count a job's trials, without data and without training."""
    search, setting, finished = job.searched(), selected(job, store), store.finished()
    search_left = sum(member.key not in finished for member in search)
    is_hopeless = setting is None and not search_left  # every setting diverged, which is a result
    seeds = 0 if is_hopeless else len(job.population.seeds)
    confirm_left = sum(member.key not in finished for member in job.confirmed(setting)) if setting else seeds
    epochs = search_left * job.search_training.epochs + confirm_left * job.training.epochs
    return Remainder(job.point(setting, seeds), len(search) + seeds, search_left + confirm_left, epochs)
