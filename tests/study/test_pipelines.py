"""The whole procedure, repeated: each pipeline draws, searches, selects and confirms by itself, and the first is as ever."""

import json
import math
import os
import re
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gatebench.cli.compose import compose_jobs
from gatebench.core.errors import BadInput
from gatebench.records import frame, status, study_file
from gatebench.records.schema import Point
from gatebench.records.store import Store
from gatebench.study import run
from gatebench.study.job import Job, united
from gatebench.study.progress import Progress
from gatebench.study.select import remainder, selected
from support.commands import LONG, SMALL, environment_of, record_times, result_columns, sweep
from support.datasets import Tiny
from support.processes import start_sweep
from support.records import alter, seal

PUBLISHED = Path(__file__).resolve().parents[2] / "results"
THREE = [
    *(o for o in LONG if o.partition("=")[0] not in ("training.epochs", "search.size")), "training.epochs=12",
    "search.size=4", "pipelines=3", "search.extend=1", "population.max=5", "training.ranges.lr={low:0.01,high:1}",
]  # fmt: skip
"""Two cells of three pipelines, in populations that several pipelines share; some searches are extended, some are not."""


@pytest.fixture(scope="module")
def three(home: Tiny) -> Path:
    """Results of `THREE`. Tests look at it and work on copies."""
    results = home.folder / "three"
    sweep(home, *THREE, results=results)
    return results


@pytest.fixture
def three_copy(three: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(three, tmp_path / "results"))


def jobs_of(tiny: Tiny, *overrides: str) -> list[Job]:
    with environment_of(tiny):
        jobs = compose_jobs([*THREE, *overrides])
        assert all(job.framing for job in jobs)  # each has loaded its card
        return jobs


def points_of(results: Path, cell: str = "rnn") -> list[Point]:
    return [point for point in study_file.read(results, "adhoc") if point.labels.cell == cell]


def populations(results: Path) -> set[frozenset[str]]:
    """Which trials were trained together, by the logs of their jobs."""
    lines = [line for path in results.glob("logs/adhoc/*.log") for line in path.read_text().splitlines()]
    trained = [re.search(r" (?:trains|goes on with) (.*)", line) for line in lines]
    return {frozenset(found[1].split()) for found in trained if found}


@pytest.mark.parametrize("study", ["jsb", "fair"])
def test_the_first_pipeline_has_the_keys_that_are_published(study: str):
    """Of the search, in its order, and of the confirming trials: with three of them as well as alone."""
    points = {str(point.labels): point for point in study_file.read(PUBLISHED, study)}
    jobs = compose_jobs([f"study={study}", "pipelines=3", f"results={PUBLISHED}"])
    assert len(jobs) >= 7
    for job in jobs:
        point = points[str(job.labels)]
        assert [member.key for member in job.searched(1)] == point.search
        assert point.selected is not None
        assert {member.key for member in job.confirmed(point.selected, 1)} <= set(point.confirm)


def test_more_pipelines_contain_the_fewer_ones(home: Tiny):
    for fewer, more in zip(jobs_of(home, "pipelines=2"), jobs_of(home, "pipelines=5"), strict=True):
        assert (fewer.pipelines, more.pipelines) == (2, 5)
        for pipeline in (1, 2):
            assert fewer.searched(pipeline) == more.searched(pipeline)
            setting = fewer.search.settings()[0]
            assert fewer.confirmed(setting, pipeline) == more.confirmed(setting, pipeline)
        keys = [member.key for pipeline in range(1, 6) for member in more.searched(pipeline)]
        keys += [member.key for pipeline in range(1, 6) for member in more.confirmed(more.search.settings()[0], pipeline)]
        assert len(set(keys)) == len(keys) == 5 * (4 + 2)


