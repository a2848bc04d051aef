"""The multi-comparison matrix."""

import pandas as pd
import pytest

from gatebench.records.frame import Frame
from support.figures import FIGURES, RANKED, drawn
from support.frames import by_hand, seeds

MATRIX = FIGURES["matrix"]


def fields(frame: Frame) -> pd.DataFrame:
    return MATRIX.numbers(frame).set_index(["cell", "other"])


def test_a_field_has_the_mean_difference_the_tasks_and_p_of_its_two_cells():
    numbers = fields(by_hand(RANKED))
    gru_rnn = numbers.loc[("gru", "rnn")]  # 3.2, 7.5, 3.0 beside 3.15, 7.4, 3.5
    assert gru_rnn.difference == pytest.approx((0.05 + 0.1 - 0.5) / 3)
    assert (gru_rnn.lower, gru_rnn.level, gru_rnn.higher) == (1, 0, 2)
    assert gru_rnn.p == pytest.approx(1.0)  # ranks 1 and 2 up, 3 down: as even as three can be
    assert (numbers.loc[("gru", "novel")].lower, numbers.loc[("gru", "novel")].p) == (3, pytest.approx(0.25))


def test_the_field_across_says_the_same_the_other_way_round():
    numbers = fields(by_hand(RANKED))
    assert len(numbers) == 6
    for (cell, other), field in numbers.iterrows():
        across = numbers.loc[(other, cell)]
        assert (field.difference, field.lower, field.level) == (-across.difference, across.higher, across.level)
        assert field.p == across.p


def test_cells_stand_in_the_order_of_their_means_and_are_those_that_are_complete():
    numbers = MATRIX.numbers(by_hand(RANKED))
    assert list(dict.fromkeys(numbers.cell)) == ["gru", "rnn", "novel"]
    alone = MATRIX.numbers(by_hand([*RANKED, *seeds("music", "lstm", [1.0])]))
    pd.testing.assert_frame_equal(numbers, alone)
    assert MATRIX.numbers(by_hand([trial for trial in RANKED if trial[0] == "music"])) is None


def test_a_pair_does_not_hang_on_the_cells_beside_it():
    further = [
        trial for task, nll in (("music", 1.0), ("speech", 9.0), ("nottingham", 1.0)) for trial in seeds(task, "lstm", [nll])
    ]
    pd.testing.assert_series_equal(
        fields(by_hand(RANKED)).loc[("gru", "rnn")], fields(by_hand([*RANKED, *further])).loc[("gru", "rnn")]
    )


def test_level_scores_are_counted_as_that():
    level = [trial for task in ("music", "speech") for cell in ("gru", "rnn", "novel") for trial in seeds(task, cell, [3.0])]
    numbers = fields(by_hand(level))
    assert (set(numbers.level), set(numbers.lower), set(numbers.higher)) == ({2}, {0}, {0})
    assert set(numbers.p) == {1.0}
    drawn("matrix", by_hand(level))


def test_what_is_drawn_are_the_fields_with_the_lower_cell_blue():
    frame = by_hand(RANKED)
    (axis,) = drawn("matrix", frame).axes
    texts = {text.get_position(): text.get_text() for text in axis.texts}
    assert texts[2, 0] == f"{(3.2 + 7.5 + 3.0 - 4.0 - 7.7 - 3.6) / 3:+.3f}\n3/0/0\np 0.25"
    assert len(texts) == 6
    assert [label.get_text() for label in axis.get_yticklabels()] == ["gru", "rnn", "novel"]
    red, _, blue, _ = axis.patches[1].get_facecolor()  # of the first row beside the last
    assert blue > red


def test_what_is_seen_is_said_of_the_lowest():
    frame = by_hand(RANKED)
    text = MATRIX.describe(MATRIX.numbers(frame), frame)
    assert "mean difference of gru (tasks lower/level/higher): rnn -0.117 (1/0/2), novel -0.533 (3/0/0);" in text
    assert text.endswith("p is below 0.05 in 0 of 3 pairs.")
