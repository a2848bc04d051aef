"""The median of the best of n settings, and its band, against known probabilities, a library and simulation."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from gatebench.report.stats.median_best import joint, limits, median_best


def shares(most: int) -> np.ndarray:
    """Of all settings, how many are below the median best of n."""
    return 1 - 0.5 ** (1 / np.arange(1, most + 1))


def test_numbers_of_draws_are_within_limits_with_the_probability_of_counting():
    p = np.array([0.2, 0.5])
    of_one = stats.binom.pmf([1, 2], 6, 0.2).sum()
    assert joint(6, p[:1], np.array([1]), np.array([2])) == pytest.approx(of_one, rel=1e-9)
    of_both = sum(
        stats.binom.pmf(first, 6, 0.2) * stats.binom.pmf(second - first, 6 - first, 0.3 / 0.8)
        for first in (1, 2) for second in (2, 3, 4)
    )  # fmt: skip
    assert joint(6, p, np.array([1, 2]), np.array([2, 4])) == pytest.approx(of_both, rel=1e-9)
    assert joint(40, p, np.zeros(2), np.full(2, 40)) == pytest.approx(1)


@pytest.mark.parametrize(("n", "most", "level"), [(12, 12, 0.95), (24, 8, 0.5), (96, 12, 0.95), (128, 16, 0.8)])
def test_limits_hold_at_all_shares_at_once_and_no_wider_than_they_must(n: int, most: int, level: float):
    p = shares(most)[::-1]
    low, high = limits(n, tuple(p), level)
    assert level <= joint(n, p, low, high) < level + 0.02
    draws = default_rng(n).random((4000, n))
    numbers = (draws[:, :, None] < p).sum(1)
    held = ((numbers >= low) & (numbers <= high)).all(1).mean()
    assert held == pytest.approx(joint(n, p, low, high), abs=3 * (level * (1 - level) / 4000) ** 0.5)


def test_at_a_single_share_they_are_those_of_the_binomial_test():
    """At 95%: 0 to 4 of 12 below a share of 0.12, the smallest limits beyond either of which 2.5% are."""
    low, high = limits(12, (0.12,), 0.95)
    assert (low[0], high[0]) == (0, 4)
    assert stats.binom.sf(4, 12, 0.12) < 0.025 < stats.binom.sf(3, 12, 0.12)


# By opda 0.8.0: ends of its band "ld_equal_tailed" of 12 draws, whose critical value is simulated (10^6 trials, seed 1):
# above and below the first draw, above and below the fifth. And the quantile tuning curves of 24 draws, minimized.
ENDS = [0.37935, 0.00027266, 0.74406, 0.093796]
SCORES = [
    8.908, 7.989, 8.584, 8.386, 8.41, 8.457, 8.096, 8.452, 8.327, 8.289, 8.844, 8.366, 8.399, 8.609, 8.422, 8.548, 8.46,
    8.444, 8.73, 8.511, 8.69, 8.776, 8.644, 8.494,
]  # fmt: skip
LOW = [8.366, 7.989, *[-np.inf] * 6]
MEDIAN = [8.457, 8.41, 8.366, 8.327, 8.327, 8.289, 8.289, 8.096]
HIGH = [8.69, 8.511, 8.457, 8.452, 8.422, 8.422, 8.41, 8.41]


def test_over_the_whole_distribution_the_band_is_that_of_opda():
    p = np.arange(1, 4000) / 4000
    low, high = limits(12, tuple(p), 0.95)
    ends = [p[low >= 1][0], p[high <= 0][-1], p[low >= 5][0], p[high <= 4][-1]]
    np.testing.assert_allclose(ends, ENDS, rtol=0.01, atol=3e-4)


def test_the_curve_is_that_of_opda_and_the_band_within_its_own():
    curve = median_best(SCORES, 8)
    assert list(curve.median) == MEDIAN
    assert (curve.low >= LOW).all()
    assert (curve.high <= HIGH).all()
    assert np.isfinite(curve.low).sum() > np.isfinite(LOW).sum()


def test_of_few_draws_the_best_of_many_is_not_bounded():
    curve = median_best([3.0, 2.0], 3)
    infinite = [np.inf] * 3
    assert (list(-curve.low), list(curve.median), list(curve.high)) == (infinite, [2, 2, 2], infinite)


def test_failed_settings_are_infinitely_high():
    curve = median_best([*range(4), *[np.nan] * 7, np.inf], 12)
    assert list(np.isinf(curve.median)) == [True, *[False] * 11]  # of two settings, one learns in 56% of cases
    assert list(np.isinf(curve.high)) == [True] * 7 + [False] * 5
    assert not np.isposinf(curve.low).any()


@pytest.mark.parametrize(("failing", "most_held"), [(0.0, 0.97), (0.6, 1.0)])
def test_95_of_100_bands_hold_the_whole_curve(failing: float, most_held: float):
    """Of eight pipelines' skewed scores, of which some fail: where the curve is infinite, no band can miss it below."""
    random, most, held = default_rng(7), 12, []
    learned = 1 - failing
    truth = np.where(shares(most) < learned, -np.log1p(-np.minimum(shares(most) / learned, 0.999)), np.inf)
    for _ in range(4000):
        scores = np.where(random.random(96) < failing, np.inf, random.exponential(1, 96))
        curve = median_best(scores, most)
        held.append(((curve.low <= truth) & (truth <= curve.high)).all())
    assert 0.93 <= np.mean(held) <= most_held
