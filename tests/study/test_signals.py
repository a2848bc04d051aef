"""SIGTERM: what is done is saved, and the command ends soon."""

import socket
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from gatebench.records.checkpoints import Checkpoint
from support.commands import COMMAND, SMALL, record_times, result_columns, sweep
from support.datasets import Tiny

SLOW = """
import os, time
import gatebench.study.run
from gatebench.training import loop

gatebench.study.run.SAVE_EVERY = 3600

update = loop.Population.update


def slow(self, *arguments):
    with open(os.environ["UPDATES"], "a") as file:
        file.write("an update begins\\n")
    time.sleep(0.6)
    return update(self, *arguments)


loop.Population.update = slow
"""
"""The ``sitecustomize`` of a machine on which an epoch takes long, and checkpoints are rare."""


@pytest.mark.parametrize("launcher", [pytest.param("basic", marks=pytest.mark.cluster), "local"])
def test_sigterm_amid_a_long_epoch_saves_what_is_done_and_ends_within_ten_seconds(home: Tiny, tmp_path: Path, launcher: str):
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "sitecustomize.py").write_text(SLOW)
    study = [*(o for o in SMALL if "launcher" not in o), "cell=rnn", "training.batch=1", "training.epochs=3"]
    results = tmp_path / "results"
    command = [COMMAND, "sweep", *study, f"hydra/launcher={launcher}", f"results={results}"]
    updates = tmp_path / "updates"
    updates.touch()
    env = {**home.env, "PYTHONPATH": str(slow), "UPDATES": str(updates)}
    process = subprocess.Popen(command, env=env, cwd=home.folder, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while updates.read_text().count("\n") < 3:  # some of the 13, and no checkpoint, for which the time has not come
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not Checkpoint.interrupted(results)
    terminated = time.monotonic()
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - terminated < 10
    assert process.returncode == 143
    assert "adhoc: interrupted; the same command goes on from here" in errors
    (keys,) = Checkpoint.interrupted(results)
    saved = Checkpoint(results, keys).load()
    assert saved is not None
    assert (saved[1]["epoch"], 1 <= saved[1]["under_way"]["updates"] < 13) == (1, True)
    sweep(home, *study, "hydra/launcher=basic", results=results)
    sweep(home, *study, "hydra/launcher=basic", results=tmp_path / "undisturbed")
    pd.testing.assert_frame_equal(result_columns(results), result_columns(tmp_path / "undisturbed"), check_exact=True)
    log = "".join(path.read_text() for path in results.glob("logs/adhoc/*.log"))
    assert log.count("stopped and saved") == log.count("goes on with") == 1


def test_sigterm_waits_for_no_tracking_server(home: Tiny, tmp_path: Path):
    """Of a server that takes a call and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tracking.uri=http://127.0.0.1:{silent.getsockname()[1]}"
        study = [*(o for o in SMALL if "publish" not in o and "epochs" not in o), "training.patience=1000000", address]
        command = [COMMAND, "sweep", *study, "training.epochs=100000", "search.epochs=2", f"results={tmp_path}"]
        process = subprocess.Popen(command, env=home.env, cwd=home.folder, stderr=subprocess.PIPE, text=True)
        silent.settimeout(60)
        call, _ = silent.accept()  # the search is done, and is being logged
        with call:
            terminated = time.monotonic()
            process.terminate()
            _, errors = process.communicate(timeout=30)
    assert time.monotonic() - terminated < 10
    assert process.returncode == 143
    assert "not all is logged to MLflow" in errors
    assert len(record_times(tmp_path)) >= 2
