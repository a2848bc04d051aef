"""Running a job: its search, the selection, its confirming trials; populations that an error ends are taken apart."""

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gatebench.core import terminal
from gatebench.core.errors import BadInput
from gatebench.core.files import Unwritable, write_errors
from gatebench.data.tasks import Task
from gatebench.records import study_file
from gatebench.records.checkpoints import Checkpoint
from gatebench.records.locks import TrialLocks
from gatebench.records.schema import Record, Stage
from gatebench.records.store import Store
from gatebench.study import recording
from gatebench.study.cancellation import Cancelled
from gatebench.study.job import Job
from gatebench.study.loaded import Loaded
from gatebench.study.progress import Progress
from gatebench.study.select import remainder, search_result
from gatebench.training.protocol import Member, Training

if TYPE_CHECKING:
    from gatebench.training.loop import Population
    from gatebench.training.model import Model
    from gatebench.training.states import State

SAVE_EVERY = 0.5
"""Seconds between checkpoints of a population, at the least."""
SAVE_SHARE = 0.02
"""Share of the time that is spent on checkpoints, at the most."""
LOOK_EVERY = 0.5
"""Seconds between two looks at trials that another process computes."""
TIMED_SECONDS = 0.2
"""Seconds of training by which the pace of a job is measured, at the least: an epoch of little data is over too soon."""
RESTARTS = 24
"""Restarts of parts of one population after errors, at the most: enough to find several trials whose errors they are."""


class EnvironmentFault(BadInput):
    """No trial can be trained here: the data is not on this node, memory is short, an engine is missing."""


def seconds_per_epoch(job: Job, task: Task | None = None) -> float:
    """Measure how long an epoch of one trial takes in its population, on a few updates; ``task`` if it is loaded already."""
    from gatebench.training import loop

    runner = _JobRunner(job, Store(job.results))
    if task is not None:
        runner.task = task
    few = {split: runner.task.splits[split][: 4 * job.training.batch] for split in ("train", "valid")}
    searched = [member for pipeline in range(1, job.pipelines + 1) for member in job.searched(pipeline)]
    members = (searched or job.confirmed(job.search.settings()[0]))[: job.population_max]
    training = replace(job.training, epochs=sys.maxsize, patience=sys.maxsize)  # no member may be done while it is timed
    population = loop.Population.start(runner.model, replace(runner.task, splits=few), training, members)
    population.run_epoch()  # the first one makes everything ready
    started = time.perf_counter()
    while population.epoch < 2 or (time.perf_counter() < started + TIMED_SECONDS and len(population.active) == len(members)):
        population.run_epoch()
    share = sum(map(len, few["train"])) / sum(map(len, runner.task.splits["train"]))
    return (time.perf_counter() - started) / (population.epoch - 1) / share / len(members)


def run(
    job: Job,
    store: Store,
    progress: Progress,
    cancelled: Callable[[], bool],
    fail_fast: bool = False,
    loaded: Loaded | None = None,
    stage: Stage | None = None,
) -> bool:
    """Train what is missing of a job, or of one of its stages; returns whether what there is to confirm is known.

    Parameters
    ----------
    progress
        Whom it is told how far the job is.
    cancelled
        When it turns true, what is under way is saved and `Cancelled` raised.
    fail_fast
        Raise `Cancelled` at the first trial that ends with an error of its own; else the others go on without it.
    loaded
        What jobs of this sweep that ran in this process before loaded.
    stage
        What is trained of the job; None: all of it.

    Raises
    ------
    EnvironmentFault
        If nothing can be trained here. No trial is blamed for it.

    """
    runner = _JobRunner(job, store, progress, cancelled, fail_fast, loaded)
    try:
        if stage != "confirm":
            runner.search()
        points = remainder(job, store).points
        study_file.add_points(job.results, job.study, points)
        selected = [(point.pipeline, point.selected) for point in points if point.selected is not None]
        confirmed = [member for pipeline, setting in selected for member in job.confirmed(setting, pipeline)]
        if stage != "search":
            runner.train_stage(confirmed, job.training, "confirm")
        for point in points:
            if not point.confirm_planned and stage != "confirm":
                which = f" in pipeline {point.pipeline}" if job.pipelines > 1 else ""
                where = f"{job.study}: every setting of {job.labels.cell} on {job.labels.task} diverged{which}"
                terminal.say(f"\n{where}, so that none is confirmed; other rates: training.ranges.lr.high")
        return bool(selected)
    finally:
        runner.locks.close()


