"""A job: one point of what Hydra sweeps, as plain objects, and the identity of its trials."""

import hashlib
import re
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Self

from gatebench.core.errors import BadInput
from gatebench.core.hyperparameters import Hyperparameters
from gatebench.data import cards, framings
from gatebench.data.cards import Card
from gatebench.data.forecasts import forecast
from gatebench.data.sequences import Framing
from gatebench.data.tasks import Portion
from gatebench.graph.stack import Stack
from gatebench.graph.trace import Graph
from gatebench.records import keys
from gatebench.records.keys import KeyedSettings
from gatebench.records.schema import Labels, Point
from gatebench.study.search import Search, SearchResult
from gatebench.study.settings import SEEDS, check_seeds
from gatebench.training import likelihoods
from gatebench.training.likelihoods import Likelihood
from gatebench.training.protocol import Member, Training


@dataclass(frozen=True)
class Job:
    """One task, cell, size and protocol of a study; its trials differ in hyperparameters and seed."""

    study: str
    labels: Labels
    dataset: str
    predict: str
    portion: Portion
    likelihood: Likelihood
    graph: Graph
    stack: Stack
    units: int
    training: Training
    search: Search
    seeds: tuple[tuple[int, ...], ...]
    """Pipeline by pipeline, the seeds of its confirming trials as they were given: 1, 2, ... for each of them."""
    population_max: int
    """Members of a population at the most."""
    engine: str
    """Name of the engine."""
    threads: int
    """Threads of each worker."""
    device: str
    results: Path
    tracking: str | None
    """The MLflow store that trials are logged to; None: none."""

    def __post_init__(self) -> None:
        check_seeds((seed for of_pipeline in self.seeds for seed in of_pipeline), self.pipelines)

    @property
    def pipelines(self) -> int:
        """How many times the whole procedure is repeated: settings drawn, searched, selected and confirmed."""
        return len(self.seeds)

    @cached_property
    def card(self) -> Card:
        """The card of the data set."""
        return cards.load(self.dataset)

    @cached_property
    def framing(self) -> type[Framing]:
        """What the task makes of a sequence."""
        return framings.find(self.predict, self.card)

    @property
    def log(self) -> Path:
        """The file in which this job says what it does."""
        name = re.sub(r"[^\w.=-]+", "_", str(self.labels))
        if len(name) > 200:  # of what was overridden there is no end, of a file's name there is
            name = f"{name[:180]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        return self.results / "logs" / self.study / f"{name}.log"

    @cached_property
    def search_training(self) -> Training:
        """The protocol of the stage ``search``: that of the study, perhaps with fewer epochs."""
        return replace(self.training, epochs=min(self.training.epochs, self.search.epochs or self.training.epochs))

    def united(self, other: Self) -> Self:
        """Return this job with the pipelines and seeds of another one of the same point as well."""
        both = zip_longest(self.seeds, other.seeds, fillvalue=())
        return replace(self, seeds=tuple(tuple(dict.fromkeys([*mine, *others])) for mine, others in both))

    def member(self, hyperparameters: Hyperparameters, seed: int, training: Training) -> Member:
        """Return a trial of this job, with its key."""
        key = keys.key(self.settings(hyperparameters, seed, training))
        return Member(key, seed=seed, **asdict(hyperparameters))

    def settings(self, hyperparameters: Hyperparameters, seed: int, training: Training) -> KeyedSettings:
        """Return what the key of a trial hashes."""
        inputs, _ = self.framing.sizes(self.card)
        sizes = {letter: size for letter, size in self.graph.sizes(inputs, self.units).items() if letter != "1"}
        return KeyedSettings(
            ", ".join(
                filter(None, [self.predict, *self._target, str(self.portion), likelihoods.described(self.likelihood)])
            ),
            self.card.content,
            self.graph.fingerprint,
            sizes,
            training.at(hyperparameters),
            hyperparameters.lr,
            seed,
            None if self.stack == Stack() else self.stack,
        )

    @property
    def _target(self) -> list[str]:
        """Which columns of the content are predicted, and of what: one content may be read in several ways."""
        target = self.card.target
        if self.card.forecast:
            predicted, known, horizon = forecast.columns(self.card)
            return [f"columns {predicted} of the next {horizon} given {known}"]
        if target is None:
            return []
        return [f"{target.columns} {target.kind} a {target.of}" + (f", {target.ahead} ahead" if target.ahead else "")]

    def searched(self, pipeline: int = 1) -> list[Member]:
        """Return the trials of a pipeline's search as it begins; none where nothing is left to search for."""
        return self.tried([] if self.search.given else self.search.settings(pipeline), pipeline)

    def tried(self, settings: list[Hyperparameters], pipeline: int = 1) -> list[Member]:
        """Return the trials of the stage ``search`` at these settings."""
        return [self.member(setting, SEEDS * (pipeline - 1), self.search_training) for setting in settings]

    def confirmed(self, selected: Hyperparameters, pipeline: int = 1) -> list[Member]:
        """Return the trials of the stage ``confirm`` at the selected setting."""
        if (selected, pipeline) not in self._confirmed:
            seeds = [SEEDS * (pipeline - 1) + seed for seed in self.seeds[pipeline - 1]]
            self._confirmed[selected, pipeline] = [self.member(selected, seed, self.training) for seed in seeds]
        return self._confirmed[selected, pipeline]

    @cached_property
    def _confirmed(self) -> dict[tuple[Hyperparameters, int], list[Member]]:
        """Setting and pipeline -> the confirming trials, of which there may be thousands, each with a key to be computed."""
        return {}

    def point(self, pipeline: int, result: SearchResult, planned: int) -> Point:
        """Return one of the pipelines as the study's file keeps it, with so many confirming trials planned."""
        selected = result.selected
        return Point(
            labels=self.labels,
            search=[member.key for member in self.tried(result.settings, pipeline)],
            selected=selected,
            confirm=[member.key for member in self.confirmed(selected, pipeline)] if selected else [],
            confirm_planned=planned,
            pipeline=pipeline,
            edges=result.edges,
            independent=min(self.search.size, len(result.settings)) if self.search.sampling == "independent" else 0,
        )


def _searches(job: Job) -> tuple[list[Member], int]:
    """What a job searches, but for its pipelines, of which there may be more."""
    return job.searched(), job.search.extend


def united(jobs: list[Job]) -> list[Job]:
    """Return one job for each point: with the pipelines and seeds of all sweeps of a study that give it."""
    by_point: dict[str, Job] = {}
    for job in jobs:
        point = str(job.labels)
        if point in by_point and _searches(by_point[point]) != _searches(job):
            raise BadInput(
                f"{job.study}: two sweeps of one study search at '{point}' for different settings; give one of them a name "
                "of its own: name=NAME"
            )
        by_point[point] = by_point[point].united(job) if point in by_point else job
    return list(by_point.values())
