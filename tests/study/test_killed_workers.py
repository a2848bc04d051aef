"""Workers that are killed at random moments cost time and nothing else."""

import os
import random
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

from support.commands import ON_WORKERS, record_times, result_columns, sweep
from support.datasets import Tiny
from support.processes import start_sweep


def worker_ids(group: int) -> list[int]:
    """Local workers of a sweep that runs in a process group of its own, and the process that forked them."""
    ids = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z" and b"worker_process" in (folder / "cmdline").read_bytes():
                ids.append(int(folder.name))
        except OSError:  # it ended as we looked
            continue
    return ids


def survive(home: Tiny, results: Path, kills: int, epochs: int, seed: int) -> int:
    """Run a study while its workers are killed at random moments; returns how many were. It may have to be started again.

    The first kill is amid training; those that follow may be as soon as its successors start.
    """
    chance, killed = random.Random(seed), 0
    while True:
        process = start_sweep(home, results, *ON_WORKERS, f"training.epochs={epochs}", "hydra/launcher=local")
        while not list(results.glob("logs/progress-*/*.json")) and process.poll() is None:
            time.sleep(0.05)
        while killed < kills and process.poll() is None:
            time.sleep(chance.uniform(0.1, 0.6))
            alive = worker_ids(process.pid)
            if alive:
                os.kill(chance.choice(alive), signal.SIGKILL)
                killed += 1
        output, errors = process.communicate(timeout=600)
        assert process.returncode in (0, 2), errors
        if process.returncode == 0:
            assert "adhoc: all trials are finished\n" in output or "adhoc: nothing to train" in output
            return killed
        assert "ended 4 times without any progress" in errors


def assert_survives(home: Tiny, folder: Path, kills: int, epochs: int) -> None:
    """None lost, none doubled, every number the same to the last bit."""
    sweep(home, *ON_WORKERS, f"training.epochs={epochs}", "hydra/launcher=basic", results=folder / "undisturbed")
    assert survive(home, folder / "killed", kills, epochs, seed=kills) == kills
    trials, undisturbed = result_columns(folder / "killed"), result_columns(folder / "undisturbed")
    assert not trials.duplicated(["key", "stage", "split"]).any()
    pd.testing.assert_frame_equal(trials, undisturbed, check_exact=True)
    assert len(record_times(folder / "killed")) == 8
    assert not list((folder / "killed").glob("checkpoints/*/state.safetensors"))
    assert not list((folder / "killed").glob("failed/*"))


def test_a_study_survives_workers_that_are_killed_at_random_moments(home: Tiny, tmp_path: Path):
    assert_survives(home, tmp_path, kills=2, epochs=1000)


@pytest.mark.cluster
def test_a_study_survives_fifty_kills(home: Tiny, tmp_path: Path):
    assert_survives(home, tmp_path, kills=50, epochs=20000)