class _JobRunner:
    """Trains the populations of one job; data and engine are loaded when the first one needs them."""

    def __init__(
        self,
        job: Job,
        store: Store,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        fail_fast: bool = False,
        loaded: Loaded | None = None,
    ) -> None:
        self.job, self.store, self.cancelled, self.fail_fast = job, store, cancelled, fail_fast
        self.loaded, self.progress = loaded or Loaded(), progress or Progress()
        self.stage: Stage = "search"
        self.locks = TrialLocks(store.results)
        self.failed, self._is_loaded = set[str](), False

    @cached_property
    def task(self) -> Task:
        """The data set, read and framed."""
        return self.loaded.task(self.job)

    @cached_property
    def model(self) -> "Model":
        """The cell with its readout, on the engine of the job."""
        return self.loaded.model(self.job, self.task)

    def search(self) -> None:
        """Train the searches of all pipelines, with their extensions.

        All are extended at once, when all are ready for it: so an interrupted study comes to the same populations.
        """
        job, pipelines = self.job, range(1, self.job.pipelines + 1)

        def tried(extensions: int) -> list[Member]:
            results = {pipeline: search_result(job, self.store, pipeline, extensions) for pipeline in pipelines}
            return [member for pipeline, result in results.items() for member in job.tried(result.settings, pipeline)]

        known = {member.key for member in tried(job.search.extend)}
        for extensions in range(job.search.extend + 1):
            members = tried(extensions)
            if new := {member.key for member in members} - known:
                known |= new
                self.progress.further(len(new) * job.search_training.epochs)
                study_file.add_points(job.results, job.study, remainder(job, self.store).points)
            self.train_stage(members, job.search_training, "search")

    def train_stage(self, members: list[Member], training: Training, stage: Stage) -> None:
        """Train those that are not finished, each in one process at a time; wait for those that others have locked."""
        self.stage = stage
        by_key = {member.key: member for member in members}
        while missing := self._missing(by_key):
            if self.cancelled():
                raise Cancelled
            with self._locked(by_key, missing) as keys:
                if keys:
                    self._load_environment()
                    _Isolation(self, training).train([by_key[key] for key in keys])
            if not keys:
                time.sleep(LOOK_EVERY)
        for keys in Checkpoint.interrupted(self.store.results):
            if set(keys) <= by_key.keys() - self.failed:  # a process ended between its last record and this
                Checkpoint(self.store.results, keys).remove()

    def _missing(self, keys: Iterable[str]) -> list[str]:
        """Return those keys that are neither finished nor failed, in their order."""
        over = self.store.finished() | self.failed
        return [key for key in keys if key not in over]

    def _load_environment(self) -> None:
        """Load data and engine, whose faults are not those of a trial."""
        if self._is_loaded:
            return
        try:
            self._evaluate_once()
            self._is_loaded = True
        except BadInput as error:
            raise EnvironmentFault(f"{self.job.labels}: {error}") from error
        except (OSError, MemoryError, ImportError) as error:
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise EnvironmentFault(f"{self.job.labels}: data or engine cannot be loaded here ({reason})") from error

    def _evaluate_once(self) -> None:
        """Run the model on the shortest training sequence, which loads the data and compiles the cell."""
        from gatebench.training.evaluation import evaluate, prepare

        shortest = min(self.task.splits["train"], key=len)
        parameters = self.model.start_rows([0], self.job.training)
        evaluate(self.model, parameters, prepare(self.model, [shortest], 1))

    @contextmanager
    def _locked(self, keys: Iterable[str], missing: list[str]) -> Iterator[list[str]]:
        """Lock what to train next: an interrupted population, whole, or new trials; none if others have them all."""
        populations = [part for part in Checkpoint.interrupted(self.store.results) if set(part) <= set(keys)]
        due = [part for part in populations if set(part) & set(missing)]
        locked = next((part for part in due if self.locks.take_all(part)), [])
        is_interrupted = bool(locked)
        for key in [] if is_interrupted else missing:
            is_free = len(locked) < self.job.population_max and not any(key in part for part in due)
            if is_free and self.locks.take(key):
                locked.append(key)
        try:
            finished = self.store.finished()  # others may have finished some a moment before they were locked
            left = [key for key in locked if key not in finished]
            yield locked if is_interrupted and left else left
        finally:
            self.locks.release(locked)

    def log(self, text: str) -> None:
        """Add a line to the job's log."""
        path = self.job.log
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text.rstrip()}\n")

    def train_population(
        self, members: list[Member], training: Training, checkpoint: Checkpoint, state: "State | None"
    ) -> None:
        """Train members together, from ``state`` if there is one, and write their records."""
        from gatebench.training import loop

        population = loop.Population.start(self.model, self.task, training, members)
        if state is not None:
            population.restore(state)
        self.log(f"{'goes on with' if state else 'trains'} {' '.join(checkpoint.keys)}")
        epochs_done, save_at = 0.0, time.monotonic() + SAVE_EVERY

        def after_epoch(population: "Population") -> None:
            nonlocal epochs_done
            stopped = sum(status != "running" for status in population.status)
            epochs = population.epoch * len(population.active) + training.epochs * stopped
            self.progress(epochs - epochs_done)
            epochs_done = epochs

        def pause() -> None:
            nonlocal save_at
            self.progress.at(self.stage, population)
            is_cancelled, now = self.cancelled(), time.monotonic()
            if is_cancelled or now > save_at:
                checkpoint.save(*population.state())
                save_at = time.monotonic() + max(SAVE_EVERY, (time.monotonic() - now) / SAVE_SHARE)
            if is_cancelled:
                self.log(f"stopped and saved {' '.join(checkpoint.keys)}")
                raise Cancelled

        population.pause = pause
        outcomes = loop.train(population, after_epoch)
        # Killed between two records, the population must come back whole: alone, a member rounds differently.
        checkpoint.save(*population.state())
        finished, rate = list[tuple[Record, dict[str, np.ndarray]]](), self.loaded.matmul_rate(self.job)
        for member, outcome in zip(members, outcomes, strict=True):
            throughput = recording.flops_per_second(self.model, self.task, outcome, self.job.threads) / rate
            record = recording.finished(self.job, self.task, member, training, outcome, len(members), throughput)
            finished.append((record, outcome.weights))
        self.store.write_all(finished)
        self.log(f"finished {' '.join(checkpoint.keys)}")

    def largest_population(self, training: Training) -> int:
        """Return the members that are trained together at the most: as asked for, and as memory is there for."""
        from gatebench.training import machine

        longest = max(map(len, self.task.splits["train"]))
        fitting = machine.members_that_fit(self.model, training.batch * longest, self.job.threads)
        return min(self.job.population_max, fitting)


