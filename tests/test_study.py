"""Studies end to end: what is trained, what is not, and that an interruption leaves no trace in the results."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest

from gatebench.core.errors import BadInput
from gatebench.core.files import atomic_write
from gatebench.records import checkpoints, collection, frame, status, study_file
from gatebench.records.checkpoints import Checkpoint
from gatebench.records.store import Store
from gatebench.study import progress
from gatebench.study.select import best_key
from gatebench.training import machine
from support.commands import COMMAND, LONG, SMALL, environment_of, record_times, result_columns, sweep, without_compile_lines
from support.datasets import Tiny, make_tiny
from support.processes import assert_group_ends, start_sweep, wait_for_trials

pytestmark = pytest.mark.xdist_group("study")  # one worker: they share what a fixture trains


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def finished(home: Tiny) -> Path:
    """Results of a finished study, run as its user does. Tests look at it and work on copies."""
    results = home.folder / "finished"
    command = [COMMAND, "sweep", *SMALL, f"results={results}"]
    run = subprocess.run(command, env=home.env, cwd=home.folder, capture_output=True, text=True, check=True)
    assert without_compile_lines(run.stderr) == ""
    assert run.stdout == (
        "adhoc: 8 trials in 2 job(s), 0 finished, 8 to train\n"
        f"adhoc: all trials are finished\nnext: gatebench report adhoc --results {results}\n"
    )
    return results


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "results"))


def test_a_study_trains_every_stage_of_every_job(finished: Path):
    trials = frame.load(finished, "adhoc").trials
    assert trials.groupby(["cell", "stage"]).key.nunique().to_dict() == {
        (cell, stage): 2 for cell in ("gru", "rnn") for stage in ("confirm", "search")
    }
    assert set(trials.status) == {"finished"}
    # No checkpoint and nothing half-written stays.
    assert {path.name for path in finished.iterdir()} <= {"adhoc", "trials", "trials.lock", "logs", "checkpoints"}
    assert not list(finished.glob("checkpoints/*"))
    assert not list(finished.glob("logs/progress-*"))


def test_confirming_trials_run_at_the_rate_that_was_best_on_validation(finished: Path):
    trials = frame.load(finished, "adhoc").trials
    for cell in ("rnn", "gru"):
        valid = trials[(trials.cell == cell) & (trials.stage == "search") & (trials.split == "valid")]
        best = valid.loc[valid.nll.idxmin()].lr
        assert set(trials[(trials.cell == cell) & (trials.stage == "confirm")].lr) == {best}


def test_a_search_may_be_shorter_than_what_it_selects_for(home: Tiny, copy: Path, tmp_path: Path):
    """Its trials are trials of fewer epochs, with their own keys and their own decay; the plan counts them so."""
    printed = sweep(home, *SMALL, "cell=rnn", "search.epochs=2", results=tmp_path)
    assert printed.startswith("adhoc: 4 trials in 1 job(s), 0 finished, 4 to train\n")
    trials = frame.load(tmp_path, "adhoc").trials.query("split == 'valid'")
    assert set(trials[trials.stage == "search"].epochs) == {2}
    assert set(trials[trials.stage == "confirm"].epochs) == {4}
    for done in Store(tmp_path).read(list(Store(tmp_path).finished())).values():
        assert done.settings.training["epochs"] == (2 if done.settings.seed == 0 else 4)
    assert sweep(home, *SMALL, "cell=rnn", "search.epochs=2", results=tmp_path).startswith("adhoc: nothing to train")
    # As long as a confirming trial is the same as not said at all.
    for epochs in (4, 99):
        assert sweep(home, *SMALL, f"search.epochs={epochs}", results=copy).startswith("adhoc: nothing to train, all 8")


def test_the_same_command_again_trains_nothing_and_says_so(home: Tiny, copy: Path):
    before = record_times(copy)
    printed = sweep(home, *SMALL, results=copy)
    assert printed.startswith("adhoc: nothing to train, all 8 trials are finished\n")
    assert record_times(copy) == before


def test_a_trial_of_two_budgets_that_come_to_the_same_cell_is_one(home: Tiny, copy: Path):
    printed = sweep(home, *SMALL, "budget=units_48,units_64", results=copy)
    assert printed.startswith("adhoc: nothing to train, all 8 trials are finished\n")
    assert {len(point.confirm) for point in study_file.read(copy, "adhoc")} == {2}


def test_one_more_seed_trains_that_seed(home: Tiny, copy: Path):
    before = record_times(copy)
    printed = sweep(home, *SMALL, "population.seeds=[1,2,5]", results=copy)
    assert printed.startswith("adhoc: 10 trials in 2 job(s), 8 finished, 2 to train\n")
    after = record_times(copy)
    assert {key: after[key] for key in before} == before
    trials = frame.load(copy, "adhoc").trials
    new = trials[trials.key.isin(after.keys() - before.keys())]
    assert set(zip(new.cell, new.seed, strict=True)) == {("rnn", 5), ("gru", 5)}
    assert set(new.population_size) == {1}  # nobody was trained again beside it


def test_a_larger_search_keeps_the_rates_that_were_tried(home: Tiny, copy: Path):
    before, tried = record_times(copy), frame.load(copy, "adhoc").trials.query("stage == 'search'")
    sweep(home, *SMALL, "search.size=3", results=copy)
    after, now = record_times(copy), frame.load(copy, "adhoc").trials.query("stage == 'search'")
    assert {key: after[key] for key in before} == before
    assert set(tried.key) < set(now.key)
    assert now.groupby("cell").lr.nunique().to_dict() == {"gru": 3, "rnn": 3}
    assert set(now[~now.key.isin(tried.key)].population_size) == {1}


def test_a_given_rate_makes_the_search_superfluous(home: Tiny, tmp_path: Path):
    sweep(home, *SMALL, "cell=rnn", "training.lr=0.02", results=tmp_path)
    trials = frame.load(tmp_path, "adhoc").trials
    assert (set(trials.stage), set(trials.lr), set(trials.seed)) == ({"confirm"}, {0.02}, {1, 2})


def test_rate_noise_and_decay_are_searched_together_and_all_are_selected(home: Tiny, tmp_path: Path):
    free = ["training.weight_noise=null", "training.weight_decay=null", "training.ranges.weight_decay={low:0.01,high:1}"]
    printed = sweep(home, *SMALL, "cell=gru", *free, "search.size=3", results=tmp_path)
    assert printed.startswith("adhoc: 5 trials in 1 job(s)")
    trials = frame.load(tmp_path, "adhoc").trials.query("split == 'valid'")
    searched, confirmed = trials[trials.stage == "search"], trials[trials.stage == "confirm"]
    tuned = ["lr", "weight_noise", "weight_decay"]
    assert searched[tuned].nunique().tolist() == [3, 3, 3]
    best = searched.loc[searched.nll.idxmin(), tuned]
    assert (confirmed[tuned] == best).all(axis=None)
    (point,) = study_file.read(tmp_path, "adhoc")
    assert asdict(point.selected) == best.to_dict()


def test_a_record_keeps_every_test_sequence(home: Tiny, finished: Path):
    with environment_of(home):
        test = home.load().splits["test"]
    for key, found in Store(finished).read(list(Store(finished).finished())).items():
        assert list(found.sequences.steps) == [len(sequence) for sequence in test], key
        scores, kept = found.summary.scores["test"], found.sequences
        assert kept.nll.sum() / kept.steps.sum() == pytest.approx(scores.nll, rel=1e-12)
        assert (kept.nll / kept.steps).mean() == pytest.approx(scores.nll_sequence_mean, rel=1e-12)


# A study of several sweeps

TWO = """# @package _global_
name: two
parts:
  - [cell=lstm, training.batch=5]
  - [study=other]
