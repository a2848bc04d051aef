"""An interruption leaves no trace in the results: the same command ends with the same numbers."""

import os
import random
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

from gatebench.records import checkpoints
from gatebench.records.checkpoints import Checkpoint
from support.commands import LONG, record_times, result_columns, sweep, without_compile_lines
from support.datasets import Tiny
from support.processes import assert_group_ends, start_sweep, wait_for_trials


def assert_goes_on_to_the_same_end(home: Tiny, results: Path, undisturbed: pd.DataFrame) -> None:
    """The same command ends with the same numbers, to the last bit, and keeps what was finished."""
    before = record_times(results)
    sweep(home, *LONG, results=results)
    after = record_times(results)
    assert {key: after[key] for key in before} == before
    assert len(after) == 8
    pd.testing.assert_frame_equal(result_columns(results), undisturbed, check_exact=True)
    assert not list(results.glob("checkpoints/*/state.safetensors"))


def test_a_study_killed_at_any_moment_goes_on_to_the_same_end(home: Tiny, tmp_path: Path, undisturbed: pd.DataFrame):
    process = start_sweep(home, tmp_path, *LONG)
    wait_for_trials(tmp_path, 0, process)
    time.sleep(random.Random(tmp_path.name).random() / 2)  # half a second is about what the first population takes
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert_goes_on_to_the_same_end(home, tmp_path, undisturbed)


# Moments that a clock would hardly meet: amid the last job; between two records of one population, which no checkpoint
# had been due for; right after a population's last record.
MOMENTS = [{"saves": 77}, {"writes": 1, "save_every": 3600}, {"writes": 2, "save_every": 3600}]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_study_killed_at_a_certain_moment_goes_on_to_the_same_end(
    home: Tiny, tmp_path: Path, undisturbed: pd.DataFrame, moment: dict[str, int]
):
    process = start_sweep(home, tmp_path, *LONG, **moment)
    process.communicate(timeout=90)
    assert process.returncode == -signal.SIGKILL
    if "writes" in moment:
        assert len(record_times(tmp_path)) == moment["writes"]
    else:
        assert len(list(tmp_path.glob("checkpoints/*/state.safetensors"))) == 1
    assert_goes_on_to_the_same_end(home, tmp_path, undisturbed)


def test_a_checkpoint_of_an_earlier_version_counts_as_none(
    home: Tiny, tmp_path: Path, undisturbed: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    start_sweep(home, tmp_path, *LONG, saves=3).communicate(timeout=90)
    (keys,) = Checkpoint.interrupted(tmp_path)
    checkpoint = Checkpoint(tmp_path, keys)
    loaded = checkpoint.load()
    assert loaded is not None
    with monkeypatch.context() as earlier:
        earlier.setattr(checkpoints, "FORMAT", "1")
        checkpoint.save({"parameters/W": loaded[0]["parameters"]}, {})
    assert Checkpoint.interrupted(tmp_path) == []
    assert_goes_on_to_the_same_end(home, tmp_path, undisturbed)


def test_a_killed_study_leaves_no_worker_and_goes_on_to_the_same_end(home: Tiny, tmp_path: Path, undisturbed: pd.DataFrame):
    process = start_sweep(home, tmp_path, *LONG, "hydra/launcher=local")
    wait_for_trials(tmp_path, 1, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert_group_ends(process.pid)
    assert_goes_on_to_the_same_end(home, tmp_path, undisturbed)


GOES_ON = "\nadhoc: interrupted; the same command goes on from here\n"


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(home: Tiny, tmp_path: Path):
    process = start_sweep(home, tmp_path, *LONG)
    wait_for_trials(tmp_path, 2, process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, without_compile_lines(errors)) == (130, GOES_ON + "interrupted\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_ended_sweep_ends_its_workers(home: Tiny, tmp_path: Path, number: int, code: int):
    process = start_sweep(home, tmp_path, *LONG, "hydra/launcher=local", "training.epochs=1000000")
    deadline = time.monotonic() + 90
    while not list(tmp_path.glob("logs/progress-*/*.json")):  # the workers are at work
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # Ctrl-C reaches the whole group; a batch system or `kill` tells the command alone.
    os.killpg(process.pid, number) if number == signal.SIGINT else process.terminate()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert GOES_ON in errors
    assert "Traceback" not in errors
    assert_group_ends(process.pid)
