"""The figure of what tuning buys."""

from itertools import combinations
from math import inf

import numpy as np
import pandas as pd

from support.figures import FIGURES, TRIED
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