def test_pipelines_differ_in_settings_and_seeds_and_are_the_same_for_every_cell(three: Path):
    trials = frame.load(three, "adhoc").trials.query("split == 'valid'")
    searched, confirmed = trials[trials.stage == "search"], trials[trials.stage == "confirm"]
    assert set(zip(searched.pipeline, searched.seed, strict=True)) == {(1, 0), (2, 1000), (3, 2000)}
    assert set(zip(confirmed.pipeline, confirmed.seed, strict=True)) == {
        (pipeline, 1000 * (pipeline - 1) + seed) for pipeline in (1, 2, 3) for seed in (1, 2)
    }
    by_cell = [[(p, list(rates[:4])) for p, rates in of.groupby("pipeline").lr] for _, of in searched.groupby("cell")]
    assert by_cell[0] == by_cell[1]
    assert len({rate for _, rates in by_cell[0] for rate in rates}) == 3 * 4


def test_each_pipeline_selects_by_its_own_search_and_is_extended_by_the_rule(three: Path):
    """The rule of `gatebench.study.search` once more, on what was trained."""
    trials = frame.load(three, "adhoc").trials.query("split == 'valid'")
    sizes = set()
    for (_, _), of in trials.groupby(["cell", "pipeline"]):
        searched = of[of.stage == "search"]
        best = searched[:4].sort_values("nll").lr.iloc[0]
        is_at_edge = not 0.1 <= math.log10(best / 0.01) / 2 <= 0.9
        assert len(searched) == (6 if is_at_edge else 4)
        assert set(of[of.stage == "confirm"].lr) == {searched.sort_values("nll").lr.iloc[0]}
        sizes.add(len(searched))
    assert sizes == {4, 6}, "the study shows both"


# After so many records or checkpoints: when one pipeline could be extended and the search of another has not begun, amid the
# extensions, and twice at some other time.
MOMENTS = [{"writes": 5, "save_every": 3600}, {"writes": 13, "save_every": 3600}, {"saves": 50}, {"saves": 90}]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_killed_study_of_pipelines_goes_on_to_the_same_end(
    home: Tiny, three: Path, tmp_path: Path, moment: dict[str, int]
):
    process = start_sweep(home, tmp_path, *THREE, **moment)
    process.communicate(timeout=90)
    assert process.returncode == -signal.SIGKILL
    before = record_times(tmp_path)
    status.describe(tmp_path, "adhoc")
    sweep(home, *THREE, results=tmp_path)
    assert {key: record_times(tmp_path)[key] for key in before} == before
    pd.testing.assert_frame_equal(result_columns(tmp_path), result_columns(three), check_exact=True)
    assert study_file.read(tmp_path, "adhoc") == study_file.read(three, "adhoc")
    assert populations(tmp_path) == populations(three)
    assert not list(tmp_path.glob("checkpoints/*/state.safetensors"))


def test_a_finished_study_is_given_further_pipelines_and_keeps_them(home: Tiny, copy: Path):
    before, points = record_times(copy), study_file.read(copy, "adhoc")
    printed = sweep(home, *SMALL, "pipelines=2", results=copy)
    assert printed.startswith("adhoc: 16 trials in 2 job(s), 8 finished, 8 to train\n")
    after = record_times(copy)
    assert {key: after[key] for key in before} == before
    grown = study_file.read(copy, "adhoc")
    assert [point for point in grown if point.pipeline == 1] == points
    assert sorted(point.name for point in grown) == sorted(
        name for point in points for name in (str(point.labels), f"{point.labels}, pipeline 2")
    )
    assert sweep(home, *SMALL, results=copy).startswith("adhoc: nothing to train, all 8 trials are finished\n")
    assert sweep(home, *SMALL, "pipelines=2", results=copy).startswith("adhoc: nothing to train, all 16")
    assert study_file.read(copy, "adhoc") == grown


