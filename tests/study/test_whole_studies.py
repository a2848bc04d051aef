"""What a study trains, and what it does not train again."""

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from gatebench.records import collection, frame, study_file
from gatebench.records.store import Store
from gatebench.training import machine
from support.commands import COMMAND, SMALL, environment_of, record_times, result_columns, sweep, without_compile_lines
from support.datasets import Tiny


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
    after, searched = record_times(copy), frame.load(copy, "adhoc").trials.query("stage == 'search'")
    assert {key: after[key] for key in before} == before
    assert set(tried.key) < set(searched.key)
    assert searched.groupby("cell").lr.nunique().to_dict() == {"gru": 3, "rnn": 3}
    assert set(searched[~searched.key.isin(tried.key)].population_size) == {1}


def test_a_given_rate_makes_the_search_superfluous(home: Tiny, tmp_path: Path):
    sweep(home, *SMALL, "cell=rnn", "training.lr=0.02", results=tmp_path)
    trials = frame.load(tmp_path, "adhoc").trials
    assert (set(trials.stage), set(trials.lr), set(trials.seed)) == ({"confirm"}, {0.02}, {1, 2})


def test_a_record_keeps_every_test_sequence(home: Tiny, finished: Path):
    with environment_of(home):
        test = home.load().splits["test"]
    for key, record in Store(finished).read(list(Store(finished).finished())).items():
        assert list(record.sequences.steps) == [len(sequence) for sequence in test], key
        scores, sequences = record.summary.scores["test"], record.sequences
        assert sequences.nll.sum() / sequences.steps.sum() == pytest.approx(scores.nll, rel=1e-12)
        assert (sequences.nll / sequences.steps).mean() == pytest.approx(scores.nll_sequence_mean, rel=1e-12)


def test_a_machine_compiles_for_a_study_once_and_says_so(home: Tiny, tmp_path: Path):
    env = {**home.env, "GATEBENCH_CACHE": str(tmp_path / "cache")}
    compiled = []
    for name in ("first", "second"):
        command = [COMMAND, "sweep", *SMALL, "cell=rnn", f"results={tmp_path / name}"]
        run = subprocess.run(command, env=env, cwd=home.folder, capture_output=True, text=True, check=True)
        assert without_compile_lines(run.stderr) == ""
        compiled.append([line.partition(" for this machine")[0] for line in run.stderr.splitlines()])
    parts = ("cell rnn", "likelihood bernoulli", "the gathering of batches", "optimizer adam")
    assert compiled == [[f"gatebench: compiled {part}" for part in parts], []]
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
    sweep(home, *several, results=tmp_path / "together")
    monkeypatch.setattr(machine, "members_that_fit", lambda model, rows, threads: 2)
    sweep(home, *several, results=tmp_path / "split")
    together, split = (
        frame.load(tmp_path / folder, "adhoc").trials.set_index(["key", "split"]) for folder in ("together", "split")
    )
    searched = split[split.stage == "search"].groupby("key").first()
    assert sorted(together[together.stage == "search"].groupby("key").first().population_size) == [5] * 5
    assert sorted(searched.population_size) == [1, 2, 2, 2, 2]
    pd.testing.assert_series_equal(together.nll, split.nll, rtol=1e-4)


def test_how_well_a_cell_ran_counts_training_thrice_and_validation_once(
    home: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(machine, "matmul_rate", lambda threads, device: 1e6)
    sweep(home, *SMALL, results=tmp_path / "results")
    trials = frame.load(tmp_path / "results", "adhoc").trials.query("split == 'test'")
    steps = {split: sum(len(roll) - 1 for roll in rolls) for split, rolls in home.rolls.items()}
    width = home.rolls["train"][0].shape[1]
    assert steps["train"] > steps["valid"] > 0
    for trial in trials.itertuples():
        forward = trial.flops_per_step + 2 * trial.units * width
        flops = forward * (3 * steps["train"] + steps["valid"]) * trial.epochs
        rounded = 0.00006 / trial.core_seconds  # a record keeps seconds to four places
        assert trial.relative_throughput == pytest.approx(flops / trial.core_seconds / 1e6, rel=rounded + 1e-3)


def test_published_records_are_enough_for_a_clone(home: Tiny, finished: Path, tmp_path: Path):
    (tmp_path / "adhoc").mkdir()
    shutil.copy(finished / "adhoc" / "study.json", tmp_path / "adhoc")
    store = Store(finished)
    collection.add(tmp_path / "adhoc" / "records.parquet", list(store.read(sorted(store.finished())).values()))
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
