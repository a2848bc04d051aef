"""Errors of single trials: they end alone, are kept, and are retried."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from gatebench.records import frame, status, study_file
from support.commands import COMMAND, SMALL, record_times, sweep, without_compile_lines
from support.datasets import Tiny

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
    without_fault, with_fault = (
        frame.load(folder, "adhoc").trials.set_index(["key", "split"]) for folder in (tmp_path, results)
    )
    failed = with_fault[with_fault.status == "failed"]
    assert set(failed.seed) == {2}
    assert set(failed.cell) == {"rnn", "gru"}
    assert failed.nll.isna().all()
    others = with_fault[with_fault.status == "finished"].nll
    assert len(others) == (2 * 2 + 2 * 2) * 3
    pd.testing.assert_series_equal(others.sort_index(), without_fault.nll.loc[others.index].sort_index(), rtol=1e-4)


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
    status_lines = status.describe(results, "adhoc").splitlines()
    edge = "4 of 5 done, 1 failed, 1 selected at an edge of lr"
    assert [line.partition(": ")[2] for line in status_lines[:2]] == [edge] * 2
    assert status_lines[2].startswith("adhoc: 8 trials done, 2 failed, 2 left")


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
