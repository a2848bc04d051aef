"""What may happen to a sweep: killed workers, errors of single trials, other sweeps beside it."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest

from gatebench.records import frame, status, study_file
from gatebench.records.checkpoints import Checkpoint
from gatebench.records.locks import TrialLocks
from support.commands import COMMAND, SMALL, record_times, result_columns, sweep, without_compile_lines
from support.datasets import Tiny, make_tiny
from support.processes import start_sweep

pytestmark = pytest.mark.xdist_group("faults")  # one worker: they share what a fixture trains

LOCAL = [*(o for o in SMALL if "launcher" not in o and "epochs" not in o), "training.patience=1000000"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("faults"))


def workers(group: int) -> list[int]:
    """Local workers of a sweep that runs in a process group of its own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z" and b"LokyProcess" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:  # it ended as we looked
            continue
    return found


def survive(home: Tiny, results: Path, kills: int, epochs: int, seed: int) -> int:
    """Run a study while its workers are killed at random moments; returns how many were. It may have to be started again.

    The first kill is amid training; those that follow may be as soon as its successors start.
    """
    chance, killed = random.Random(seed), 0
    while True:
        process = start_sweep(home, results, *LOCAL, f"training.epochs={epochs}", "hydra/launcher=local")
        while not list(results.glob("logs/progress-*/*.json")) and process.poll() is None:
            time.sleep(0.05)
        while killed < kills and process.poll() is None:
            time.sleep(chance.uniform(0.1, 0.6))
            there = workers(process.pid)
            if there:
                os.kill(chance.choice(there), signal.SIGKILL)
                killed += 1
        said, errors = process.communicate(timeout=600)
        assert process.returncode in (0, 2), errors
        if process.returncode == 0:
            assert "adhoc: all trials are finished\n" in said or "adhoc: nothing to train" in said
            return killed
        assert "ended 4 times without any progress" in errors


def assert_survives(home: Tiny, folder: Path, kills: int, epochs: int) -> None:
    """None lost, none doubled, every number the same to the last bit."""
    sweep(home, *LOCAL, f"training.epochs={epochs}", "hydra/launcher=basic", results=folder / "undisturbed")
    assert survive(home, folder / "killed", kills, epochs, seed=kills) == kills
    found, undisturbed = result_columns(folder / "killed"), result_columns(folder / "undisturbed")
    assert not found.duplicated(["key", "stage", "split"]).any()
    pd.testing.assert_frame_equal(found, undisturbed, check_exact=True)
    assert len(record_times(folder / "killed")) == 8
    assert not list((folder / "killed").glob("checkpoints/*/state.safetensors"))
    assert not list((folder / "killed").glob("failed/*"))


def test_a_study_survives_workers_that_are_killed_at_random_moments(home: Tiny, tmp_path: Path):
    assert_survives(home, tmp_path, kills=2, epochs=1000)


@pytest.mark.cluster
def test_a_study_survives_fifty_kills(home: Tiny, tmp_path: Path):
    assert_survives(home, tmp_path, kills=50, epochs=20000)


# Errors of single trials

FAILING = """
import os
from gatebench.training import loop

update = loop.Population.update


def failing(self, *arguments):
    if self.epoch == 3 and any(self.members[k].seed == int(os.environ["FAILS"]) for k in self.active):
        raise ZeroDivisionError("a fault of its own")
    return update(self, *arguments)


loop.Population.update = failing
"""
"""The ``sitecustomize`` of every Python process of a sweep: a fault that hits trials of one seed in their third epoch."""
THREE = [*(o for o in SMALL if "seeds" not in o), "population.seeds=[1,2,3]"]


