"""What more pipelines would show, by the scores that are there."""

from dataclasses import replace

import pytest

from gatebench.records.frame import Frame
from gatebench.report import deciding
from support.frames import LOW, by_hand, seeds


def pipelines(*cells: tuple[str, list[float]]) -> Frame:
    frame = by_hand([trial for cell, scores in cells for trial in seeds("music", cell, scores)])
    return replace(frame, trials=frame.trials.assign(pipeline=frame.trials.seed))


def shown(frame: Frame, count: int) -> float:
    difference = deciding.detectable_by(frame, count)
    assert difference is not None
    return difference


SCORES = [3.0, 3.2, 3.4, 3.1]
TWO = pipelines(("gru", SCORES), ("lstm", SCORES))


def test_more_pipelines_show_smaller_differences_and_noisier_cells_larger_ones():
    assert shown(TWO, 3) > 1.5 * shown(TWO, 8) > shown(TWO, 20)
    noisy = pipelines(("gru", SCORES), ("lstm", [3 * score for score in SCORES]))
    assert shown(noisy, 8) > 2 * shown(TWO, 8)


def test_it_is_shown_between_any_two_at_the_level_of_the_next_look():
    three = pipelines(("gru", SCORES), ("lstm", SCORES), ("rnn", SCORES))
    assert shown(replace(TWO, looks=1), 8) > shown(TWO, 8) < shown(three, 8)
    noisiest = pipelines(("gru", SCORES), ("lstm", SCORES), ("rnn", [3 * score for score in SCORES]))
    assert shown(noisiest, 8) > 2 * shown(three, 8)


@pytest.mark.parametrize("other", [[3.0], [3.0, float("nan"), 3.1]])
def test_of_what_is_not_repeated_or_has_no_score_nothing_is_said(other: list[float]):
    assert deciding.detectable_by(pipelines(("gru", LOW), ("lstm", other)), 8) is None
