"""What a trial costs beside its training does not depend on how many there are: counted, since seconds are a machine's."""

import gc
import json
import os
import sqlite3
import subprocess
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatebench.data import tasks
from gatebench.engines.fused_cpu import engine
from gatebench.records import database, mlflow, runs, study_file
from gatebench.records.schema import Record
from gatebench.study import recording, run
from support.commands import SMALL, sweep
from support.datasets import Tiny

FEW, MANY = 12, 48
"""Trials of two sweeps that are compared."""
ONE_CELL = [
    *(o for o in SMALL if o.partition("=")[0] not in ("cell", "training.epochs", "population.seeds", "publish")),
    "cell=rnn", "training.epochs=1", "training.lr=0.01", "population.max=3",
]  # fmt: skip
OPERATIONS = ("stat", "scandir", "open", "mkdir", "rename", "replace", "unlink", "fsync", "listdir")
"""Functions of ``os`` through which files are reached."""


def seeds(count: int) -> str:
    return f"population.seeds={list(range(1, count + 1))}".replace(" ", "")


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, place: object, *names: str) -> Iterator[Counter[str]]:
    """Count the calls of functions, on all threads, while the block runs."""
    calls, lock = Counter[str](), threading.Lock()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            with lock:
                calls[name] += 1
            return function(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for name in names:
            patch.setattr(place, name, counting(name, getattr(place, name)))
        yield calls


def test_operations_on_files_are_as_many_for_each_trial_of_a_large_sweep(
    home: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run, "SAVE_EVERY", 3600.0)  # or a busy machine has time for checkpoints while it trains
    sweep(home, *ONE_CELL, seeds(1), "publish=false", results=tmp_path / "first")  # which imports and compiles
    operations: list[int] = []
    for count in (FEW, 2 * FEW, 4 * FEW):
        with counted(monkeypatch, os, *OPERATIONS) as calls:
            sweep(home, *ONE_CELL, seeds(count), "publish=false", results=tmp_path / str(count))
        operations.append(calls.total())
    of_next, of_last = (operations[1] - operations[0]) / FEW, (operations[2] - operations[1]) / (2 * FEW)
    assert 10 < of_last < 1.02 * of_next


def test_statements_are_as_many_for_each_trial_that_is_logged(home: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sweep(home, *ONE_CELL, seeds(MANY), "publish=false", results=tmp_path)
    keys = study_file.keys(study_file.read(tmp_path, "adhoc"))
    mlflow.publish(tmp_path, keys[:1])  # which makes the database
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    of_each: list[float] = []
    for part in (keys[1 : 1 + FEW], keys[1 + FEW :]):
        statements.clear()
        assert mlflow.publish(tmp_path, part) == len(part)
        of_each.append(len(statements) / len(part))
    assert 10 < of_each[1] <= of_each[0]


def test_the_memory_of_the_command_does_not_grow_with_its_trials(
    home: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Of a trial the command holds its key and its seed, while a record with its tables, weights and run takes 20 kB.

    Trials are logged when all are written: in a sweep another thread logs some while it holds its jobs, and some later.
    """
    monkeypatch.setattr(mlflow, "AT_ONCE", 1)
    finished, of_record = recording.finished, runs.of_record
    held: list[int] = []

    def measure() -> None:
        if FEW <= len(held) < MANY - FEW:  # which nobody looks at
            held.append(0)
            return
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])

    def finishing(*arguments: Any) -> Record:
        measure()
        return finished(*arguments)

    def logging(record: Record, studies: Mapping[str, study_file.Membership]) -> runs.RunValues:
        measure()
        return of_record(record, studies)

    def growth() -> float:
        """Bytes of a further trial: medians of some, since what is done for all of them once is in one of them."""
        assert len(held) == MANY
        return float(np.median(held[-FEW:]) - np.median(held[:FEW])) / (MANY - FEW)

    sweep(home, *ONE_CELL, seeds(FEW), results=tmp_path)  # which makes whatever is made once
    monkeypatch.setattr(recording, "finished", finishing)
    monkeypatch.setattr(database, "of_record", logging)
    gc.freeze()  # what is there already is not gone through again each time
    tracemalloc.start()
    sweep(home, *ONE_CELL, seeds(FEW + MANY), "publish=false", results=tmp_path)
    assert growth() < 6000
    held.clear()
    mlflow.publish(tmp_path, study_file.keys(study_file.read(tmp_path, "adhoc")))
    tracemalloc.stop()
    gc.unfreeze()
    assert growth() < 6000


def test_jobs_that_follow_one_another_read_their_data_once_and_make_their_code_once(
    home: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rates = "training.lr=" + ",".join(f"0.0{i}" for i in range(1, 9))
    overrides = [o for o in ONE_CELL if not o.startswith("training.lr")]
    with counted(monkeypatch, tasks, "load") as read, counted(monkeypatch, engine, "CompiledStack") as made:
        sweep(home, *overrides, rates, seeds(2), "publish=false", results=tmp_path)
    assert len(study_file.read(tmp_path, "adhoc")) == 8
    assert (read["load"], made["CompiledStack"]) == (1, 1)


SWEEP = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules}))))
from gatebench.cli import main
main()
"""


def test_a_command_whose_workers_train_imports_neither_torch_nor_a_compiler(home: Tiny, tmp_path: Path):
    """Which takes a second or two, and as long as it does, another process would wait for its core."""
    words = [*(o for o in ONE_CELL if "launcher" not in o), seeds(2), f"results={tmp_path}"]
    command = [sys.executable, "-c", SWEEP, "sweep", *words]
    env = {**home.env, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, env=env, cwd=home.folder, capture_output=True, text=True, check=True)
    *printed, modules = run.stdout.splitlines()
    assert "adhoc: all trials are finished" in printed
    assert {"gatebench", "hydra"} <= set(json.loads(modules))
    assert not {"torch", "llvmlite", "mlflow"} & set(json.loads(modules))
    assert (tmp_path / "mlflow.db").is_file()