def failing(home: Tiny, results: Path, seed: int, *more: str) -> subprocess.CompletedProcess[str]:
    (home.folder / "fault").mkdir(exist_ok=True)
    (home.folder / "fault" / "sitecustomize.py").write_text(FAILING)
    command = [COMMAND, "sweep", *THREE, f"results={results}", *more]
    env = {**home.env, "FAILS": str(seed), "PYTHONPATH": str(home.folder / "fault")}
    return subprocess.run(command, env=env, cwd=home.folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def broken(home: Tiny) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A study in which every trial of seed 2 fails."""
    results = home.folder / "broken"
    return results, failing(home, results, 2)


def test_a_trial_that_fails_ends_alone(home: Tiny, broken: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path):
    """The others of its population have the numbers that they have without it, but for rounding."""
    results, _ = broken
    sweep(home, *THREE, results=tmp_path)
    whole, found = (frame.load(folder, "adhoc").trials.set_index(["key", "split"]) for folder in (tmp_path, results))
    failed = found[found.status == "failed"]
    assert set(failed.seed) == {2}
    assert set(failed.cell) == {"rnn", "gru"}
    assert failed.nll.isna().all()
    others = found[found.status == "finished"].nll
    assert len(others) == (2 * 2 + 2 * 2) * 3
    pd.testing.assert_series_equal(others.sort_index(), whole.nll.loc[others.index].sort_index(), rtol=1e-4)


def test_a_sweep_tells_what_failed_and_how_to_retry_just_that(broken: tuple[Path, subprocess.CompletedProcess[str]]):
    results, run = broken
    failed = sorted(path.name for path in results.glob("failed/*"))
    assert (run.returncode, len(failed)) == (1, 2)
    assert "all trials are finished" not in run.stdout
    lines = without_compile_lines(run.stderr).splitlines()
    assert lines[0] == "adhoc: 2 trial(s) failed"
    assert sorted(line.split()[0] for line in lines[1:3]) == failed
    assert all(line.endswith("seed 2: ZeroDivisionError: a fault of its own") for line in lines[1:3])
    assert lines[-1].startswith("adhoc: 2 trial(s) left; this trains just those: gatebench sweep cell=rnn,gru task=tiny ")


def test_a_failed_trial_keeps_its_traceback_in_its_record_and_the_jobs_log(
    broken: tuple[Path, subprocess.CompletedProcess[str]],
):
    results, _ = broken
    for path in results.glob("failed/*/record.json"):
        summary = json.loads(path.read_text())["summary"]
        assert summary["status"] == "failed"
        assert summary["error"].startswith("Traceback (most recent call last):\n")
        assert summary["error"].endswith("ZeroDivisionError: a fault of its own\n")
        logs = "".join(log.read_text() for log in results.glob("logs/adhoc/*.log"))
        assert f"failed {path.parent.name}: {summary['error']}" in logs
    told = status.describe(results, "adhoc").splitlines()
    assert [line.partition(": ")[2] for line in told[:2]] == ["4 of 5 done, 1 failed"] * 2
    assert told[2].startswith("adhoc: 8 trials done, 2 failed, 2 left")


def test_the_same_command_retries_just_what_failed(
    home: Tiny, broken: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
):
    results = Path(shutil.copytree(broken[0], tmp_path / "results"))
    before = record_times(results)
    assert sweep(home, *THREE, results=results).startswith("adhoc: 10 trials in 2 job(s), 8 finished, 2 to train\n")
    after = record_times(results)
    assert {key: after[key] for key in before} == before
    assert len(after) == 10
    assert not list(results.glob("failed/*"))
    assert "failed" not in status.describe(results, "adhoc")


def test_a_search_with_a_failed_trial_selects_nothing(home: Tiny, tmp_path: Path):
    """Fewer settings than the other cells had would be no equal effort."""
    run = failing(home, tmp_path, 0)
    assert run.returncode == 1
    assert "adhoc: 4 trial(s) failed" in run.stderr
    assert "adhoc: 10 trial(s) left" in run.stderr
    assert [point.selected for point in study_file.read(tmp_path, "adhoc")] == [None, None]
    sweep(home, *THREE, results=tmp_path)
    assert status.describe(tmp_path, "adhoc").endswith("adhoc: 10 trials done, 0 left")


@pytest.mark.parametrize("launcher", [pytest.param("basic", marks=pytest.mark.cluster), "local"])
def test_fail_fast_ends_the_sweep_at_the_first_error(home: Tiny, tmp_path: Path, launcher: str):
    run = failing(home, tmp_path, 0, "--fail-fast", f"hydra/launcher={launcher}", "cell=rnn,gru,lstm,lstm_peephole")
    assert run.returncode == 1
    assert record_times(tmp_path) == {}
    failed = len(list(tmp_path.glob("failed/*")))
    assert 1 <= failed <= (1 if launcher == "basic" else os.cpu_count() or 1)  # not 8: other workers had begun by then
    assert f"adhoc: {failed} trial(s) failed" in run.stderr
    assert "adhoc: 20 trial(s) left; this trains just those: gatebench sweep " in run.stderr
    # What was under way elsewhere goes on another time.
    sweep(home, *THREE, "cell=rnn,gru,lstm,lstm_peephole", results=tmp_path)
    assert status.describe(tmp_path, "adhoc").endswith("adhoc: 20 trials done, 0 left")


# Signals

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
    asked = time.monotonic()
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 10
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
            asked = time.monotonic()
            process.terminate()
            _, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert process.returncode == 143
    assert "not all is logged to MLflow" in errors
    assert len(record_times(tmp_path)) >= 2


# Others beside it


def test_two_sweeps_at_once_compute_every_trial_once(home: Tiny, tmp_path: Path):
    """Of overlapping studies, each with workers of its own."""
    long = [*LOCAL, "training.epochs=300", "hydra/launcher=local"]
    both = [
        start_sweep(home, tmp_path, *long, "cell=rnn,gru", "name=one"),
        start_sweep(home, tmp_path, *long, "cell=gru,rnn,lstm", "name=two", "population.seeds=[2,1,3]"),
    ]
    said = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    begun = [
        key
        for path in tmp_path.glob("logs/*/*.log")
        for line in path.read_text().splitlines()
        if " trains " in line
        for key in line.partition(" trains ")[2].split()
    ]
    assert len(begun) == len(set(begun))
    assert set(begun) == set(record_times(tmp_path))
    assert len(begun) == 3 * 5
    assert "5 trials done" not in status.describe(tmp_path, "one")
    assert status.describe(tmp_path, "one").endswith("one: 8 trials done, 0 left")
    assert status.describe(tmp_path, "two").endswith("two: 15 trials done, 0 left")


CLAIMING = """
import os, sys, time
from pathlib import Path

from gatebench.records.locks import TrialLocks
from gatebench.records.checkpoints import Checkpoint

results, keys, holds = Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3])
claims, counted = TrialLocks(results), 0
print("ready", flush=True)
input()  # all begin together, however long each took to start
while counted < holds:
    for key in keys:
        if claims.take(key):
            held = results / key
            number = int(held.read_text()) if held.exists() else 0
            held.write_text(str(number + 1))  # lost or doubled, were two here at once
            counted += 1
            claims.release([key])