class _Isolation:
    """Finds the trials whose errors end a population, by halving it; restarts are bounded by `RESTARTS`."""

    def __init__(self, runner: _JobRunner, training: Training) -> None:
        self.runner, self.training, self.restarts = runner, training, 0

    def train(self, members: list[Member], state: "State | None" = None) -> None:
        """Train a population; if it ends with an error, its halves, until the trial is alone whose error it is."""
        checkpoint = Checkpoint(self.runner.store.results, [member.key for member in members])
        trouble = None
        try:
            state = checkpoint.load() or state
            most = len(members) if state else self.runner.largest_population(self.training)
            if len(members) <= most:
                self.runner.train_population(members, self.training, checkpoint, state)
            else:
                for start in range(0, len(members), most):
                    self.train(members[start : start + most])
        except (Unwritable, EnvironmentFault):
            raise
        except Exception as error:  # whatever it is: it may be a user's cell
            trouble = error
        if trouble is not None:
            self._take_apart(members, trouble, checkpoint.load() or state)
        checkpoint.remove()

    def _take_apart(self, members: list[Member], error: Exception, state: "State | None") -> None:
        if len(members) == 1 and _is_out_of_memory(error):
            raise EnvironmentFault(
                f"{self.runner.job.labels}: there is not enough memory for a single trial ({error or 'MemoryError'}); "
                "use fewer workers (hydra.launcher.n_jobs=1), or a smaller batch or cell"
            ) from error
        if len(members) == 1 or self.restarts >= RESTARTS:
            for member in members:
                self._fail(member, error, len(members))
            return
        from gatebench.training.states import of_members

        self.restarts += 2
        middle = len(members) // 2
        for half in (range(middle), range(middle, len(members))):
            positions = list(half)
            self.train([members[k] for k in positions], state and of_members(state, positions))

    def _fail(self, member: Member, error: Exception, together: int) -> None:
        runner = self.runner
        reason = str(error) if isinstance(error, BadInput) else "".join(traceback.format_exception(error))
        if together > 1:
            reason = f"one of {together} trials that were trained together, after {RESTARTS} restarts\n{reason}"
        runner.failed.add(member.key)
        runner.store.write_failed(recording.failed(runner.job, member, self.training, reason))
        runner.log(f"failed {member.key}: {reason}")
        if runner.fail_fast:
            raise Cancelled


def _is_out_of_memory(error: Exception) -> bool:
    """Whether Python, torch on the CPU or torch on a GPU says that memory is short."""
    text = str(error)
    return isinstance(error, MemoryError) or "can't allocate memory" in text or "out of memory" in text
