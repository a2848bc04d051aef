"""Whose fault an error is: an environment's is told once, a trial's is kept with the trial, and restarts are bounded."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from gatebench.cli.compose import compose_jobs
from gatebench.records import study_file
from gatebench.records.schema import Stage
from gatebench.records.store import Store
from gatebench.study import run
from gatebench.study.job import Job, united
from gatebench.study.progress import Progress
from gatebench.training import loop
from support.commands import SMALL, environment_of, record_times, sweep
from support.datasets import Tiny


def job_of(tiny: Tiny, *overrides: str) -> Job:
    (job,) = compose_jobs([*SMALL, "cell=rnn", *overrides, f"results={tiny.folder / 'results'}"])
    return job


def train(job: Job, stage: Stage | None = None) -> bool:
    return run.run(job, Store(job.results), Progress(), lambda: False, stage=stage)


def test_data_that_is_not_on_this_node_is_no_trials_fault(tiny: Tiny):
    with environment_of(tiny):
        job = job_of(tiny)
        shutil.rmtree(tiny.data)
        tiny.data.mkdir()
        with pytest.raises(run.EnvironmentFault, match=r"tiny, rnn, .*: dataset tiny: cannot fetch .*download it by hand"):
            train(job)
    assert not list(job.results.glob("failed/*"))
    assert not list(job.results.glob("checkpoints/*"))


def test_a_sweep_tells_an_environments_fault_and_ends_with_an_error(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def missing(self: run._JobRunner) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(run._JobRunner, "_evaluate_once", missing)
    with pytest.raises(AssertionError):  # its exit status is no 0
        sweep(tiny, *SMALL)
    lines = capsys.readouterr().err.splitlines()
    assert any("data or engine cannot be loaded here (OSError: [Errno 5] Input/output error)" in line for line in lines)
    assert "adhoc: 8 trial(s) left; this trains just those: gatebench sweep " in lines[-1]
    assert not list((tiny.folder / "results").glob("failed/*"))


@pytest.mark.parametrize(("seconds_of_epoch", "timed"), [(0.03, 7), (30.0, 1)])
def test_the_pace_of_a_job_is_that_of_as_many_epochs_as_take_a_while(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, seconds_of_epoch: float, timed: int
):
    """And not of the first one, which compiles."""
    clock, run_epoch, trained = [0.0], loop.Population.run_epoch, []

    def run_timed_epoch(self: loop.Population) -> None:
        run_epoch(self)
        clock[0] += seconds_of_epoch if trained else 100.0
        trained.append(len(self.active))

    monkeypatch.setattr(run, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(loop.Population, "run_epoch", run_timed_epoch)
    with environment_of(tiny):
        job = job_of(tiny, "search.size=3", "training.epochs=2", "training.batch=8")
        assert run.seconds_per_epoch(job) == pytest.approx(seconds_of_epoch / 3)
    assert trained == [3] * (1 + timed)


def test_a_stage_is_trained_alone_and_the_next_one_goes_on_from_it(tiny: Tiny):
    with environment_of(tiny):
        job = job_of(tiny)
        searched, store = {member.key for member in job.searched()}, Store(job.results)
        assert not train(job, "confirm"), "nothing is selected yet"
        assert store.finished() == set()
        assert train(job, "search")
        assert store.finished() == searched
        assert train(job, "confirm")
        (point,) = study_file.read(job.results, job.study)
        assert store.finished() == searched | set(point.confirm)
        assert len(point.confirm) == 2
        before = record_times(job.results)
        assert train(job)
        assert record_times(job.results) == before


def test_too_little_memory_for_one_trial_is_no_trials_fault(tiny: Tiny, monkeypatch: pytest.MonkeyPatch):
    def exhausted(self: loop.Population) -> None:
        raise MemoryError

    monkeypatch.setattr(loop.Population, "run_epoch", exhausted)
    with environment_of(tiny):
        job = job_of(tiny)
        with pytest.raises(run.EnvironmentFault, match="there is not enough memory for a single trial"):
            train(job)
    assert not list(job.results.glob("failed/*"))


def test_an_error_of_every_trial_restarts_a_bounded_number_of_times(tiny: Tiny, monkeypatch: pytest.MonkeyPatch):
    starts = []

    def broken(self: loop.Population) -> None:
        starts.append(len(self.active))
        raise ZeroDivisionError("of every trial")

    monkeypatch.setattr(loop.Population, "run_epoch", broken)
    with environment_of(tiny):
        job = job_of(tiny, "search.size=64", "population.max=64")
        train(job)
    assert len(starts) <= run.RESTARTS + 1 < 2 * 64 - 1  # as many as halving down to one would take
    errors = [record.summary.error for record in Store(job.results).failures([m.key for m in job.searched()]).values()]
    assert len(errors) == 64
    assert all(error is not None and error.endswith("ZeroDivisionError: of every trial\n") for error in errors)
    assert any(error is not None and error.startswith("one of ") for error in errors)


def test_a_command_for_some_seeds_leaves_the_study_and_its_published_records(tiny: Tiny):
    results = tiny.folder / "results"
    sweep(tiny, *SMALL)
    before = study_file.read(results, "adhoc")
    published = Store(results).publish("adhoc", study_file.keys(before))
    shutil.rmtree(results / "trials")
    content = published.read_bytes()
    assert sweep(tiny, *SMALL, "population.seeds=[1]").startswith("adhoc: nothing to train")
    assert study_file.read(results, "adhoc") == before
    assert Store(results).publish("adhoc", study_file.keys(before)).read_bytes() == content


def test_two_searches_of_one_name_are_two_points(tiny: Tiny):
    sweep(tiny, *(o for o in SMALL if "search" not in o), "cell=rnn", "search.size=2,3")
    points = study_file.read(tiny.folder / "results", "adhoc")
    assert [point.labels.training for point in points] == ["modern epochs=4 search.size=2", "modern epochs=4 search.size=3"]
    assert [len(point.search) for point in points] == [2, 3]
    assert points[1].search[:2] == points[0].search


def test_jobs_of_one_point_are_one_with_the_seeds_of_both(tiny: Tiny):
    with environment_of(tiny):
        few, more = (job_of(tiny, f"population.seeds={seeds}") for seeds in ("[1,2]", "[2,5]"))
        (both,) = united([few, more])
    assert both.seeds == ((1, 2, 5),)
    assert united([more, few])[0].seeds == ((2, 5, 1),)
    assert Path(both.results) == few.results
