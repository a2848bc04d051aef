"""The figure of how much lower a score looks where settings are chosen on test."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatebench.records.frame import Frame
from gatebench.report.stats.estimates import mean_interval
from support.figures import FIGURES, drawn
from support.frames import CONFIRMED, NAN, by_hand

FIGURE = FIGURES["choosing_on_test"]
# Validation and test NLL of the settings of two pipelines; the lowest on validation is never the lowest on test.
FIRST = [(3.0, 3.2), (2.5, 2.9), (2.6, 2.7), (2.8, 3.0)]
SECOND = [(3.1, 3.3), (2.4, 2.8), (2.9, 2.55)]


def searched(cell: str, *pipelines: list[tuple[float, float]], status: str = "finished") -> Frame:
    """The frame of searches by one cell with these scores on validation and test, a list for each pipeline."""
    scores = [(pipeline, *both) for pipeline, of_one in enumerate(pipelines, 1) for both in of_one]
    trials: list[tuple[Any, ...]] = [
        ("music", cell, "search", 0, 0.001 * i, valid, test, status) for i, (_, valid, test) in enumerate(scores, 1)
    ]
    frame = by_hand(trials)
    return replace(frame, trials=frame.trials.assign(pipeline=np.repeat([score[0] for score in scores], 3)))


def bias(settings: list[tuple[float, float]], n: int) -> float:
    """By how much the test score of the best on validation is above the lowest, over all subsets of ``n`` settings."""
    return float(np.mean([min(some)[1] - min(test for _, test in some) for some in combinations(settings, n)]))


def test_the_bias_is_over_all_subsets_and_averaged_over_pipelines():
    rows = FIGURE.numbers(searched("gru", FIRST, SECOND)).query("of == 'pipeline'").set_index("settings")
    assert list(rows.index) == [1, 2, 3]  # as many as every pipeline has
    for n, row in rows.iterrows():
        expected = mean_interval([bias(FIRST, n), bias(SECOND, n)])  # pyright: ignore[reportArgumentType]
        np.testing.assert_allclose(row[["bias", "low", "high"]].astype(float), [expected.mean, expected.low, expected.high])
    np.testing.assert_allclose(rows.by_validation - rows.by_test, rows.bias, rtol=0, atol=1e-12)
    assert (rows.bias[1], list(rows.n)) == (0, [2, 2, 2])


def test_settings_of_all_pipelines_are_as_one_search():
    rows = FIGURE.numbers(searched("gru", FIRST, SECOND)).query("of == 'all'").set_index("settings")
    assert list(rows.index) == [3, 4, 5, 6, 7]
    np.testing.assert_allclose(rows.bias, [bias(FIRST + SECOND, n) for n in rows.index])
    assert rows.by_validation[7] == pytest.approx(2.8)  # lowest on validation, of 2.4
    assert rows.by_test[7] == pytest.approx(2.55)
    assert rows[["low", "high"]].isna().all().all()


def test_one_search_has_a_line_without_interval():
    numbers = FIGURE.numbers(searched("gru", FIRST))
    assert set(numbers.of) == {"pipeline"}
    assert numbers[["low", "high"]].isna().all().all()
    (note,) = FIGURE.notes(searched("gru", FIRST))
    assert f"at 4 settings, in the mean over cells, {bias(FIRST, 4):.3f} nats, of one search" in note


def test_what_diverged_and_what_extended_a_search_is_left_out():
    frame = searched("gru", [*FIRST, (2.0, 9.0)])
    diverged = replace(frame, trials=frame.trials.assign(status=["finished"] * 12 + ["diverged"] * 3))
    extended = replace(frame, independent=frozenset(frame.trials.key.unique()[:4]))
    for some in (diverged, extended):
        pd.testing.assert_frame_equal(FIGURE.numbers(some), FIGURE.numbers(searched("gru", FIRST)))
    assert len(FIGURE.numbers(frame)) == 5


def test_without_a_search_of_two_settings_there_is_no_bias():
    for frame in (by_hand(CONFIRMED), searched("gru", FIRST[:1]), searched("gru", FIRST, status="diverged")):
        assert FIGURE.numbers(frame) is None
        assert FIGURE.notes(frame) == []


def test_a_setting_without_a_test_score_is_no_setting():
    trials = searched("gru", [*FIRST, (2.0, NAN)])
    pd.testing.assert_frame_equal(FIGURE.numbers(trials), FIGURE.numbers(searched("gru", FIRST)))


def test_the_note_is_the_mean_over_cells_within_each_pipeline():
    one, other = searched("gru", FIRST, SECOND), searched("rnn", SECOND, FIRST)
    both = replace(one, trials=pd.concat([one.trials, other.trials], ignore_index=True))
    expected = mean_interval([(bias(a, 3) + bias(b, 3)) / 2 for a, b in ((FIRST, SECOND), (SECOND, FIRST))])
    (note,) = FIGURE.notes(both)
    assert f"at 3 settings, in the mean over cells, {expected} nats, n = 2 pipelines" in note
    assert f"at 7 settings {bias(FIRST + SECOND, 7):.3f}." in note


def test_pipelines_are_solid_and_all_together_dashed():
    (axis,) = drawn("choosing_on_test", searched("gru", FIRST, SECOND)).axes
    solid, dashed = axis.lines
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert (list(solid.get_xdata()), list(dashed.get_xdata())) == ([1, 2, 3], [3, 4, 5, 6, 7])
    assert axis.get_ylim()[0] == 0