training: { epochs: 2 }
budget: { units: 5 }
search: { size: 1 }
population: { seeds: [1] }
hydra: { sweeper: { params: { cell: 'rnn, gru', budget: units_64, task: tiny } } }
"""


@pytest.fixture
def two(home: Tiny) -> Iterator[Path]:
    folder = home.plugin_folder / "conf" / "study"
    folder.mkdir(exist_ok=True)
    other = TWO.replace("'rnn, gru'", "gru_reset_after").partition("parts:")
    (folder / "two.yaml").write_text(TWO)
    (folder / "other.yaml").write_text(other[0] + other[2].partition("\n  - [study=other]\n")[2])
    yield folder / "two.yaml"
    shutil.rmtree(folder)


HERE = ["publish=false", "hydra/launcher=basic"]


@pytest.mark.usefixtures("two")
def test_a_study_may_be_several_sweeps(home: Tiny, tmp_path: Path):
    printed = sweep(home, "study=two", *HERE, results=tmp_path)
    assert printed.startswith("two: 8 trials in 4 job(s), 0 finished, 8 to train\n")
    cells = {(point.labels.cell, point.labels.training) for point in study_file.read(tmp_path, "two")}
    assert cells == {("rnn", "modern"), ("gru", "modern"), ("lstm", "modern batch=5"), ("gru_reset_after", "modern")}
    assert sweep(home, "study=two", *HERE, results=tmp_path).startswith("two: nothing to train, all 8")


def test_a_part_may_give_one_cell_further_seeds(home: Tiny, two: Path, tmp_path: Path):
    two.write_text(TWO.replace("[cell=lstm, training.batch=5]", "[cell=gru, 'population.seeds=[1,2,3]']"))
    assert sweep(home, "study=two", *HERE, results=tmp_path).startswith(
        "two: 8 trials in 3 job(s), 0 finished, 8 to train\n"
    )
    seeds = {point.labels.cell: len(point.confirm) for point in study_file.read(tmp_path, "two")}
    assert seeds == {"rnn": 1, "gru": 3, "gru_reset_after": 1}
    assert sweep(home, "study=two", *HERE, results=tmp_path).startswith("two: nothing to train, all 8")


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("chosen", "cells"),
    [("cell=gru", {"gru"}), ("task=tiny", {"rnn", "gru", "lstm"}), ("training.batch=3", {"rnn", "gru", "gru_reset_after"})],
)
def test_a_part_that_chooses_otherwise_is_left_out(home: Tiny, tmp_path: Path, chosen: str, cells: set[str]):
    *jobs, total = sweep(home, "study=two", chosen, "--dry-run", *HERE, results=tmp_path).splitlines()
    assert {job.split(", ")[1] for job in jobs} == cells
    assert total.startswith("two: ")


@pytest.mark.parametrize(
    ("parts", "told"), [("parts: 3", "expected a list of lists of overrides"), ("parts: [[", "cannot be read")]
)
def test_parts_that_are_none_are_told(home: Tiny, two: Path, tmp_path: Path, parts: str, told: str):
    two.write_text(f"# @package _global_\nname: two\n{parts}\n")
    with pytest.raises(BadInput, match=told):
        sweep(home, "study=two", *HERE, results=tmp_path)


# Selection


def rows(*trials: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(trials, columns=["key", "split", "status", "nll"])


def test_selection_refuses_to_see_the_test_split():
    seen = rows(("a", "valid", "finished", 2.0), ("a", "test", "finished", 2.0))
    with pytest.raises(ValueError, match="test split"):
        best_key(seen)


def test_selection_takes_the_lowest_validation_nll_of_trials_that_finished():
    trials = rows(
        ("a", "valid", "finished", 3.0),
        ("b", "valid", "finished", 2.0),
        ("c", "valid", "diverged", 1.0),
        ("d", "valid", "finished", 2.5),
        ("d", "train", "finished", 0.5),
    )
    assert best_key(trials) == "b"
    assert best_key(trials[trials.status == "diverged"]) is None


def test_selection_within_a_study_never_touches_the_test_split(home: Tiny, copy: Path):
    """Test scores that would turn the choice around do not."""
    points = {point.labels.cell: point for point in study_file.read(copy, "adhoc")}
    chosen = {cell: point.selected for cell, point in points.items()}
    for point in points.values():
        for key in point.search:
            path = copy / "trials" / key / "record.json"
            record = json.loads(path.read_text())
            record["summary"]["scores"]["test"]["nll"] = -record["summary"]["scores"]["valid"]["nll"]
            path.write_text(json.dumps(record))
    sweep(home, *SMALL, results=copy)
    assert {p.labels.cell: p.selected for p in study_file.read(copy, "adhoc")} == chosen


def test_a_search_in_which_every_setting_diverges_is_told_and_is_a_result(
    home: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    wild = [*SMALL, "cell=rnn", "training.ranges.lr={low:1e35,high:1e37}", "training.clip_norm=null"]
    sweep(home, *wild, results=tmp_path)
    assert "adhoc: every setting of rnn on tiny diverged, so that none is confirmed" in capsys.readouterr().err
    assert status.describe(tmp_path, "adhoc").endswith("adhoc: 2 trials done, 0 left")
    assert sweep(home, *wild, results=tmp_path).startswith("adhoc: nothing to train, all 2 trials are finished")
    found = Store(tmp_path)
    assert {record.summary.status for record in found.read(sorted(found.finished())).values()} == {"diverged"}
    assert "2 of 2 done, 2 diverged" in status.describe(tmp_path, "adhoc")


# Interruption


@pytest.fixture(scope="module")
def undisturbed(home: Tiny) -> pd.DataFrame:
    results = home.folder / "undisturbed"
    sweep(home, *LONG, results=results)
    found = result_columns(results)
    assert len(found) == 8 * 3
    return found


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


def test_the_progress_bar_bears_a_report_that_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An exception in the bar's thread would be an error here."""
    monkeypatch.setattr(progress, "EVERY", 0.01)
    folder = tmp_path / "progress"
    folder.mkdir()
    with progress.bar(folder, "study", 100):
        report = progress.ProgressReport(folder)
        report(3.0)
        whole = next(folder.glob("*.json"))
        atomic_write(whole, lambda partial: (partial.write_text(""), time.sleep(0.1), partial.write_text("4.0")))


