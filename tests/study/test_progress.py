"""How far a sweep is: what jobs report, and the lines that are made of it."""

import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gatebench.study import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time that is read, which stands still unless a test moves it."""
    clock = SimpleNamespace(now=1000.0, monotonic_ns=iter(range(9)).__next__)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(progress, "time", clock)
    return clock


def population(epoch: int, active: int, *, nll: float = 2.5, update: int = 7, under_way: object = None) -> Any:
    """What is read of four trials, of which so many have not stopped."""
    return SimpleNamespace(
        epoch=epoch, active=list(range(active)), members=list(range(4)), under_way=under_way,
        status=["running"] * active + ["finished"] * (4 - active), training=SimpleNamespace(epochs=10),
        best_nll=np.array([nll, np.inf, np.inf, np.inf]), updates=np.array([update, update, 1, 1]),
    )  # fmt: skip


def test_a_line_for_the_sweep_and_one_for_each_worker(tmp_path: Path, clock: SimpleNamespace):
    display = progress.Display(tmp_path, "mine", 100)
    assert display.lines() == ["mine: 0 of at most 100 epochs, 0:00 so far"]
    report = progress.ProgressReport(tmp_path, "jsb", "lstm")
    trained = population(1, 4, nll=np.inf, under_way="the first epoch")
    report.at("search", trained)
    assert display.lines()[1] == "  lstm  search  epoch 1 of 10  4 trials  update 7"
    clock.now += 4
    vars(trained).update(vars(population(2, 4)))
    report(8)
    report.at("search", trained)
    clock.now += 1
    report.at("search", trained)
    # Eight epochs of single trials in five seconds, and 32 of them are left.
    assert display.lines() == [
        "mine: 8 of at most 100 epochs, 0:05 so far, at most 0:58 left",
        "  lstm  search  epoch 2 of 10  4 trials  NLL 2.5  1.6 epochs/s  at most 0:20 left",
    ]
    report.end()
    assert display.lines() == ["mine: 8 of at most 100 epochs, 0:05 so far, at most 0:58 left"]


def test_an_epoch_under_way_is_not_over_and_a_trial_that_stopped_is(tmp_path: Path, clock: SimpleNamespace):
    report = progress.ProgressReport(tmp_path)
    trained = population(1, 4, under_way="an epoch")
    report.at("confirm", trained)
    clock.now += 10
    vars(trained).update(vars(population(3, 1, under_way="an epoch")))
    report.at("confirm", trained)
    (where,) = [progress.Whereabouts(**json.loads(path.read_text())) for path in tmp_path.glob("*.json")]
    assert (where.rate, where.left, where.trials) == (3.2, 8.0, 1)  # of 40, 2 + 3 * 10 are over


def test_a_population_that_goes_on_has_the_rate_of_what_it_did_here(tmp_path: Path, clock: SimpleNamespace):
    report = progress.ProgressReport(tmp_path, cell="gru")
    resumed = population(8, 4)
    report.at("confirm", resumed)
    clock.now += 2
    vars(resumed).update(vars(population(9, 4)))
    report.at("confirm", resumed)
    assert (
        progress.Display(tmp_path, "mine", 100)
        .lines()[1]
        .endswith("epoch 9 of 10  4 trials  NLL 2.5  2 epochs/s  at most 0:02 left")
    )


def test_what_nobody_knew_of_before_is_added(tmp_path: Path, clock: SimpleNamespace):
    display, report = progress.Display(tmp_path, "study", 100), progress.ProgressReport(tmp_path)
    for step, epochs in ((report, 100), (report.further, 20), (report, 10)):
        step(epochs)
        clock.now += 1
    assert display.lines() == ["study: 110 of at most 120 epochs, 0:03 so far, at most 0:01 left"]


def test_columns_stand_below_one_another_and_tasks_are_named_where_they_differ(tmp_path: Path, clock: SimpleNamespace):
    for number, (task, cell) in enumerate([("jsb", "lstm_peephole"), ("muse", "gru")]):
        report = progress.ProgressReport(tmp_path, task, cell)
        report._where.worker = f"worker {number}"
        report.at("search", population(1, 4))
    assert progress.Display(tmp_path, "mine", 8).lines()[1:] == [
        "  jsb lstm_peephole  search  epoch 1 of 10  4 trials  NLL 2.5",
        "  muse gru           search  epoch 1 of 10  4 trials  NLL 2.5",
    ]


def test_a_worker_has_one_line_that_of_its_last_job(tmp_path: Path, clock: SimpleNamespace):
    for cell in ("rnn", "gru"):
        progress.ProgressReport(tmp_path, cell=cell).at("search", population(1, 1))
    (line,) = progress.Display(tmp_path, "mine", 8).lines()[1:]
    assert line == "  gru  search  epoch 1 of 10  1 trial  NLL 2.5"


def test_workers_that_ended_have_no_line_and_silence_is_said(tmp_path: Path, clock: SimpleNamespace):
    display = progress.Display(tmp_path, "mine", 8)
    progress.ProgressReport(tmp_path, cell="rnn").at("search", population(1, 4))
    assert len(display.lines()) == 2
    clock.now += 75
    assert display.lines()[1].endswith("  no news for 1:15")
    display.workers_ended()
    assert len(display.lines()) == 1
    progress.ProgressReport(tmp_path, cell="gru").at("search", population(1, 4))
    assert "gru" in display.lines()[1]


def test_between_two_reports_a_population_is_not_even_looked_at(tmp_path: Path, clock: SimpleNamespace):
    report, trained = progress.ProgressReport(tmp_path), population(1, 4)
    report.at("search", trained)
    del trained.best_nll  # who looks would fail
    report.at("search", trained)
    clock.now += progress.EVERY + 0.01
    with pytest.raises(AttributeError):
        report.at("search", trained)


def test_a_report_is_read_whole_while_others_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "EVERY", -1.0)
    report, over, read = progress.ProgressReport(tmp_path), threading.Event(), 0
    writer = threading.Thread(target=lambda: [report(1.0) for _ in iter(over.is_set, True)])
    writer.start()
    try:
        display = progress.Display(tmp_path, "study", 10**9)
        for _ in range(300):
            read += len(display.lines())
    finally:
        over.set()
        writer.join()
    assert read == 300


def test_a_job_that_outlives_its_command_goes_on_in_silence(tmp_path: Path):
    folder = tmp_path / "gone"
    report = progress.ProgressReport(folder)
    report(1.0)
    report.at("search", population(1, 4))
    report.end()
    assert not folder.exists()


def test_without_a_terminal_all_is_one_plain_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    printed, ask = threading.Event(), os.fspath(tmp_path)
    monkeypatch.setattr(progress, "PLAIN_EVERY", 0.01)
    progress.ProgressReport(Path(ask), cell="gru").at("search", population(1, 4))
    lines = progress.Display.lines

    def counted(display: progress.Display) -> list[str]:
        seen.append(1)
        printed.set() if len(seen) > 1 else None
        return lines(display)

    seen: list[int] = []
    monkeypatch.setattr(progress.Display, "lines", counted)
    with progress.shown(tmp_path, "mine", 8):
        assert printed.wait(60)
    first = capfd.readouterr().err.splitlines()[0]
    assert first == "mine: 0 of at most 8 epochs, 0:01 so far; gru search epoch 1 of 10 4 trials NLL 2.5"
