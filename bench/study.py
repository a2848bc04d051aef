"""A study's stages: what of a job is missing, search, select, confirm."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.data import tasks
from bench.graph import latex
from bench.job import Job, Setting
from bench.records import frame, record, study_file
from bench.records.provenance import provenance
from bench.records.record import Checkpoint, Record, Store
from bench.training.settings import Member, Training

if TYPE_CHECKING:
    from bench.training.loop import Outcome, Population

SAVE_EVERY = 5.0
"""Seconds between checkpoints of a population."""


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
    finished = store.finished()
    to_search = sum(member.key not in finished for member in search)
    hopeless = chosen is None and not to_search
    seeds = 0 if hopeless else len(job.members.seeds)
    to_confirm = sum(member.key not in finished for member in job.confirmed(chosen)) if chosen else seeds
    epochs = to_search * job.search_training.epochs + to_confirm * job.training.epochs
    return Plan(job.point(chosen, seeds), len(search) + seeds, to_search + to_confirm, epochs)


def pace(job: Job) -> float:
    """Seconds that an epoch of one trial takes in its population, measured on a few updates."""
    from bench.training import loop

    trainer = _Trainer(job, Store(job.results), lambda _: None)
    few = {split: trainer.task.splits[split][: 4 * job.training.batch] for split in ("train", "valid")}
    members = (job.searched() or job.confirmed(job.search.settings()[0]))[: job.members.max]
    population = loop.Population.start(trainer.model, replace(trainer.task, splits=few), job.training, members)
    population.run_epoch()  # the first one makes everything ready
    started = time.perf_counter()
    population.run_epoch()
    share = sum(map(len, few["train"])) / sum(map(len, trainer.task.splits["train"]))
    return (time.perf_counter() - started) / share / len(members)


def run(job: Job, store: Store, progress: Callable[[float], None]) -> list[str]:
    """Train what is missing of a job; returns the keys of its trials. ``progress`` is told epochs of trials done."""
    trainer = _Trainer(job, store, progress)
    trainer.stage(job.searched(), job.search_training)
    chosen = _selected(job, store)
    point = job.point(chosen, len(job.members.seeds) if chosen else 0)
    study_file.write_points(job.results, job.study, [point])
    if chosen is None:  # which is a result
        where = f"{job.study}: every setting of {job.labels['cell']} on {job.labels['task']} diverged"
        print(f"\n{where}, so that none is confirmed; other rates: training.rates.high", file=sys.stderr)
        return point["search"]
    trainer.stage(job.confirmed(chosen), job.training)
    return point["search"] + point["confirm"]


def _selected(job: Job, store: Store) -> Setting | None:
    """The setting to confirm: the given one, or the best of a search that is complete."""
    if job.search.given:
        return job.search.given
    members = {member.key: member for member in job.searched()}
    records = store.read(list(members))
    if len(records) < len(members):
        return None
    point = job.point(None, 0)
    trials = frame.build(job.study, [point], records).trials
    best = select(trials[trials.split != "test"])
    return None if best is None else _setting(members[best])


def _setting(member: Member) -> Setting:
    assert member.weight_noise is not None  # those of a job have it
    return Setting(member.lr, member.weight_noise)


def select(trials: pd.DataFrame) -> str | None:
    """Key of the lowest validation NLL among trials that did not diverge. It must not be handed a test row."""
    if (trials.split == "test").any():
        raise ValueError("selection was handed rows of the test split")
    valid = trials[(trials.split == "valid") & (trials.status == "finished")]
    return None if valid.empty else str(valid.sort_values("nll", kind="stable").iloc[0]["key"])


class _Trainer:
    """Trains the populations of one job; data is read when the first one needs it."""

    def __init__(self, job: Job, store: Store, progress: Callable[[float], None]) -> None:
        self.job, self.store, self.progress = job, store, progress

    @cached_property
    def task(self) -> Any:
        return tasks.load(self.job.labels["task"], self.job.dataset, self.job.predict)

    @cached_property
    def model(self) -> Any:
        from bench.engines import _choice as engines
        from bench.training.model import Model

        job = self.job
        engines.load(job.engine).use(job.threads)
        return Model(job.graph, self.task.inputs, self.task.outputs, job.units, job.likelihood, job.engine, job.device)

    def stage(self, members: list[Member], training: Training) -> None:
        """Train those that are not finished: interrupted populations whole and first, then new ones."""
        finished = self.store.finished()
        missing = {member.key: member for member in members if member.key not in finished}
        known = {member.key: member for member in members}
        for keys in Checkpoint.interrupted(self.job.results):
            if finished >= set(keys):
                Checkpoint(self.job.results, keys).remove()
            if missing.keys() & set(keys) and known.keys() >= set(keys):
                self._population([known[key] for key in keys], training)
                missing = {key: member for key, member in missing.items() if key not in keys}
        rest = list(missing.values())
        if rest:
            most = self._most(training)
            for start in range(0, len(rest), most):
                self._population(rest[start : start + most], training)

    def _population(self, members: list[Member], training: Training) -> None:
        from bench.training import loop

        job = self.job
        checkpoint = Checkpoint(job.results, [member.key for member in members])
        population = loop.Population.start(self.model, self.task, training, members)
        state = checkpoint.load()
        if state is not None and "parameters" in state[0]:  # those of earlier versions count as none
            population.restore(state)
        done, saved = 0.0, time.monotonic()

        def after_epoch(population: "Population") -> None:
            nonlocal done, saved
            stopped = sum(status != "running" for status in population.status)
            now = population.epoch * len(population.active) + training.epochs * stopped
            self.progress(now - done)
            done = now
            if time.monotonic() - saved > SAVE_EVERY:
                checkpoint.save(*population.state())
                saved = time.monotonic()

        outcomes = loop.train(population, after_epoch)
        # Killed between two records, the population must come back whole: alone, a member rounds differently.
        checkpoint.save(*population.state())
        for member, outcome in zip(members, outcomes, strict=True):
            self.store.write(self._record(member, training, outcome, len(members)), outcome.weights)
        checkpoint.remove()

    @cached_property
    def _rate(self) -> float:
        from bench.training import machine

        return machine.matmul_rate(self.job.threads)

    def _flops(self, epochs: int) -> float:
        """Of the products of layer and readout: a step of training counts three times its forward pass."""
        model, steps = self.model, {split: sum(map(len, s)) for split, s in self.task.splits.items()}
        forward = model.cost.flops_per_step + 2 * model.sizes[model.graph.output] * model.likelihood.readout(model.outputs)
        return forward * (3 * steps["train"] + steps["valid"]) * epochs

    def _most(self, training: Training) -> int:
        """Members of a population: no more than asked for, and than memory is there for."""
        from bench.training import machine

        longest = max(map(len, self.task.splits["train"]))
        return min(self.job.members.max, machine.members_that_fit(self.model, training.batch * longest, self.job.threads))

    def _record(self, member: Member, training: Training, outcome: "Outcome", size: int) -> Record:
        job, settings = self.job, self.job.settings(_setting(member), member.seed, training)
        named = {
            "task": job.labels["task"],
            "dataset": job.dataset,
            "predict": job.predict,
            "likelihood": {"name": type(job.likelihood).__name__, **asdict(job.likelihood)},
            "cell": job.graph.name,
            "options": job.graph.options,
        }
        summary = {
            "status": outcome.status,
            "scores": outcome.scores,
            "best_epoch": outcome.best_epoch,
            "epochs": outcome.epochs,
            "updates": outcome.updates,
            "seconds": round(outcome.seconds, 4),
            "matmul_fraction": round(self._flops(outcome.epochs) / outcome.seconds / self._rate, 4),
            "units": job.units,
            "inputs": self.task.inputs,
            **vars(self.model.cost),
            "engine": job.engine,
            "population_size": size,
            "device": job.device,
            "data": {
                "kind": job.card.kind,
                "time_step": job.card.time_step,
                "outputs": self.task.outputs,
                "rate": job.card.rate,
                "mean": self.task.mean,
                "std": self.task.std,
            },
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
            sequences=pd.DataFrame(outcome.sequences).rename_axis("sequence").reset_index()[record.SEQUENCES],
        )