def test_a_pipeline_sees_validation_of_its_own_search_alone(home: Tiny, three_copy: Path):
    """A score that is lowest by far changes the selection of the pipeline that it belongs to, if it is one of validation."""
    (job,) = jobs_of(home, "cell=rnn", "search.extend=0")
    store = Store(three_copy)
    before = [selected(job, store, pipeline) for pipeline in (1, 2, 3)]
    of_second = points_of(three_copy)[1]
    worst = next(member for member in job.searched(2) if member.hyperparameters != before[1])
    for key, split in ((worst.key, "test"), (of_second.confirm[0], "valid"), (worst.key, "valid")):
        path = three_copy / "trials" / key / "record.json"
        record = json.loads(path.read_text())
        record["summary"]["scores"][split]["nll"] = -100.0
        path.write_text(json.dumps(record))
        seal(path.parent)
        after = [selected(job, Store(three_copy), pipeline) for pipeline in (1, 2, 3)]
        is_its_own = key == worst.key and split == "valid"
        assert after == [before[0], worst.hyperparameters if is_its_own else before[1], before[2]]


def test_a_pipeline_in_which_all_diverged_is_a_result_and_leaves_the_others(
    home: Tiny, three_copy: Path, capsys: pytest.CaptureFixture[str]
):
    _, second, _ = before = points_of(three_copy)
    for key in second.search:
        alter(three_copy / "trials" / key, lambda text: text.replace('"status": "finished"', '"status": "diverged"'))
    shutil.rmtree(three_copy / "trials" / before[0].confirm[0])  # so that there is something to train
    study_file.path(three_copy, "adhoc").unlink()
    sweep(home, *THREE, "cell=rnn", results=three_copy)
    assert "every setting of rnn on tiny diverged in pipeline 2, so that none is confirmed" in capsys.readouterr().err
    first, second, third = points_of(three_copy)
    assert [first, third] == [before[0], before[2]]
    assert (len(second.search), second.selected, second.confirm, second.confirm_planned) == (4, None, [], 0)
    assert status.describe(three_copy, "adhoc").splitlines()[0].endswith("4 diverged, 3 of 3 pipelines finished")


def test_status_counts_pipelines(home: Tiny, three: Path, three_copy: Path):
    (rnn, gru, total), points = status.describe(three, "adhoc").splitlines(), study_file.read(three, "adhoc")
    trials = {cell: sum(len(point.keys) for point in points_of(three, cell)) for cell in ("rnn", "gru")}
    assert f": {trials['rnn']} of {trials['rnn']} done, 3 of 3 pipelines finished" in rnn
    assert f": {trials['gru']} of {trials['gru']} done, 3 of 3 pipelines finished" in gru
    assert total == f"adhoc: {sum(trials.values())} trials done, 0 left, 6 of 6 pipelines finished"
    shutil.rmtree(three_copy / "trials" / points[1].confirm[1])
    shutil.rmtree(three_copy / "trials" / points[2].search[0])
    rnn, gru, total = status.describe(three_copy, "adhoc").splitlines()
    assert f": {trials['rnn'] - 2} of {trials['rnn']} done, 1 of 3 pipelines finished" in rnn
    assert ", 3 of 3 pipelines finished" in gru
    assert total.startswith(f"adhoc: {sum(trials.values()) - 2} trials done, 2 left, 4 of 6 pipelines finished, about ")


def test_status_says_what_was_selected_at_an_edge(home: Tiny, tmp_path: Path):
    """Rates that are all too low: the highest one is selected, and a search that may not be extended says so."""
    low = [*SMALL, "cell=rnn", "search.size=12", "training.ranges.lr={low:1e-6,high:1e-4}", "pipelines=2"]
    sweep(home, *low, results=tmp_path)
    points = points_of(tmp_path)
    at_edge = [math.log10(point.selected.lr / 1e-6) / 2 > 0.9 for point in points if point.selected]
    assert [point.edges for point in points] == [["lr"] * is_at for is_at in at_edge]
    assert any(at_edge)
    line = status.describe(tmp_path, "adhoc").splitlines()[0]
    assert line.endswith(f"2 of 2 pipelines finished, {sum(at_edge)} selected at an edge of lr")
    written = json.loads(study_file.path(tmp_path, "adhoc").read_text())["points"].values()
    assert [point.get("edges") for point in written] == [["lr"] if is_at else None for is_at in at_edge]
    assert not any("independent" in point for point in written)


