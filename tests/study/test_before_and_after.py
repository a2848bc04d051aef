"""What a sweep says before and after: its dry run, its status."""

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

from gatebench.records import status, study_file
from gatebench.records.store import Store
from support.commands import SMALL, record_times, sweep
from support.datasets import Tiny
from support.processes import start_sweep, wait_for_trials


def test_a_dry_run_counts_and_trains_nothing(home: Tiny, tmp_path: Path):
    printed = sweep(home, *SMALL, "--dry-run", results=tmp_path).splitlines()
    assert len(printed) == 3
    assert printed[0].startswith(
        "tiny, rnn, units_64 units=6, modern epochs=4 search.size=2: 6 units, 4 trials, 4 to train, at most "
    )
    assert printed[0].endswith(" core-minutes")
    assert printed[2].startswith("adhoc: 8 trials, 8 to train, at most about ")
    assert " min on " in printed[2]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_dry_run_of_a_finished_study_has_nothing_left(home: Tiny, copy: Path):
    before = sorted(copy.rglob("*"))
    printed = sweep(home, *SMALL, "--dry-run", results=copy).splitlines()
    assert printed[-1].startswith("adhoc: 8 trials, 0 to train, at most about 0 min")
    assert sorted(copy.rglob("*")) == before


def test_status_at_the_end(finished: Path):
    assert status.describe(finished, "adhoc") == (
        "tiny, rnn, units_64 units=6, modern epochs=4 search.size=2: 4 of 4 done, 1 selected at an edge of lr\n"
        "tiny, gru, units_64 units=6, modern epochs=4 search.size=2: 4 of 4 done, 1 selected at an edge of lr\n"
        "adhoc: 8 trials done, 0 left"
    )


def test_status_midway(home: Tiny, tmp_path: Path):
    process = start_sweep(home, tmp_path, *SMALL, "training.patience=1000", "training.epochs=4000")
    wait_for_trials(tmp_path, 0, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    rnn, gru, total = status.describe(tmp_path, "adhoc").splitlines()
    where = "units_64 units=6, modern epochs=4000 patience=1000 search.size=2"
    assert rnn == f"tiny, rnn, {where}: 0 of 4 done, 2 checkpointed"
    assert gru == f"tiny, gru, {where}: 0 of 4 done"
    assert total == "adhoc: 0 trials done, 8 left"


def test_status_between_two_jobs(home: Tiny, copy: Path):
    """A study whose second job has not begun: its plan counts, and the time left is that of as many trials."""
    spent = sum(record.summary.seconds for record in Store(copy).read(list(record_times(copy))).values())
    sweep(home, *SMALL, "cell=lstm", "training.epochs=4", results=copy)
    points = study_file.read(copy, "adhoc")
    study_file.path(copy, "adhoc").unlink()
    for point in points:
        if point.labels.cell == "lstm":
            for key in point.keys:
                shutil.rmtree(copy / "trials" / key)
            point = replace(point, selected=None, confirm=[], edges=[])
        study_file.add_points(copy, "adhoc", [point])
    lines = status.describe(copy, "adhoc").splitlines()
    assert lines[2].endswith(": 0 of 4 done")
    minutes = f"{4 * spent / 8 / 60:.0f}"
    assert lines[-1] == f"adhoc: 8 trials done, 4 left, about {minutes} core-minutes at the pace so far"
