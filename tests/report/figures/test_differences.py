"""The table of every pair of cells."""

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gatebench.records.contrasts import Contrasts, Declaration
from gatebench.records.frame import Frame
from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores
from gatebench.report.stats.estimates import welch_difference
from support.commands import SMALL, sweep
from support.datasets import Tiny, make_tiny
from support.figures import FIGURES, THREE
from support.frames import STEPS, TRIALS, VARIANT, by_hand, seeds, sums, without_sequences


def by_step(p: list[float]) -> list[float]:
    """Three p, adjusted as Holm (1979) does it, one after the other."""
    first, second, third = sorted(p)
    steps = [min(1, 3 * first), max(min(1, 3 * first), 2 * second), max(min(1, 3 * first), 2 * second, third)]
    return [min(1, steps[sorted(p).index(one)]) for one in p]


def test_of_very_many_pairs_those_that_are_not_tested_are_left_out(monkeypatch: pytest.MonkeyPatch):
    frame = replace(by_hand(THREE), declared=Declaration(Contrasts(against="gru")))
    differences = FIGURES["differences"]
    assert list(differences.table(frame).verdict).count("not tested") == 1
    monkeypatch.setattr(differences, "MOST", 2)
    assert list(zip(differences.table(frame).lower, differences.table(frame).other, strict=True)) == [
        ("gru", "rnn"), ("gru", "novel"),
    ]  # fmt: skip
    assert "1 pairs that are not tested are left out here." in differences.notes(frame)


def test_differences_are_those_of_every_pair_the_lower_one_first():
    table = FIGURES["differences"].table(by_hand(THREE))
    assert list(zip(table["lower"], table["other"], strict=True)) == [("gru", "rnn"), ("gru", "novel"), ("rnn", "novel")]
    runs = {
        cell: SequenceScores(sums([trial[6] for trial in THREE if trial[1] == cell], list(range(1, n + 1))), STEPS)
        for cell, n in (("gru", 3), ("rnn", 4), ("novel", 3))
    }
    expected = [crossed.difference(runs[a], runs[b]) for a, b in (("gru", "rnn"), ("gru", "novel"), ("rnn", "novel"))]
    np.testing.assert_allclose([d.mean for d in expected], [-0.5, -0.9333333, -0.4333333])
    assert list(table["difference"]) == [f"{d.mean:.3f} [{d.low:.3f}, {d.high:.3f}]" for d in expected]
    assert list(table["p"]) == [f"{d.p:.4f}" for d in expected]
    assert list(table["p, Holm"]) == [f"{p:.4f}" for p in by_step([d.p for d in expected])]
    margin = (6.25 - 3.2) / 10  # of the distance to the lowest baseline
    assert set(table["margin"]) == {f"{margin:.3g}"}
    assert list(table["p of margin, Holm"]) == [f"{p:.4f}" for p in by_step([d.p_equivalent(margin) for d in expected])]
    assert list(table["verdict"]) == ["better", "better", "better"]
    assert list(table["n"]) == ["3, 4", "3, 3", "4, 3"]
    assert set(table["interval over"]) == {"seeds and sequences"}
    assert [lower[:4] for lower in table["P(lower)"]] == ["1.00"] * 3  # all runs of each are below all of the next


def test_differences_of_records_without_sequences_are_welchs():
    table = FIGURES["differences"].table(without_sequences(by_hand(THREE)))
    nll_by_cell = {cell: [trial[6] for trial in THREE if trial[1] == cell] for cell in ("gru", "rnn", "novel")}
    welch = [welch_difference(nll_by_cell[a], nll_by_cell[b]) for a, b in combinations(nll_by_cell, 2)]
    same_count: Any = stats.ttest_ind(nll_by_cell["gru"], nll_by_cell["novel"], equal_var=False)
    assert welch[1].p == pytest.approx(same_count.pvalue)
    shown = [float(re.sub(r" .*", "", text)) for text in table["difference"]]
    np.testing.assert_allclose(shown, [-0.5, -0.933, -0.433])
    assert [text.partition(" ")[2] for text in table["difference"]] == [f"[{d.low:.3f}, {d.high:.3f}]" for d in welch]
    assert list(table["p"]) == [f"{d.p:.4f}" for d in welch]
    assert list(table["p, Holm"]) == [f"{p:.4f}" for p in by_step([d.p for d in welch])]
    assert set(table["interval over"]) == {"seeds"}


def test_a_difference_to_a_single_run_has_no_interval_and_no_p(hand: Frame):
    table = FIGURES["differences"].table(hand).set_index(["lower", "other"])
    assert list(table.index) == [(VARIANT, "gru"), (VARIANT, "novel"), ("gru", "novel")]  # speech has one cell only
    single = table.loc[(VARIANT, "gru")]
    assert (single["difference"], single["p"], single["p, Holm"]) == ("-0.600 (one seed)", "", "")
    assert (single["P(lower)"], single["n"], single["interval over"]) == ("1.00", "1, 3", "")
    assert (single["verdict"], single["p of margin, Holm"]) == ("", "")
    other = table.loc[("gru", "novel")]
    assert other["difference"].startswith("-1.100 [")
    assert other["p"] == other["p, Holm"] != ""  # single runs are no tests, so there is one


def test_how_often_a_run_is_lower_counts_all_pairs_of_runs():
    trials = [*seeds("music", "gru", [3.0, 3.2, 3.4]), *seeds("music", "rnn", [3.1, 3.2, 3.9])]
    (shown,) = FIGURES["differences"].table(by_hand(trials))["P(lower)"]
    assert shown.startswith(f"{(3 + 1.5 + 1) / 9:.2f} [")


def test_pairs_of_one_group_are_adjusted_for_that_group_alone():
    one = FIGURES["differences"].table(by_hand(THREE))
    both = FIGURES["differences"].table(by_hand([*THREE, *(("speech", *trial[1:]) for trial in THREE)]))
    assert list(both["p, Holm"]) == [*one["p, Holm"]] * 2


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    settled = make_tiny(tmp_path_factory.mktemp("figures"))
    sweep(settled, *SMALL)
    return settled


@pytest.fixture(scope="module")
def second(home: Tiny) -> Path:
    """Results of the same study, computed a second time by the other engine."""
    results = home.folder / "second"
    sweep(home, *SMALL, "engine=reference", results=results)
    return results


def test_a_cell_alone_has_no_differences():
    assert FIGURES["differences"].table(by_hand(TRIALS[2:3])) is None
