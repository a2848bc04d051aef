"""The table of a study that was computed a second time."""

from dataclasses import replace
from math import sqrt
from typing import Any

from scipy import stats

from gatebench.records.frame import Frame
from support.figures import FIGURES, HALF, MEAN
from support.frames import SEARCHED, by_hand, seeds


def test_a_second_run_shows_what_the_same_trials_differ_by():
    first = [
        *seeds("music", "gru", [3.0, 3.2, 3.4]),
        *seeds("music", "rnn", [3.5, 3.6]),
        *seeds("music", "novel", [4.0, 4.1]),
    ]
    off = {("gru", 1): 0.01, ("gru", 2): -0.02, ("gru", 3): 0.02}
    second = [
        (*trial[:6], trial[6] + off.get((trial[1], trial[3]), 0.0), *trial[7:]) for trial in first if trial[1] != "novel"
    ]
    # Of the plain unit the second run selected another rate.
    second = [(*trial[:4], 0.02, trial[5], trial[6] + 0.1, trial[7]) if trial[1] == "rnn" else trial for trial in second]
    table = FIGURES["replication"].table(by_hand(first, replication=by_hand(second))).set_index("cell")
    assert list(table.index) == ["rnn", "gru"]
    gru, rnn = table.loc["gru"], table.loc["rnn"]
    assert (gru["same setting"], gru["same trial"]) == ("yes", f"{sqrt((0.01**2 + 0.02**2 + 0.02**2) / 3):.4f}")
    assert gru["seeds"] == "0.2000"
    assert gru["first run"] == f"3.200 [{MEAN - HALF:.3f}, {MEAN + HALF:.3f}]"
    welch: Any = stats.ttest_ind([3.01, 3.18, 3.42], [3.0, 3.2, 3.4], equal_var=False)
    low, high = welch.confidence_interval(0.95)
    assert gru["difference"] == f"{0.01 / 3:.3f} [{low:.3f}, {high:.3f}]"
    assert (rnn["same setting"], rnn["same trial"]) == ("no", "")
    assert rnn["difference"].startswith("0.100 [")
    assert gru["engines"] == "reference x 1; reference x 1"


def test_a_second_run_of_other_cells_is_no_second_run(hand: Frame):
    other = by_hand(seeds("nottingham", "gru", [3.0]))
    assert FIGURES["replication"].table(replace(hand, replication=other)) is None
    assert FIGURES["replication"].table(replace(hand, replication=by_hand(SEARCHED))) is None


def test_a_study_without_a_second_run_has_no_table_of_it(hand: Frame):
    assert FIGURES["replication"].table(hand) is None
