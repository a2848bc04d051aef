"""Random sequences of what our commands do to results folders; after each step nothing published may be lost or moved.

``python tests/support/sequences.py --sequences 10000`` runs them by seed and says how far it is; with ``--first 5000`` it
goes on from there. Numbers of trials are made up where a sequence trains, so that a command takes milliseconds; reading,
writing, publishing, merging and killing are real, and now and then a whole ``gatebench sweep`` is.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it

from gatebench.core import files
from gatebench.core.hyperparameters import Hyperparameters
from gatebench.records import collection, merging, mlflow, parts, sources, status, study_file, submission
from gatebench.records.schema import Labels, Point, Score
from gatebench.records.store import Store
from support.commands import sweep
from support.datasets import Tiny, make_tiny
from support.merged import Row, contents, row
from support.records import WEIGHTS, make_record

STUDIES, CELLS, RATES = ("one", "two"), ("gru", "lstm"), (0.01, 0.1)
LONGEST = 10
"""Steps of a sequence, at the most."""
OFTEN = {
    "sweep": 10, "report": 5, "status": 3, "merge": 5, "submit": 2, "kill": 4, "rename": 2, "delete trials": 2,
    "publish": 0.2,
}  # fmt: skip
"""Step -> how often it comes, relative to the others."""
TRIAL = replace(make_record(), statistics=make_record().statistics[:0], predictions=make_record().predictions[:0])
"""What every trial comes to, but for its score."""
Published = dict[tuple[str, str], str]
"""File and key -> the record's text."""


Stamp = tuple[int, int, int]
"""A file as it is now: its inode, when it was written, and its size."""