# Without training


def test_a_machine_compiles_for_a_study_once_and_says_so(home: Tiny, tmp_path: Path):
    env = {**home.env, "GATEBENCH_CACHE": str(tmp_path / "cache")}
    said = []
    for name in ("first", "second"):
        command = [COMMAND, "sweep", *SMALL, "cell=rnn", f"results={tmp_path / name}"]
        run = subprocess.run(command, env=env, cwd=home.folder, capture_output=True, text=True, check=True)
        assert without_compile_lines(run.stderr) == ""
        said.append([line.partition(" for this machine")[0] for line in run.stderr.splitlines()])
    made = ("cell rnn", "likelihood bernoulli", "optimizer adam")
    assert said == [[f"gatebench: compiled {what}" for what in made], []]
    pd.testing.assert_frame_equal(result_columns(tmp_path / "first"), result_columns(tmp_path / "second"), check_exact=True)


def test_the_engine_of_the_study_is_the_one_asked_for(home: Tiny, finished: Path, tmp_path: Path):
    """It is on the record, changes no key and, but for rounding, no number."""
    sweep(home, *SMALL, "engine=reference", results=tmp_path)
    fast, slow = (frame.load(results, "adhoc").trials for results in (finished, tmp_path))
    assert (set(fast.engine), set(slow.engine), set(slow.device)) == ({"fused_cpu"}, {"reference"}, {"cpu"})
    assert set(fast.key) == set(slow.key)
    scores = [trials.set_index(["key", "split"]).nll for trials in (fast, slow)]
    pd.testing.assert_series_equal(*scores, rtol=1e-4)
    assert sweep(home, *SMALL, results=tmp_path).startswith("adhoc: nothing to train, all 8 trials are finished\n")


