"""A study's stages: what of a job is missing, search, select, confirm."""

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput
from gatebench.core.files import Unwritable, write_errors
from gatebench.data import tasks
from gatebench.data.contents import SPLITS
from gatebench.graph import latex
from gatebench.records import frame, record, study_file
from gatebench.records.locks import TrialLocks
from gatebench.records.provenance import provenance
from gatebench.records.record import Checkpoint, Record, Store
from gatebench.study.cancellation import Cancelled
from gatebench.study.job import Job, Setting
from gatebench.training.protocol import Member, Training

if TYPE_CHECKING:
    from gatebench.training.loop import Population, State
    from gatebench.training.outcome import Outcome

SAVE_EVERY = 0.5
"""Seconds between checkpoints of a population, at the least."""
SAVE_SHARE = 0.02
"""Of the time, spent on checkpoints at the most."""
LOOK_EVERY = 0.5
"""Seconds between two looks at trials that another process computes."""


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


def seconds_per_epoch(job: Job, task: tasks.Task | None = None) -> float:
    """Seconds that an epoch of one trial takes in its population, measured on a few updates; ``task``: if it is loaded."""
    from gatebench.training import loop

    trainer = _Trainer(job, Store(job.results))
    if task is not None:
        trainer.task = task
    few = {split: trainer.task.splits[split][: 4 * job.training.batch] for split in ("train", "valid")}
    members = (job.searched() or job.confirmed(job.search.settings()[0]))[: job.members.max]
    training = replace(job.training, epochs=2, patience=2)  # no member may be done after the first
    population = loop.Population.start(trainer.model, replace(trainer.task, splits=few), training, members)
    population.run_epoch()  # the first one makes everything ready
    started = time.perf_counter()
    population.run_epoch()
    share = sum(map(len, few["train"])) / sum(map(len, trainer.task.splits["train"]))
    return (time.perf_counter() - started) / share / len(members)


def run(
    job: Job, store: Store, progress: Callable[[float], None], stop: Callable[[], bool], fail_fast: bool = False
) -> None:
    """Train what is missing of a job.

    ``progress`` is told epochs of trials done. When ``stop`` turns true, what is under way is saved and `Cancelled` raised.
    A trial that ends with an error of its own is kept as failed and the others go on, unless ``fail_fast``.
    """
    trainer = _Trainer(job, store, progress, stop, fail_fast)
    try:
        trainer.stage(job.searched(), job.search_training)
        chosen = _selected(job, store)
        hopeless = chosen is None and not trainer.failed  # every setting diverged, which is a result
        study_file.write_points(job.results, job.study, [job.point(chosen, 0 if hopeless else len(job.members.seeds))])
        if chosen is not None:
            trainer.stage(job.confirmed(chosen), job.training)
        elif hopeless:
            where = f"{job.study}: every setting of {job.labels['cell']} on {job.labels['task']} diverged"
            print(f"\n{where}, so that none is confirmed; other rates: training.rates.high", file=sys.stderr)
    finally:
        trainer.claims.close()


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
    # Members of a job have numbers of their own.
    assert member.weight_noise is not None
    assert member.weight_decay is not None
    return Setting(member.lr, member.weight_noise, member.weight_decay)


def select(trials: pd.DataFrame) -> str | None:
    """Key of the lowest validation NLL among trials that did not diverge. It must not be handed a test row."""
    if (trials.split == "test").any():
        raise ValueError("selection was handed rows of the test split")
    valid = trials[(trials.split == "valid") & (trials.status == "finished")]
    return None if valid.empty else str(valid.sort_values("nll", kind="stable").iloc[0]["key"])