def stamp_of(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def key_of(*settings: object) -> str:
    return hashlib.sha256(repr(settings).encode()).hexdigest()[:16]


class Folder(NamedTuple):
    """A results folder, and the machine of whoever sweeps into it: some of its trials come to other numbers."""

    path: Path
    machine: int


class World:
    """Some results folders that one sequence is about."""

    def __init__(self, root: Path, seed: int, tiny: Tiny | None = None) -> None:
        self.root, self.chance, self.tiny = root, random.Random(seed), tiny
        self.folders = [Folder(root / f"results-{i}", i) for i in range(3)]
        self.counts: Counter[str] = Counter()
        self._texts: dict[Stamp, dict[str, str]] = {}
        self._rows: dict[Stamp, set[Row]] = {}

    def run(self, often: dict[str, float]) -> None:
        """Take random steps; after each, nothing that was there is lost or another."""
        for _ in range(self.chance.randint(2, LONGEST)):
            (name,) = self.chance.choices(list(often), list(often.values()))
            place = self.chance.randrange(len(self.folders))
            folder = self.folders[place]
            before, runs, rows = self.published(folder.path), self.runs(folder.path), self.rows(folder.path)
            may_lose = self.step(name, place)
            self.counts[name] += 1
            path = self.folders[place].path
            after = self.published(path)
            assert before.items() <= after.items(), f"{name}: a published row is lost or another"
            assert may_lose or rows <= self.rows(path), f"{name}: a record is lost or another"
            assert runs <= self.runs(path), f"{name}: a run of MLflow is lost"
        self.check_merges()

    def step(self, name: str, place: int) -> bool:
        """Take a step in a folder; returns whether records that are published may be gone from ``trials/``."""
        folder = self.folders[place]
        if name == "rename":
            self.folders[place] = Folder(self.root / f"renamed-{time.monotonic_ns()}", folder.machine)
            if folder.path.exists():
                folder.path.rename(self.folders[place].path)
        elif name == "delete trials":
            return self.delete_trials(folder)
        elif name == "kill":
            self.killed(self.action(self.chance.choice(("sweep", "report", "merge")), folder))
        else:
            self.action(name, folder)()
        return False

    def action(self, name: str, folder: Folder) -> Callable[[], object]:
        """Return what a command does; what is left to chance is drawn already."""
        path, study = folder.path, self.chance.choice(STUDIES)
        other = self.chance.choice([one for one in self.folders if one != folder]).path
        seeds = self.chance.sample(range(4), self.chance.randint(1, 2))
        cells = self.chance.sample(CELLS, self.chance.choice((1, 1, 2)))
        pipelines, seed = self.chance.choice((1, 1, 1, 2)), self.chance.randrange(1, 100)
        return {
            "sweep": lambda: self.sweep(folder, study, cells, seeds, pipelines),
            "report": lambda: self.report(path, study),
            "status": lambda: is_there(path, study) and status.describe(path, study),
            "publish": lambda: is_there(path, study) and mlflow.publish(path, study_file.keys(study_file.read(path, study))),
            "merge": lambda: self.merge(path, other),
            "submit": lambda: self.submit(path, other, study),
            "train": lambda: self.train(path, seed),
        }[name]

    def sweep(self, folder: Folder, study: str, cells: list[str], seeds: list[int], pipelines: int) -> None:
        """Plan, search, select and confirm as a job does; only the numbers are made up."""
        for cell in cells:
            for pipeline in range(1, pipelines + 1):
                labels = Labels("task", cell, "budget", "modern")
                search = [key_of(cell, rate, pipeline) for rate in RATES]
                planned = Point(labels, search, None, [], len(seeds), pipeline)
                study_file.add_points(folder.path, study, [planned])
                self.compute(folder, search)
                scores = {k: one.scores["test"].nll or 0.0 for k, one in Store(folder.path).summaries(search).items()}
                rate = RATES[search.index(min(search, key=lambda key: scores[key]))]
                confirm = [key_of(cell, rate, pipeline, seed) for seed in seeds]
                selected = Point(labels, search, Hyperparameters(rate), confirm, len(confirm), pipeline)
                study_file.add_points(folder.path, study, [selected])
                self.compute(folder, confirm)

    def compute(self, folder: Folder, keys: list[str]) -> None:
        """Write records of those trials that are not finished; a third of them depend on the machine."""
        store = Store(folder.path)
        missing = [key for key in keys if key not in store.finished()]
        numbers = {key: int(key, 16) + (folder.machine if int(key, 16) % 3 == 0 else 0) for key in missing}
        scored = {key: Score(number % 997 / 100, number % 997 / 100) for key, number in numbers.items()}
        records = [
            replace(
                TRIAL, key=key, summary=replace(TRIAL.summary, scores={"test": scored[key]}, seconds=folder.machine + 0.5)
            )
            for key in missing
        ]
        if records:
            store.write_all([(record, WEIGHTS) for record in records])

    def report(self, path: Path, study: str) -> None:
        """What ``gatebench report`` does to records: it adds those of the study to ``records.parquet``."""
        if is_there(path, study):
            keys = study_file.keys(study_file.read(path, study))
            if Store(path).read(keys):
                Store(path).publish(study, keys)

    def merge(self, path: Path, other: Path) -> None:
        """Merge another folder; all of its rows are here afterwards."""
        if (other / "trials").is_dir() or any(other.glob("*/study.json")):
            before = contents(other)
            source = sources.of_folder(other)
            merging.merge(path, source, lambda _: "")
            assert source.left_out == []
            assert contents(other) == before, "a merge changed its source"
            assert self.rows(other) <= self.rows(path), "a merge left something out"

    def submit(self, path: Path, other: Path, study: str) -> None:
        """Hand a study over as an archive."""
        archive = self.root / f"{time.monotonic_ns()}.zip"
        if is_there(path, study) and Store(path).read(study_file.keys(study_file.read(path, study))):
            submission.write(path, study, archive)
            merging.merge(other, submission.read(archive), lambda _: "")

    def train(self, path: Path, seed: int) -> None:
        """A whole sweep of two trials for real."""
        assert self.tiny is not None
        sweep(
            self.tiny, "cell=rnn", "task=tiny", "budget=units_64", "budget.units=2", "training.epochs=1", "training.lr=0.1",
            f"population.seeds=[{seed},{seed + 1}]", "publish=false", "hydra/launcher=basic", results=path,
        )  # fmt: skip

    def delete_trials(self, folder: Folder) -> bool:
        """Remove ``trials/`` as docs/scaling.md says, once all of it is published."""
        for study in STUDIES:
            self.report(folder.path, study)
        store = Store(folder.path)
        published = {key for _, key in self.published(folder.path)}
        if store.recorded() <= published:
            shutil.rmtree(store.trials, ignore_errors=True)
        return True

    def killed(self, action: Callable[[], object]) -> None:
        """Run an action in a process of its own that is killed at one of the moments when something appears on disk."""
        moment = self.chance.randint(1, 10)
        process = os.fork()
        if not process:
            try:
                _die_at(moment)
                action()
            finally:
                os._exit(0)
        deadline = time.monotonic() + 300
        while True:
            ended, how = os.waitpid(process, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > deadline:
                os.kill(process, signal.SIGKILL)
                raise AssertionError("a command hangs")
            time.sleep(0.001)
        self.counts["kill that hit"] += os.WIFSIGNALED(how)

    def check_merges(self) -> None:
        """Whichever folder is merged into the other, both have the same rows; and once is twice."""
        first, second = (folder.path for folder in self.chance.sample(self.folders, 2))
        copies = [self.root / f"copy-{i}" for i in range(3)]
        for path, copy in zip((first, second, first), copies, strict=True):
            (path / "trials").mkdir(parents=True, exist_ok=True)
            shutil.copytree(path, copy)
        self.merge(*copies[:2])
        whole = contents(copies[0])
        self.merge(*copies[:2])
        assert contents(copies[0]) == whole, "twice is more than once"
        self.merge(copies[1], copies[2])
        assert self.rows(copies[0]) == self.rows(copies[1]), "the order matters"
        assert self.rows(copies[0]) == self.rows(first) | self.rows(second)
        self.counts["merges of copies"] += 3

    def published(self, results: Path) -> Published:
        """All published rows of a folder, those of replications included."""
        rows: Published = {}
        for path in results.rglob(collection.NAME):
            stamp = stamp_of(path)
            if stamp not in self._texts:
                table = pd.read_parquet(path).fillna("")
                self._texts[stamp] = {one["key"]: repr(sorted(one.items())) for one in table.to_dict("records")}
            rows |= {(str(path.relative_to(results)), key): text for key, text in self._texts[stamp].items()}
        return rows

    def rows(self, results: Path) -> set[Row]:
        """What all records of a folder say; files that did not change since are not read again."""
        store, rows = Store(results), set[Row]()
        for path in results.rglob(collection.NAME):
            stamp = stamp_of(path)
            if stamp not in self._rows:
                self._rows[stamp] = {row(record) for record in collection.read(path)}
            rows |= self._rows[stamp]
        for key in store.recorded():
            stamp = stamp_of(store.trials / key / parts.RECORD)
            if stamp not in self._rows:
                there = store.parts_of(key)
                assert there is not None, key
                self._rows[stamp] = {row(parts.read_record(there))}
            rows |= self._rows[stamp]
        return rows

    def runs(self, results: Path) -> set[str]:
        """Keys of what MLflow's database has."""
        import sqlite3

        path = results / "mlflow.db"
        if not path.is_file():
            return set()
        with sqlite3.connect(path) as database:
            return {str(value) for (value,) in database.execute("select value from tags where key = 'key'")}


def is_there(results: Path, study: str) -> bool:
    return study_file.path(results, study).is_file()


def _die_at(moment: int) -> None:
    """Have this process killed right before or after the given one of its renames and flushes."""
    left = moment

    def dying(name: str) -> None:
        step = getattr(files, name)

        def then(*arguments: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            step(*arguments)

        setattr(files, name, then)

    for name in ("_flush", "_move"):
        dying(name)


def run(first: int, sequences: int, tiny: Tiny | None = None, every: int = 0) -> Counter[str]:
    """Run sequences by their seeds; returns how many steps of each kind there were."""
    total: Counter[str] = Counter()
    often = OFTEN | ({"train": 0.1} if tiny else {})
    memory = Path("/dev/shm")
    for seed in range(first, first + sequences):
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
            world = World(Path(folder), seed, tiny)
            try:
                world.run(often)
            except BaseException as error:
                error.add_note(f"of the sequence with the seed {seed}")
                raise
            total += world.counts + Counter(sequences=1)
        if every and (seed + 1 - first) % every == 0:
            print(f"up to seed {seed}: {dict(total)}", flush=True)
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        print(dict(run(options.first, options.sequences, make_tiny(Path(home)), every=20)))
