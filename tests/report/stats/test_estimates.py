"""Means with Student's interval, and Welch's difference, against worked examples and simulation."""

import math

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from gatebench.report.stats.estimates import Difference, Estimate, mean_interval, t_difference, welch_difference

# Sleep gained under one drug by ten patients (Student 1908): mean 0.75, s 1.789, and 2.262 is t for 9 degrees of freedom.
STUDENT = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
OTHER_DRUG = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_a_worked_example():
    estimate = mean_interval(STUDENT)
    assert (estimate.mean, estimate.n) == (pytest.approx(0.75), 10)
    assert estimate.low == pytest.approx(0.75 - 2.262 * 1.78901 / math.sqrt(10), abs=1e-3)
    assert estimate.high == pytest.approx(0.75 + 2.262 * 1.78901 / math.sqrt(10), abs=1e-3)


@pytest.mark.parametrize("n", [2, 3, 10, 40])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_it_is_students_interval(n: int, level: float):
    values = np.random.default_rng(n).normal(8.5, 0.1, n)
    low, high = stats.t.interval(level, n - 1, loc=values.mean(), scale=stats.sem(values))
    estimate = mean_interval(values, level)
    np.testing.assert_allclose([estimate.low, estimate.mean, estimate.high], [low, values.mean(), high], rtol=1e-12)


def test_one_seed_has_no_interval_and_says_so():
    estimate = mean_interval([8.25])
    assert (estimate.mean, estimate.n) == (8.25, 1)
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)
    assert str(estimate) == "8.250 (one seed)"


def test_several_seeds_show_their_interval():
    assert str(Estimate(8.5, 8.25, 8.75, 3)) == "8.500 [8.250, 8.750]"


@pytest.mark.parametrize("n", [3, 10])
def test_95_of_100_intervals_hold_the_mean(n: int):
    draws = np.random.default_rng(1908).normal(8.5, 0.2, (4000, n))
    estimates = [mean_interval(draw) for draw in draws]
    share = np.mean([estimate.low <= 8.5 <= estimate.high for estimate in estimates])
    # Of 4000 intervals 95% +- 1% is three standard errors; the normal distribution's 1.96 would hold 81% at n = 3.
    assert 0.94 <= share <= 0.96


def width(welch: "Estimate | Difference") -> float:
    return welch.high - welch.low


def test_a_difference_over_seeds_alone_is_that_of_welch():
    # As R prints it for both drugs of Student (1908): t = -1.8608, df = 17.776.
    welch = welch_difference(STUDENT, OTHER_DRUG)
    assert (welch.mean, welch.p) == pytest.approx((-1.58, 0.0793941), rel=1e-5)
    assert (welch.low, welch.high) == pytest.approx((-3.3654832, 0.2054832), rel=1e-5)
    assert width(welch_difference(STUDENT, OTHER_DRUG, 0.8)) == pytest.approx(
        2 * stats.t.ppf(0.9, 17.776) * 1.58 / 1.8608, rel=1e-3
    )
    assert np.isnan([welch_difference(*pair).p for pair in ((STUDENT, [1.0]), ([1.0], STUDENT))]).all()


def test_welchs_interval_holds_what_it_states_with_two_runs_beside_twenty():
    """Of the degrees of freedom of Welch, 88 of 100 hold: see `freedom`."""
    random, held = default_rng(2), []
    for spread in (0.3, 1.0, 3.0):
        for _ in range(700):
            difference = welch_difference(random.normal(0, 1, 2), random.normal(0, spread, 20))
            held.append(difference.low <= 0 <= difference.high)
    assert 0.93 <= np.mean(held) <= 0.97


def of_error(mean: float, error: float, freedom: float) -> Difference:
    return t_difference(mean, error, freedom, 1.0, 0.95)


def test_two_one_sided_tests_as_published():
    """Schuirmann 1987: equivalent at 5% where the 90% interval lies within the margin."""
    for mean in (0.01, -0.02, 0.04, 0.06):
        difference = of_error(mean, 0.01, 8)
        half = stats.t.ppf(0.95, 8) * 0.01
        for margin in (0.03, 0.05, 0.09):
            inside = -margin < mean - half and mean + half < margin
            assert (difference.p_equivalent(margin) < 0.05) == inside
        ends = [stats.t.sf((0.05 + mean) / 0.01, 8), stats.t.sf((0.05 - mean) / 0.01, 8)]
        assert difference.p_equivalent(0.05) == pytest.approx(max(ends), rel=1e-9)
        assert (-difference).p_equivalent(0.05) == difference.p_equivalent(0.05)


def test_what_is_certain_is_within_the_margin_or_not_and_single_runs_never_are():
    assert [of_error(0.04, 0.0, 3).p_equivalent(margin) for margin in (0.05, 0.03)] == [0, 1]
    assert np.isnan(of_error(0.01, 0.01, 3).p_equivalent(math.nan))
    assert np.isnan(welch_difference([1.0], [1.0, 2.0]).p_equivalent(9.0))


@pytest.mark.parametrize(("apart", "lowest", "highest"), [(0.05, 0.03, 0.07), (0.07, 0, 0.02), (0.0, 0.9, 1)])
def test_of_cells_that_differ_by_the_margin_one_in_twenty_passes_for_equivalent(apart: float, lowest: float, highest: float):
    random = default_rng(5)
    a, b = random.normal(0, 0.03, (2, 1200, 10))
    equivalent = [welch_difference(x, y + apart).p_equivalent(0.05) < 0.05 for x, y in zip(a, b, strict=True)]
    assert lowest <= np.mean(equivalent) <= highest


def test_a_difference_turned_round():
    difference = welch_difference(STUDENT, OTHER_DRUG)
    turned, back = -difference, welch_difference(OTHER_DRUG, STUDENT)
    assert (turned.mean, turned.low, turned.high, turned.p) == pytest.approx((back.mean, back.low, back.high, back.p))
