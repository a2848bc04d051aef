"""A job: one point of a study. What of it is missing, search, select, confirm."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from bench.checks import Count, Positive
from bench.data import cards
from bench.data.cards import Card
from bench.graph import latex
from bench.graph.cost import cost, solve
from bench.graph.trace import Graph
from bench.places import BadInput
from bench.records import frame, record, study_file
from bench.records.provenance import provenance
from bench.records.record import Checkpoint, Record, Settings, Store
from bench.training.settings import Member, Training

if TYPE_CHECKING:
    from bench.training.loop import Outcome, Population

SAVE_EVERY = 5.0
"""Seconds between checkpoints of a population."""


@dataclass(frozen=True)
class Budget:
    """How large a cell may be: exactly one of these is given."""

    parameters: Positive | None = None
    """Parameters of the recurrent layer."""
    total_parameters: Positive | None = None
    """Parameters with the readout."""
    flops: Positive | None = None
    """FLOPs of the recurrent layer per time step."""
    units: Count | None = None

    def solve(self, graph: Graph, inputs: int, outputs: int) -> int:
        """Units whose cost is nearest to the budget."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if len(given) != 1:
            raise BadInput(
                f"a budget needs exactly one of parameters, total_parameters, flops, units; got {', '.join(given) or 'none'}"
            )
        if self.units is not None:
            return self.units
        ((name, value),) = given.items()
        column = {
            "parameters": "parameters_recurrent",
            "total_parameters": "parameters_total",
            "flops": "flops_per_step",
        }
        return solve(
            value,
            lambda units: getattr(cost(graph, graph.sizes(inputs, units), outputs), column[name]),
            {"parameters": "parameters", "total_parameters": "parameters with readout", "flops": "FLOPs a step"}[name],
        )


@dataclass(frozen=True)
class Rate:
    """A given learning rate."""

    lr: Positive | None
    """None: search for it."""


@dataclass(frozen=True)
class Search:
    """Learning rates to try: drawn once from the study's own seed, log-uniform, the same for every cell."""

    size: Count
    low: Positive
    high: Positive
    seed: int
    """Of the draw of rates; the trials of a search have seed 0."""

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise BadInput(f"training.rates go from {self.low:g} down to {self.high:g}; expected low <= high")

    def rates(self) -> list[float]:
        """The first ``size`` rates of an endless list, so that a larger search contains the smaller one.

        Van der Corput's sequence in base 2, shifted by one random number: each rate is log-uniform over the range, and
        any first few of them are spread over it evenly, which independent draws of ten are not.
        """
        shift = np.random.default_rng(self.seed).uniform()
        places = [(shift + int(f"{i:b}"[::-1], 2) / 2 ** i.bit_length()) % 1 for i in range(self.size)]
        return [float(f"{self.low * (self.high / self.low) ** place:.4g}") for place in places]


@dataclass(frozen=True)
class Members:
    """Who is trained together."""

    seeds: tuple[Count, ...]
    """Of the confirming trials."""
    max: Count
    """Members of a population at the most."""

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise BadInput(f"population.seeds is {list(self.seeds)}, expected different whole numbers from 1 (0 searches)")


@dataclass(frozen=True)
class Framing:
    """What a task makes of a data set."""

    dataset: str
    predict: Literal["next_step"]
    """A function of `bench.data.tasks`."""
    likelihood: Literal["bernoulli"]
    """A distribution of `bench.training.likelihoods`."""


@dataclass(frozen=True)
class Engine:
    """What runs the cells."""

    name: str
    """A module of `bench.engines`."""
    threads: Count


