"""What more pipelines would show, by the scores that are there."""

import re
from dataclasses import replace

import pytest

from gatebench.records.frame import Frame
from gatebench.report import deciding, verdict
from support.frames import LOW, MUSIC, by_hand, seeds, without_sequences


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


def test_further_pipelines_take_the_time_of_their_searches_too():
    """Where the pipelines decide, with one seed and one setting each, they take twice as long as seeds."""
    trials = [*seeds("music", "gru", [3.0, 3.3, 3.2]), *seeds("music", "lstm", [3.1, 3.3, 3.6])]
    searched = [(*trial[:2], "search", trial[3], 0.02, *trial[5:]) for trial in trials]
    frame = without_sequences(by_hand([*trials, *searched]))
    frame.trials["seconds"] = 600.0
    of_seeds, of_pipelines = (
        verdict.lines(replace(frame, baselines=frame.baselines.assign(nll=4.4), trials=trials), MUSIC, ["gru", "lstm"])[1]
        for trials in (frame.trials, frame.trials.assign(pipeline=frame.trials.seed))
    )
    count, minutes = re.findall(r"about (\d+) seeds of each cell, about (\d+) minutes more", of_seeds)[0]
    assert f"about {count} pipelines of each cell, about {2 * int(minutes)} minutes more of training" in of_pipelines
