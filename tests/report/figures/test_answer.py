"""The figure of each cell's distance from the GRU."""

import pytest

from gatebench.report import comparisons
from support.figures import FIGURES, THREE, drawn
from support.frames import TRIALS, by_hand


@pytest.mark.parametrize("turned", [False, True], ids=["lowest", "not the lowest"])
def test_the_answer_is_the_difference_to_the_gru(turned: bool):
    names = {"gru": "rnn", "rnn": "gru"} if turned else {}
    frame = by_hand([(trial[0], names.get(trial[1], trial[1]), *trial[2:]) for trial in THREE])
    numbers = FIGURES["answer"].numbers(frame).set_index("cell")
    expected = {"gru": 0, "rnn": -0.5, "novel": 13 / 3 - 0.2 - 3.7} if turned else {"gru": 0, "rnn": 0.5, "novel": 14 / 15}
    assert numbers.difference.to_dict() == pytest.approx(expected)
    assert set(numbers.beside) == {"gru"}
    others = numbers.drop(index="gru")
    assert ((others.low < others.difference) & (others.difference < others.high)).all()
    pairs = {frozenset((pair.lower, pair.other)): pair.p_holm for pair in comparisons.pairs(frame)}
    assert others.p_holm.to_dict() == {cell: pairs[frozenset((cell, "gru"))] for cell in ("rnn", "novel")}
    drawn("answer", frame)


def test_the_answer_without_a_gru_is_the_difference_to_the_lowest():
    numbers = FIGURES["answer"].numbers(by_hand([trial for trial in THREE if trial[1] != "gru"])).set_index("cell")
    assert set(numbers.beside) == {"rnn"}
    assert numbers.difference["novel"] == pytest.approx(13 / 3 - 0.2 - 3.7)


def test_a_cell_alone_has_no_distance():
    assert FIGURES["answer"].numbers(by_hand(TRIALS[2:3])) is None
