"""The critical-difference diagram."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gatebench.records.frame import Frame
from support.figures import FIGURES, RANKED, drawn
from support.frames import by_hand, seeds


def test_ranks_are_those_of_the_means_over_tasks():
    numbers = FIGURES["ranks"].numbers(by_hand(RANKED)).set_index("cell")
    assert numbers["rank"].to_dict() == {"rnn": pytest.approx(4 / 3), "gru": pytest.approx(5 / 3), "novel": 3}
    assert (set(numbers.tasks), set(numbers.cells)) == ({3}, {3})
    # 2.343 is q for three cells at 0.05 (Demsar 2006, Table 5a).
    np.testing.assert_allclose(numbers.critical_difference, 2.343 * sqrt(3 * 4 / (6 * 3)), rtol=3e-4)
    friedman = stats.friedmanchisquare([3.2, 7.5, 3.0], [3.15, 7.4, 3.5], [4.0, 7.7, 3.6])
    np.testing.assert_allclose(numbers.p, friedman.pvalue)


def test_ranks_are_of_cells_and_tasks_that_are_complete():
    complete = FIGURES["ranks"].numbers(by_hand(RANKED))
    alone = FIGURES["ranks"].numbers(by_hand([*RANKED, *seeds("music", "lstm", [1.0])]))
    pd.testing.assert_frame_equal(complete, alone)
    without = [trial for trial in RANKED if trial[:2] != ("nottingham", "novel")]
    numbers = FIGURES["ranks"].numbers(by_hand(without)).set_index("cell")
    assert numbers["rank"].to_dict() == {"rnn": 1, "gru": 2, "novel": 3}
    assert set(numbers.tasks) == {2}
    assert FIGURES["ranks"].numbers(by_hand([trial for trial in RANKED if trial[1] != "novel"])) is None
    assert FIGURES["ranks"].numbers(by_hand([trial for trial in RANKED if trial[0] == "music"])) is None


def test_tasks_that_share_less_than_three_cells_have_no_ranks(hand: Frame):
    assert FIGURES["ranks"].numbers(hand) is None


def test_the_diagram_has_the_lowest_rank_on_the_right_with_its_name_and_bars_over_what_is_not_told_apart():
    (axis,) = drawn("ranks", by_hand(RANKED)).axes
    left, right = axis.get_xlim()
    assert left > right
    names = {text.get_text().strip(): text.get_position()[0] for text in axis.texts}
    assert names["rnn"] == names["gru"] < names["novel"]
    bars = [line for line in axis.lines if line.get_linewidth() == 3.5]
    assert [line.get_xdata().tolist() for line in bars] == [pytest.approx([4 / 3 - 0.04, 3 + 0.04])]  # all within 2.7
    assert f"critical difference {2.343 * sqrt(3 * 4 / (6 * 3)):.2f}" in names


def test_what_is_seen_are_the_ranks():
    frame = by_hand(RANKED)
    text = FIGURES["ranks"].describe(FIGURES["ranks"].numbers(frame), frame)
    assert "mean ranks: rnn 1.33, gru 1.67, novel 3.00; critical difference 1.91." in text