def test_a_study_says_how_many_of_its_settings_are_independent_draws(home: Tiny, tmp_path: Path):
    """What extends a search is none; nor is what is given."""
    independent = [*SMALL, "cell=rnn", "search.sampling=independent", "search.seed=2", "search.extend=1"]
    sweep(home, *independent, "training.ranges.lr={low:1e-6,high:1e-4}", results=tmp_path)
    sweep(home, *independent, "training.lr=0.01", results=tmp_path)
    searched, given = points_of(tmp_path)
    assert (searched.independent, given.independent) == (2, 0)
    assert len(searched.search) == 2 + 1


def test_a_job_says_how_much_more_its_extensions_are(home: Tiny, tmp_path: Path):
    """What it reports as done comes to what was planned and what came to it."""
    low = "training.ranges.lr={low:0.0001,high:0.001}"  # so low that every search is extended, and again
    (job,) = jobs_of(home, "cell=rnn", low, "search.extend=2", f"results={tmp_path}")
    store, done, further = Store(tmp_path), list[float](), list[float]()

    class Noted(Progress):
        def __call__(self, epochs: float) -> None:
            done.append(epochs)

        def further(self, epochs: float) -> None:
            further.append(epochs)

    planned = remainder(job, store).epochs
    assert planned == 3 * (4 + 2) * 12
    with environment_of(home):
        run.run(job, store, Noted(), lambda: False)
    extended = sum(len(point.search) - 4 for point in points_of(tmp_path))
    assert extended > 3 * 2
    assert sum(further) == extended * 12
    assert sum(done) == planned + sum(further)
    with environment_of(home):
        run.run(job, store, Noted(), lambda: False)
    assert sum(further) == extended * 12


def test_a_dry_run_counts_pipelines_and_what_extensions_may_add(
    home: Tiny, three: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run, "seconds_per_epoch", lambda job: 60.0)
    rnn, _, total = sweep(home, *THREE, "--dry-run", results=tmp_path).splitlines()
    assert "18 trials in 3 pipelines, 18 to train and up to 6 more where a search is extended, " in rnn
    assert rnn.endswith(f", at most {(18 + 6) * 12:.1f} core-minutes")
    assert total.startswith("adhoc: 36 trials, 36 to train, ")
    rnn, _, _ = sweep(home, *THREE, "--dry-run", results=three).splitlines()
    assert "in 3 pipelines, 0 to train, at most 0.0 core-minutes" in rnn


def test_two_sweeps_of_one_study_unite_their_pipelines_each_with_its_seeds(home: Tiny):
    few, wide = (jobs_of(home, "cell=rnn", *o)[0] for o in (["pipelines=1", "population.seeds=[3,4,1]"], ["pipelines=2"]))
    assert united([wide, few])[0].seeds == ((1, 2, 3, 4), (1, 2))
    assert united([few, wide])[0].seeds == ((3, 4, 1, 2), (1, 2))
    refusal = pytest.raises(BadInput, match=r"two sweeps of one study search at 'tiny, rnn, .*' for different settings")
    with environment_of(home), refusal:
        united([wide, replace(few, search=replace(few.search, extend=2))])


def test_seeds_of_several_pipelines_stay_below_a_thousand(home: Tiny):
    (alone,) = jobs_of(home, "cell=rnn", "pipelines=1", "population.seeds=[1,1000]")
    assert [member.seed for member in alone.confirmed(alone.search.settings()[0])] == [1, 1000]
    with pytest.raises(BadInput, match=r"population\.seeds has 1000, expected numbers below 1000 .*here 3"):
        united([alone, jobs_of(home, "cell=rnn")[0]])


def test_two_sweeps_at_once_with_different_pipelines_come_to_one_study(home: Tiny, three: Path, tmp_path: Path):
    processes = [start_sweep(home, tmp_path, *THREE, f"pipelines={n}", save_every=3600) for n in (1, 3)]
    outputs = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert os.listdir(tmp_path / "checkpoints") == []
    assert set(record_times(tmp_path)) == set(record_times(three))
    assert {point.name: point for point in study_file.read(tmp_path, "adhoc")} == {
        point.name: point for point in study_file.read(three, "adhoc")
    }
