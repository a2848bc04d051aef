"""What a machine may do to a study: a full disk, one that is read only, a locked database, a clock that goes back."""

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from gatebench.records.store import Store
from support.commands import COMMAND, record_times, result_columns, sweep, without_compile_lines
from support.datasets import Tiny, make_tiny

pytestmark = pytest.mark.cluster

STUDY = [
    "cell=rnn,gru", "task=tiny", "budget=units_64", "budget.units=40", "training.epochs=300", "training.patience=1000000",
    "search.size=3", "population.seeds=[1,2,3]",
]  # fmt: skip
"""Twelve trials whose checkpoints and records take some room."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("machines"))


@pytest.fixture(scope="module")
def undisturbed(home: Tiny) -> pd.DataFrame:
    sweep(home, *STUDY, "publish=false", "hydra/launcher=basic", results=home.folder / "undisturbed")
    return result_columns(home.folder / "undisturbed")


def run(home: Tiny, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A command of ours, as a user gives it."""
    return subprocess.run(
        command, env={**home.env, **env}, cwd=home.folder, capture_output=True, text=True, timeout=300, check=False
    )


def lines(errors: str) -> list[str]:
    """What was said, but for how far training is after each minute, which a slow machine comes to."""
    return [line for line in without_compile_lines(errors).splitlines() if line and " so far" not in line]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


@pytest.mark.parametrize("launcher", ["basic", "local"])
def test_a_full_disk_is_told_in_a_line_and_the_study_goes_on_with_more_room(
    home: Tiny, disk: Path, undisturbed: pd.DataFrame, launcher: str
):
    command = [COMMAND, "sweep", *STUDY, "publish=false", f"hydra/launcher={launcher}", f"results={disk / 'results'}"]
    full = run(home, *command)
    messages = lines(full.stderr)
    assert full.returncode == 1
    assert messages[0].startswith(f"gatebench: {disk}/results/")
    assert "cannot be written (No space left on device); make room or mend the permissions" in messages[0]
    assert len(messages) <= 2 + (os.cpu_count() or 1)  # a line for each worker that met it, and what is left
    assert messages[-1].startswith("adhoc: ")
    assert " trial(s) left; this trains just those: gatebench sweep" in messages[-1]
    assert not list(disk.rglob(".*"))  # nothing half-written takes room
    remount(disk, "size=50m")
    before = record_times(disk / "results")
    again = run(home, *command)
    assert (again.returncode, lines(again.stderr)) == (0, [])
    assert {key: record_times(disk / "results")[key] for key in before} == before
    pd.testing.assert_frame_equal(result_columns(disk / "results"), undisturbed, check_exact=True)


def test_results_that_cannot_be_written_are_told_in_a_line_and_can_be_read(home: Tiny, disk: Path):
    remount(disk, "size=50m")
    results = f"results={disk / 'results'}"
    assert run(home, COMMAND, "sweep", *STUDY, "publish=false", results).returncode == 0
    remount(disk, "ro")
    for command in (
        [COMMAND, "sweep", *STUDY, results],
        [COMMAND, "sweep", *STUDY, "training.epochs=2", results],
        [COMMAND, "report", "adhoc", "--results", str(disk / "results")],
        [COMMAND, "publish", "adhoc", "--results", str(disk / "results")],
    ):
        refused = run(home, *command)
        assert refused.returncode == 2
        assert "Read-only file system" in refused.stderr
        assert len(lines(refused.stderr)) == 1
    shown = run(home, COMMAND, "status", "adhoc", "--results", str(disk / "results"))
    assert (shown.returncode, shown.stdout.splitlines()[-1]) == (0, "adhoc: 12 trials done, 0 left")


def test_a_database_that_is_locked_for_a_minute_costs_no_trial(home: Tiny, tmp_path: Path, undisturbed: pd.DataFrame):
    results = tmp_path / "results"
    assert run(home, COMMAND, "sweep", *STUDY, "cell=rnn", "training.epochs=2", f"results={results}").returncode == 0
    lock = sqlite3.connect(results / "mlflow.db", isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN EXCLUSIVE")
    minute = threading.Timer(60, lock.rollback)
    minute.start()
    locked = run(home, COMMAND, "sweep", *STUDY, f"results={results}")
    assert locked.returncode == 0
    assert "not all is logged to MLflow" in locked.stderr
    minute.join()
    lock.close()
    trials, expected = result_columns(results), undisturbed
    pd.testing.assert_frame_equal(trials[trials.key.isin(expected.key)].reset_index(drop=True), expected, check_exact=True)
    later = run(home, COMMAND, "publish", "adhoc", "--results", str(results))
    assert (later.returncode, later.stdout.partition(" to ")[0]) == (0, "adhoc: 12 trials logged")
    assert run(home, COMMAND, "publish", "adhoc", "--results", str(results)).stdout.startswith("adhoc: 0 trials logged")


def test_a_clock_that_is_set_back_costs_no_trial(home: Tiny, tmp_path: Path, undisturbed: pd.DataFrame):
    """By six years, between the halves of a study."""
    assert run(home, COMMAND, "sweep", *STUDY, "cell=rnn", f"results={tmp_path}").returncode == 0
    back = run(
        home, "faketime", "-f", "@2020-11-24 00:00:00", COMMAND, "sweep", *STUDY, f"results={tmp_path}",
        "hydra/launcher=basic", FAKETIME_DONT_FAKE_MONOTONIC="1",
    )  # fmt: skip
    assert (back.returncode, lines(back.stderr)) == (0, [])
    pd.testing.assert_frame_equal(result_columns(tmp_path), undisturbed, check_exact=True)
    assert len(Store(tmp_path).finished()) == 12
    later = run(home, COMMAND, "publish", "adhoc", "--results", str(tmp_path))
    assert later.stdout.startswith("adhoc: 0 trials logged")