@dataclass(frozen=True)
class Job:
    """One point of a study: one task, cell, size and protocol; its trials differ in learning rate and seed."""

    study: str
    labels: dict[str, str]
    """Of `study_file.LABELS`."""
    dataset: str
    predict: str
    likelihood: str
    graph: Graph
    units: int
    training: Training
    search: Search
    lr: float | None
    """A learning rate that makes the search superfluous."""
    members: Members
    engine: str
    threads: int
    """Of each worker."""
    results: Path

    @cached_property
    def card(self) -> Card:
        """The card of the data set."""
        return cards.load(self.dataset)

    @property
    def width(self) -> int:
        """Inputs, and outputs, of the task."""
        return self.card.facts["width"]

    def member(self, lr: float, seed: int) -> Member:
        """A trial of this point, with its key."""
        settings = self.settings(lr, seed)
        return Member(record.key(settings), lr, seed)

    def settings(self, lr: float, seed: int) -> Settings:
        """What the key of a trial hashes."""
        sizes = {letter: size for letter, size in self.graph.sizes(self.width, self.units).items() if letter != "1"}
        framing = f"{self.predict}, {self.likelihood}"
        return Settings(framing, self.card.content, self.graph.fingerprint, sizes, self.training, lr, seed)

    def searched(self) -> list[Member]:
        """Trials of the stage ``search``; none where the learning rate is given."""
        return [] if self.lr is not None else [self.member(lr, seed=0) for lr in self.search.rates()]

    def confirmed(self, lr: float) -> list[Member]:
        """Trials of the stage ``confirm`` at the selected rate."""
        return [self.member(lr, seed) for seed in self.members.seeds]

    def point(self, selected: Member | None) -> study_file.Point:
        """This point as the study's file keeps it."""
        return {
            "labels": self.labels,
            "search": [member.key for member in self.searched()],
            "selected_lr": selected and selected.lr,
            "confirm": [member.key for member in self.confirmed(selected.lr)] if selected else [],
            "confirm_planned": len(self.members.seeds),
        }


@dataclass(frozen=True)
class Plan:
    """How much of a job is there and how much is left."""

    point: study_file.Point
    trials: int
    left: int
    epochs: int
    """At most so many epochs of single trials are left."""


def plan(job: Job, store: Store) -> Plan:
    """Count a job's trials, without data and without training."""
    search, chosen = job.searched(), _selected(job, store)
    confirm = job.confirmed(chosen.lr) if chosen else []
    finished = store.finished()
    left = sum(member.key not in finished for member in [*search, *confirm]) + (0 if chosen else len(job.members.seeds))
    return Plan(job.point(chosen), len(search) + len(job.members.seeds), left, left * job.training.epochs)


def pace(job: Job) -> float:
    """Seconds that an epoch of one trial takes in its population, measured on a few updates."""
    from bench.training import loop

    trainer = _Trainer(job, Store(job.results), lambda _: None)
    few = {split: trainer.task.splits[split][: 4 * job.training.batch] for split in ("train", "valid")}
    members = (job.searched() or job.confirmed(job.lr or 0.0))[: job.members.max]
    population = loop.Population.start(trainer.model, replace(trainer.task, splits=few), job.training, members)
    started = time.perf_counter()
    population.run_epoch()
    share = sum(map(len, few["train"])) / sum(map(len, trainer.task.splits["train"]))
    return (time.perf_counter() - started) / share / len(members)


def run(job: Job, store: Store, progress: Callable[[float], None]) -> list[str]:
    """Train what is missing of a job; returns the keys of its trials. ``progress`` is told epochs of trials done."""
    trainer = _Trainer(job, store, progress)
    trainer.stage(job.searched())
    chosen = _selected(job, store)
    if chosen is None:
        raise BadInput(f"{job.study}: every learning rate of {job.labels['cell']} diverged; lower training.rates.high")
    point = job.point(chosen)
    study_file.write_points(job.results, job.study, [point])
    trainer.stage(job.confirmed(chosen.lr))
    return point["search"] + point["confirm"]


def _selected(job: Job, store: Store) -> Member | None:
    """The setting to confirm: the given rate, or the best of a search that is complete."""
    if job.lr is not None:
        return job.member(job.lr, seed=0)
    members = {member.key: member for member in job.searched()}
    records = store.read(list(members))
    if len(records) < len(members):
        return None
    point = {**job.point(None), "confirm": []}
    trials = frame.build(job.study, [point], records).trials
    best = select(trials[trials.split != "test"])
    return None if best is None else members[best]


