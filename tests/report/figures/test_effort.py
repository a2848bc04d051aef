"""The figure of what tuning buys."""

from dataclasses import replace
from itertools import combinations
from math import inf

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report.stats.median_best import median_best
from support.figures import FIGURES, TRIED, drawn
from support.frames import CONFIRMED, by_hand


def test_effort_is_the_mean_over_all_subsets_of_the_settings():
    numbers = FIGURES["effort"].numbers(by_hand([*TRIED, *CONFIRMED]))
    values = [4.0, 2.5, 3.0, 3.5, inf, inf, inf]
    expected = [np.mean([min(drawn) for drawn in combinations(values, n)]) for n in range(1, 8)]
    assert [np.isinf(value) for value in expected] == [True] * 3 + [False] * 4
    assert list(numbers.cell) == ["gru"] * 4
    assert list(numbers.settings) == [4, 5, 6, 7]
    np.testing.assert_allclose(numbers.nll, expected[3:])
    assert numbers.nll.iloc[-1] == 2.5


def test_effort_ignores_what_was_confirmed_and_needs_a_search_that_did_not_fail():
    searched = [trial for trial in TRIED if trial[-1] == "diverged"]
    assert FIGURES["effort"].numbers(by_hand([*searched, *CONFIRMED])) is None
    first = FIGURES["effort"].numbers(by_hand(TRIED))
    pd.testing.assert_frame_equal(first, FIGURES["effort"].numbers(by_hand([*TRIED, *CONFIRMED])))


def test_a_study_without_a_search_has_no_effort():
    assert FIGURES["effort"].numbers(by_hand(CONFIRMED)) is None


def independent(scores: list[float], pipelines: list[int], extended: int = 0) -> Frame:
    """The search of one cell in these pipelines, of independent draws but for the last ones."""
    trials = [("music", "gru", "search", 0, 0.001 * i, nll, nll, "finished") for i, nll in enumerate(scores, 1)]
    frame = by_hand(trials)
    keys = list(dict.fromkeys(frame.trials.key))
    trials = frame.trials.assign(pipeline=np.repeat(pipelines, 3))  # a row for each split
    return replace(frame, trials=trials, independent=frozenset(keys[: len(keys) - extended]))


SCORES = [4.0, 2.5, 3.0, 3.5, 9.5, 3.2, 2.8, 1.0]  # the fifth is worse than every baseline
PIPELINES = [1, 1, 1, 1, 2, 2, 2, 2]


def test_independent_draws_of_all_pipelines_have_the_median_and_its_band_without_what_extended_them():
    numbers = FIGURES["effort"].numbers(independent(SCORES, PIPELINES, extended=1))
    expected = median_best([4.0, 2.5, 3.0, 3.5, inf, 3.2, 2.8], 4)
    assert list(numbers.settings) == [1, 2, 3, 4]  # as many as one pipeline draws
    assert set(numbers.curve) == {"median"}
    for column, values in (("nll", expected.median), ("low", expected.low), ("high", expected.high)):
        assert list(numbers[column]) == list(values)


def test_an_even_sequence_has_no_band_and_says_so():
    even, band = by_hand(TRIED), independent(SCORES, PIPELINES)
    numbers = FIGURES["effort"].numbers(even)
    assert set(numbers.curve) == {"expected"}
    assert numbers[["low", "high"]].isna().all().all()
    said = {
        name: {axis.get_xlabel() for axis in drawn("effort", frame).axes} for name, frame in (("even", even), ("band", band))
    }
    assert said == {"even": {"settings tried (of an even sequence: no band)"}, "band": {"settings tried"}}


def test_a_band_is_shaded_within_the_panel_where_nothing_bounds_it():
    (axis, *_) = drawn("effort", independent(SCORES, PIPELINES)).axes
    numbers = FIGURES["effort"].numbers(independent(SCORES, PIPELINES))
    assert np.isinf(numbers.low).any()
    (shade,) = axis.collections
    heights = shade.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max() <= axis.get_ylim()[1]) == (axis.get_ylim()[0], True)
    assert axis.get_ylabel().startswith("median best validation")
