"""What is asked of a frame several times is computed once, and of another frame anew."""

from dataclasses import replace

from gatebench.report import comparisons, metrics, style
from support.frames import by_hand, seeds

FRAME = by_hand([*seeds("music", "gru", [3.0, 3.2]), *seeds("music", "lstm", [3.0, 3.1])])


def test_pairs_are_compared_once_in_a_frame():
    assert comparisons.pairs(FRAME) is comparisons.pairs(FRAME)
    other = replace(FRAME, looks=3)
    assert comparisons.pairs(other)[0].p_holm != comparisons.pairs(FRAME)[0].p_holm


def test_scores_of_some_trials_are_not_those_of_others():
    test = style.by_cell(FRAME.confirmed("test"))
    scores = {cell: comparisons.sequence_scores(FRAME, trials) for cell, trials in test.items()}
    assert comparisons.sequence_scores(FRAME, test["gru"]) is scores["gru"]
    assert scores["gru"] is not scores["lstm"]
    first = comparisons.sequence_scores(FRAME, test["gru"].head(1))
    assert first is not None
    assert len(first.nll) == 1
    assert metrics.of_cells(FRAME, test) is metrics.of_cells(FRAME, test)
