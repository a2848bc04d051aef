"""Which setting of a search is confirmed: the best on validation, whatever the test split says."""

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from gatebench.records import frame, status, study_file
from gatebench.records.store import Store
from gatebench.study.select import best_key
from support.commands import SMALL, sweep
from support.datasets import Tiny
from support.records import seal


def test_confirming_trials_run_at_the_rate_that_was_best_on_validation(finished: Path):
    trials = frame.load(finished, "adhoc").trials
    for cell in ("rnn", "gru"):
        valid = trials[(trials.cell == cell) & (trials.stage == "search") & (trials.split == "valid")]
        best = valid.loc[valid.nll.idxmin()].lr
        assert set(trials[(trials.cell == cell) & (trials.stage == "confirm")].lr) == {best}


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
            seal(path.parent)
    sweep(home, *SMALL, results=copy)
    assert {p.labels.cell: p.selected for p in study_file.read(copy, "adhoc")} == chosen


def test_a_search_in_which_every_setting_diverges_is_a_result_and_says_so(
    home: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    wild = [*SMALL, "cell=rnn", "training.ranges.lr={low:1e11,high:1e12}", "training.weight_decay=1e12"]
    sweep(home, *wild, results=tmp_path)
    assert "adhoc: every setting of rnn on tiny diverged, so that none is confirmed" in capsys.readouterr().err
    assert status.describe(tmp_path, "adhoc").endswith("adhoc: 2 trials done, 0 left")
    assert sweep(home, *wild, results=tmp_path).startswith("adhoc: nothing to train, all 2 trials are finished")
    store = Store(tmp_path)
    assert {record.summary.status for record in store.read(sorted(store.finished())).values()} == {"diverged"}
    assert "2 of 2 done, 2 diverged" in status.describe(tmp_path, "adhoc")