print(counted)
"""


def test_a_claim_is_held_by_one_process_at_a_time(tmp_path: Path):
    """Many short holds by several processes at once: none is lost, none doubled."""
    keys, holds = ["0123456789abcdef", "0123456789abcde0"], 200
    command = [sys.executable, "-c", CLAIMING, str(tmp_path), ",".join(keys), str(holds)]
    several = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in several:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in several:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    counted = sum(int(process.communicate(timeout=120)[0]) for process in several)
    assert counted >= len(several) * holds
    assert sum(int((tmp_path / key).read_text()) for key in keys) == counted


def test_the_claims_of_a_killed_process_are_free_and_those_of_another_are_seen(tmp_path: Path):
    holds = f"""
        import time
        from pathlib import Path
        from gatebench.records.locks import TrialLocks
        claims = TrialLocks(Path({str(tmp_path)!r}))
        print(claims.take_all(["a" * 16, "b" * 16]), flush=True)
        time.sleep(600)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(holds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    mine = TrialLocks(tmp_path)
    assert mine.of_others(["a" * 16, "b" * 16, "c" * 16]) == {"a" * 16, "b" * 16}
    assert not mine.take("a" * 16)
    assert not mine.take_all(["c" * 16, "b" * 16])
    assert mine.take("c" * 16)  # none of them was kept
    process.kill()
    process.communicate()
    assert mine.of_others(["a" * 16, "b" * 16]) == set()
    assert mine.take_all(["a" * 16, "b" * 16])


SIX_AT_ONCE = """
import json, os, sys
import gatebench.cli.commands.sweep, gatebench.study.run
from gatebench.training import machine

machine.matmul_rate(1)  # once for all the processes, like the imports
gatebench.study.run.SAVE_EVERY, gatebench.study.run.SAVE_SHARE = 0.0, float("inf")
waiting, running, codes = json.load(sys.stdin), 0, []
while waiting or running:
    while waiting and running < 6:
        sys.argv = ["gatebench", "sweep", *waiting.pop()]
        if os.fork() == 0:
            gatebench.cli.main()  # which ends this process
        running += 1
    codes.append(os.waitstatus_to_exitcode(os.wait()[1]))
    running -= 1
print("ended with", *codes)
"""


def test_twelve_short_sweeps_of_three_studies_at_once_leave_one_record_each(home: Tiny, tmp_path: Path):
    """Processes that begin and end all the time, six at once."""
    short = [*(o for o in SMALL if "epochs" not in o), "training.epochs=2", "cell=rnn", f"results={tmp_path}"]
    sweeps = [[*short, f"population.seeds=[{1 + i % 4},{2 + i % 4}]", f"name=study{i % 3}"] for i in range(12)]
    command, given = [sys.executable, "-c", SIX_AT_ONCE], json.dumps(sweeps)
    run = subprocess.run(command, input=given, env=home.env, cwd=home.folder, capture_output=True, text=True, timeout=240)
    assert run.stdout.endswith(f"ended with {' '.join('0' * 12)}\n"), run.stderr
    begun = [line for path in tmp_path.glob("logs/*/*.log") for line in path.read_text().splitlines() if " trains " in line]
    keys = [key for line in begun for key in line.partition(" trains ")[2].split()]
    assert len(keys) == len(set(keys)) == len(record_times(tmp_path)) == 2 + 5
    for study in ("study0", "study1", "study2"):
        assert " 0 left" in status.describe(tmp_path, study)
