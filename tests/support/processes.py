"""Sweeps in processes of their own that tests interrupt and kill."""

import subprocess
import sys
import time
from pathlib import Path

from support.commands import COMMAND, record_times
from support.datasets import Tiny

DRIVER = """
import os, signal, sys
import gatebench.cli, gatebench.study.run
from gatebench.core import files
from gatebench.records.checkpoints import Checkpoint

gatebench.study.run.SAVE_EVERY = float(os.environ["SAVE_EVERY"])
gatebench.study.run.SAVE_SHARE = float("inf")


def dying(step, times):
    def then(*arguments):
        nonlocal times
        step(*arguments)
        times -= 1
        if times == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return then


Checkpoint.save = dying(Checkpoint.save, int(os.environ["SAVES"]))
files._move = dying(files._move, int(os.environ["WRITES"]))  # with which a record appears
sys.argv[0] = "gatebench"
gatebench.cli.main()
"""
"""The command with checkpoints as often as a test wants them, which may die right after a certain checkpoint or record."""


def start_sweep(
    home: Tiny, results: Path, *overrides: str, save_every: float = 0.0, saves: int = -1, writes: int = -1
) -> subprocess.Popen[str]:
    """A sweep in a process group of its own."""
    # The local launcher's workers import the project themselves, so they save at its own pace.
    command = [COMMAND] if "hydra/launcher=local" in overrides else [sys.executable, "-c", DRIVER]
    env = {**home.env, "SAVE_EVERY": str(save_every), "SAVES": str(saves), "WRITES": str(writes)}
    return subprocess.Popen(
        [*command, "sweep", *overrides, f"results={results}"],
        env=env, cwd=home.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_for_trials(results: Path, trials: int, process: subprocess.Popen[str]) -> None:
    """Until so many trials are finished and, but for the local launcher, the next population is on its way."""
    deadline = time.monotonic() + 90
    while len(record_times(results)) < trials or not (trials or list(results.glob("checkpoints/*/state.safetensors"))):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def group_has_ended(group: int) -> bool:
    """No process of a group is left (a zombie that nobody waited for is no process any more)."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended as we looked
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return False
    return True


def assert_group_ends(group: int) -> None:
    """A process that was killed still takes a moment to be gone, and a slow machine a long one."""
    deadline = time.monotonic() + 30
    while not group_has_ended(group):
        assert time.monotonic() < deadline, "a process goes on"
        time.sleep(0.05)