class _Trainer:
    """Trains the populations of one job; data is read when the first one needs it."""

    def __init__(
        self,
        job: Job,
        store: Store,
        progress: Callable[[float], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        fail_fast: bool = False,
    ) -> None:
        self.job, self.store, self.progress, self.stop, self.fail_fast = job, store, progress, stop, fail_fast
        self.claims = TrialLocks(store.results)
        self.failed: set[str] = set()

    @cached_property
    def task(self) -> Any:
        return tasks.load(self.job.labels["task"], self.job.dataset, self.job.predict)

    @cached_property
    def model(self) -> Any:
        from gatebench.engines import selection as engines
        from gatebench.training.model import Model

        job = self.job
        engine = engines.create(job.engine, job.threads, job.device)
        return Model(
            job.graph, self.task.inputs, self.task.outputs, job.units, job.likelihood, engine,
            stack=job.stack, at=job.framing.predicted_per(job.card),
        )  # fmt: skip

    def stage(self, members: list[Member], training: Training) -> None:
        """Train those that are not finished, each in one process at a time; wait for those that others have claimed."""
        known = {member.key: member for member in members}
        while missing := [key for key in known if key not in self.store.finished() | self.failed]:
            if self.stop():
                raise Cancelled
            with self._claimed(known, missing) as keys:
                if keys:
                    self._isolated([known[key] for key in keys], training)
            if not keys:
                time.sleep(LOOK_EVERY)
        for keys in Checkpoint.interrupted(self.store.results):
            if set(keys) <= known.keys() - self.failed:  # a process ended between its last record and this
                Checkpoint(self.store.results, keys).remove()

    @contextmanager
    def _claimed(self, known: Iterable[str], missing: list[str]) -> Iterator[list[str]]:
        """Claim what to train next: an interrupted population, whole, or new trials; none if others have them all."""
        interrupted = [keys for keys in Checkpoint.interrupted(self.store.results) if set(keys) <= set(known)]
        due = [keys for keys in interrupted if set(keys) & set(missing)]
        claimed = next((keys for keys in due if self.claims.take_all(keys)), [])
        whole = bool(claimed)
        for key in [] if whole else missing:
            if len(claimed) < self.job.members.max and not any(key in keys for keys in due) and self.claims.take(key):
                claimed.append(key)
        try:
            finished = self.store.finished()  # others may have finished some a moment before they were claimed
            left = [key for key in claimed if key not in finished]
            yield claimed if whole and left else left
        finally:
            self.claims.release(claimed)

    def _isolated(self, members: list[Member], training: Training, state: "State | None" = None) -> None:
        """Train a population; if it ends with an error, its halves, until the trial is alone whose error it is."""
        checkpoint = Checkpoint(self.store.results, [member.key for member in members])
        trouble = None
        try:
            state = checkpoint.load() or state
            most = len(members) if state else self._most(training)
            if len(members) <= most:
                self._population(members, training, checkpoint, state)
            else:
                for start in range(0, len(members), most):
                    self._isolated(members[start : start + most], training)
        except Unwritable:
            raise
        except Exception as error:  # whatever it is: it may be a user's cell
            trouble = error
        if trouble and len(members) == 1:
            self._fail(members[0], training, trouble)
        elif trouble:
            self._halves(members, training, checkpoint.load() or state)
        checkpoint.remove()

    def _halves(self, members: list[Member], training: Training, state: "State | None") -> None:
        """Both halves of a population, each from where the whole one was saved last."""
        from gatebench.training import loop

        middle = len(members) // 2
        for half in (list(range(middle)), list(range(middle, len(members)))):
            self._isolated([members[k] for k in half], training, state and loop.of_members(state, half))

    def _fail(self, member: Member, training: Training, error: Exception) -> None:
        reason = str(error) if isinstance(error, BadInput) else "".join(traceback.format_exception(error))
        self.failed.add(member.key)
        self.store.write_failed(self._record(member, training, self._summary() | {"status": "failed", "error": reason}))
        self.log(f"failed {member.key}: {reason}")
        if self.fail_fast:
            raise Cancelled

    def log(self, text: str) -> None:
        """A line of the job's log."""
        path = self.job.log
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a") as file:
                file.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text.rstrip()}\n")

    def _population(self, members: list[Member], training: Training, checkpoint: Checkpoint, state: "State | None") -> None:
        from gatebench.training import loop

        population = loop.Population.start(self.model, self.task, training, members)
        if state is not None:
            population.restore(state)
        self.log(f"{'goes on with' if state else 'trains'} {' '.join(checkpoint.keys)}")
        done, due = 0.0, time.monotonic() + SAVE_EVERY

        def after_epoch(population: "Population") -> None:
            nonlocal done
            stopped = sum(status != "running" for status in population.status)
            now = population.epoch * len(population.active) + training.epochs * stopped
            self.progress(now - done)
            done = now

        def pause() -> None:
            nonlocal due
            stopped, now = self.stop(), time.monotonic()
            if stopped or now > due:
                checkpoint.save(*population.state())
                due = time.monotonic() + max(SAVE_EVERY, (time.monotonic() - now) / SAVE_SHARE)
            if stopped:
                self.log(f"stopped and saved {' '.join(checkpoint.keys)}")
                raise Cancelled

        population.pause = pause
        outcomes = loop.train(population, after_epoch)
        # Killed between two records, the population must come back whole: alone, a member rounds differently.
        checkpoint.save(*population.state())
        for member, outcome in zip(members, outcomes, strict=True):
            self.store.write(self._finished(member, training, outcome, len(members)), outcome.weights)
        self.log(f"finished {' '.join(checkpoint.keys)}")

    @cached_property
    def _rate(self) -> float:
        from gatebench.training import machine

        return machine.matmul_rate(self.job.threads)

    def _flops(self, epochs: int) -> float:
        """Of the products of layer and readout: a step of training counts three times its forward pass."""
        model, readout = self.model, 2 * self.model.width * self.model.likelihood.readout(self.model.outputs)
        forward = {
            split: model.cost.flops_per_step * sum(map(len, found)) + readout * sum(s.predictions for s in found)
            for split, found in self.task.splits.items()
        }
        return (3 * forward["train"] + forward["valid"]) * epochs

    def _most(self, training: Training) -> int:
        """Members of a population: no more than asked for, and than memory is there for."""
        from gatebench.training import machine

        longest = max(map(len, self.task.splits["train"]))
        return min(self.job.members.max, machine.members_that_fit(self.model, training.batch * longest, self.job.threads))

    def _finished(self, member: Member, training: Training, outcome: "Outcome", size: int) -> Record:
        """The record of a trial that came to its end."""
        summary = self._summary()
        summary |= {name: getattr(outcome, name) for name in ("status", "scores", "best_epoch", "epochs", "updates")}
        summary |= {
            "seconds": round(outcome.seconds, 4),
            "relative_throughput": round(self._flops(outcome.epochs) / outcome.seconds / self._rate, 4),
            "population_size": size,
        }
        for side, scale in (("", self.task.output_scale), ("read_", self.task.input_scale)):
            summary["data"] |= {f"{side}{name}": np.asarray(value).tolist() for name, value in scale._asdict().items()}
        return replace(
            self._record(member, training, summary),
            curve=pd.DataFrame(outcome.curve, columns=record.CURVE),
            sequences=pd.DataFrame(outcome.sequences).rename_axis("sequence").reset_index()[record.SEQUENCES],
        )

    def _record(self, member: Member, training: Training, summary: dict[str, Any]) -> Record:
        """A record without its tables."""
        job, settings = self.job, self.job.settings(_setting(member), member.seed, training)
        named = {
            "task": job.labels["task"],
            "dataset": job.dataset,
            "predict": job.predict,
            "likelihood": {"name": type(job.likelihood).__name__, **asdict(job.likelihood)},
            "cell": job.graph.name,
            "options": job.graph.options,
            "model": asdict(job.stack),
            "at": job.framing.predicted_per(job.card),
        }
        return Record(
            key=member.key,
            settings={**asdict(settings), **named},
            summary=summary,
            provenance={**provenance(), "threads": job.threads},
            equations=latex.equations(job.graph),
            curve=pd.DataFrame(columns=record.CURVE),
        )

    def _summary(self) -> dict[str, Any]:
        """What a record says of its trial before anything is trained; its scores are not there yet."""
        job = self.job
        inputs, outputs = job.framing.sizes(job.card)
        return {
            "scores": {split: {"nll": None, "nll_sequence_mean": None} for split in SPLITS},
            **dict.fromkeys(("best_epoch", "epochs", "updates"), 0),
            **dict.fromkeys(("seconds", "relative_throughput")),
            "units": job.units,
            "inputs": inputs,
            **vars(job.stack.cost(job.graph, inputs, job.units, job.likelihood.readout(outputs))),
            "engine": job.engine,
            "population_size": 1,
            "device": job.device,
            "data": {
                "kind": job.card.kind,
                "time_step": job.card.time_step,
                "outputs": outputs,
                "rate": job.card.rate,
                **dict.fromkeys(("mean", "std", "read_mean", "read_std")),
            },
            "title": job.card.title,
            "synthetic": job.card.synthetic,
            "baselines": job.card.baselines,
        }