def select(trials: pd.DataFrame) -> str | None:
    """Key of the lowest validation NLL among trials that did not diverge. It must not be handed a test row."""
    if (trials.split == "test").any():
        raise ValueError("selection was handed rows of the test split")
    valid = trials[(trials.split == "valid") & (trials.status == "finished")]
    return None if valid.empty else str(valid.sort_values("nll", kind="stable").iloc[0]["key"])


class _Trainer:
    """Trains the populations of one job; data is read when the first one needs it."""

    def __init__(self, job: Job, store: Store, progress: Callable[[float], None]) -> None:
        import torch

        torch.set_num_threads(job.threads)
        self.job, self.store, self.progress = job, store, progress

    @cached_property
    def task(self) -> Any:
        from bench.data import tasks

        framing = getattr(tasks, self.job.predict)
        return framing(self.job.labels["task"], self.job.dataset, self.job.likelihood)

    @cached_property
    def model(self) -> Any:
        from bench.training.model import Model

        job = self.job
        return Model(job.graph, self.task.inputs, self.task.outputs, job.units, job.likelihood, job.engine)

    def stage(self, members: list[Member]) -> None:
        """Train those that are not finished: interrupted populations whole and first, then new ones."""
        finished = self.store.finished()
        missing = {member.key: member for member in members if member.key not in finished}
        known = {member.key: member for member in members}
        for keys in Checkpoint.interrupted(self.job.results):
            if finished >= set(keys):
                Checkpoint(self.job.results, keys).remove()
            if missing.keys() & set(keys) and known.keys() >= set(keys):
                self._population([known[key] for key in keys])
                missing = {key: member for key, member in missing.items() if key not in keys}
        rest = list(missing.values())
        for start in range(0, len(rest), self.job.members.max):
            self._population(rest[start : start + self.job.members.max])

    def _population(self, members: list[Member]) -> None:
        from bench.training import loop

        job = self.job
        checkpoint = Checkpoint(job.results, [member.key for member in members])
        population = loop.Population.start(self.model, self.task, job.training, members)
        state = checkpoint.load()
        if state is not None:
            population.restore(state)
        done, saved = 0.0, time.monotonic()

        def after_epoch(population: "Population") -> None:
            nonlocal done, saved
            stopped = sum(status != "running" for status in population.status)
            now = population.epoch * len(population.active) + job.training.epochs * stopped
            self.progress(now - done)
            done = now
            if time.monotonic() - saved > SAVE_EVERY:
                checkpoint.save(*population.state())
                saved = time.monotonic()

        outcomes = loop.train(population, after_epoch)
        # Killed between two records, the population must come back whole: alone, a member rounds differently.
        checkpoint.save(*population.state())
        for member, outcome in zip(members, outcomes, strict=True):
            self.store.write(self._record(member, outcome, len(members)), outcome.weights)
        checkpoint.remove()

    def _record(self, member: Member, outcome: "Outcome", size: int) -> Record:
        job, settings = self.job, self.job.settings(member.lr, member.seed)
        named = {"task": job.labels["task"], "cell": job.graph.name, "options": job.graph.options, "dataset": job.dataset}
        summary = {
            "status": outcome.status,
            "scores": outcome.scores,
            "best_epoch": outcome.best_epoch,
            "epochs": outcome.epochs,
            "updates": outcome.updates,
            "seconds": round(outcome.seconds, 4),
            "units": job.units,
            "inputs": self.task.inputs,
            **vars(self.model.cost),
            "engine": job.engine,
            "population_size": size,
            "device": "cpu",
            "title": job.card.title,
            "synthetic": job.card.synthetic,
            "floors": job.card.floors,
        }
        return Record(
            key=member.key,
            settings={**asdict(settings), **named},
            summary=summary,
            provenance={**provenance(), "threads": job.threads},
            equations=latex.equations(job.graph),
            curve=pd.DataFrame(outcome.curve, columns=record.CURVE),
        )