def test_a_population_that_would_not_fit_is_split(home: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Scarce memory costs time and nothing else."""
    several = ["engine=reference", "cell=gru", "search.size=5", *(o for o in SMALL if "size" not in o and "cell" not in o)]
    sweep(home, *several, results=tmp_path / "whole")
    monkeypatch.setattr(machine, "members_that_fit", lambda model, rows, threads: 2)
    sweep(home, *several, results=tmp_path / "split")
    whole, split = (
        frame.load(tmp_path / folder, "adhoc").trials.set_index(["key", "split"]) for folder in ("whole", "split")
    )
    searched = split[split.stage == "search"].groupby("key").first()
    assert sorted(whole[whole.stage == "search"].groupby("key").first().population_size) == [5] * 5
    assert sorted(searched.population_size) == [1, 2, 2, 2, 2]
    pd.testing.assert_series_equal(whole.nll, split.nll, rtol=1e-4)


def test_how_well_a_cell_ran_counts_training_thrice_and_validation_once(
    home: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(machine, "matmul_rate", lambda threads: 1e6)
    sweep(home, *SMALL, results=tmp_path / "results")
    trials = frame.load(tmp_path / "results", "adhoc").trials.query("split == 'test'")
    steps = {split: sum(len(roll) - 1 for roll in rolls) for split, rolls in home.rolls.items()}
    width = home.rolls["train"][0].shape[1]
    assert steps["train"] > steps["valid"] > 0
    for trial in trials.itertuples():
        forward = trial.flops_per_step + 2 * trial.units * width
        flops = forward * (3 * steps["train"] + steps["valid"]) * trial.epochs
        rounded = 0.00006 / trial.seconds  # a record keeps seconds to four places
        assert trial.relative_throughput == pytest.approx(flops / trial.seconds / 1e6, rel=rounded + 1e-3)


def test_published_records_are_enough_for_a_clone(home: Tiny, finished: Path, tmp_path: Path):
    (tmp_path / "adhoc").mkdir()
    shutil.copy(finished / "adhoc" / "study.json", tmp_path / "adhoc")
    found = Store(finished)
    collection.add(tmp_path / "adhoc" / "records.parquet", list(found.read(sorted(found.finished())).values()))
    printed = sweep(home, *SMALL, results=tmp_path)
    assert printed.startswith("adhoc: nothing to train, all 8 trials are finished\n")
    assert record_times(tmp_path) == {}
    # Not even the data is needed.
    without = {**home.env, "GATEBENCH_DATA": str(tmp_path / "nowhere")}
    command = [COMMAND, "report", "adhoc", "--results", str(tmp_path)]
    run = subprocess.run(command, env=without, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == (f"{tmp_path}/adhoc/report.html\n", "")
    drawn = {path.name for path in (tmp_path / "adhoc").iterdir()}
    assert {"report.html", "results.png", "results.pdf", "results.csv", "scores.md", "scores.tex", "trials.csv"} <= drawn
    pd.testing.assert_frame_equal(frame.load(tmp_path, "adhoc").trials, frame.load(finished, "adhoc").trials)


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
        "tiny, rnn, units_64 units=6, modern epochs=4 search.size=2: 4 of 4 done\n"
        "tiny, gru, units_64 units=6, modern epochs=4 search.size=2: 4 of 4 done\n"
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
            point = replace(point, selected=None, confirm=[])
        study_file.add_points(copy, "adhoc", [point])
    lines = status.describe(copy, "adhoc").splitlines()
    assert lines[2].endswith(": 0 of 4 done")
    minutes = f"{4 * spent / 8 / 60:.0f}"
    assert lines[-1] == f"adhoc: 8 trials done, 4 left, about {minutes} core-minutes at the pace so far"
