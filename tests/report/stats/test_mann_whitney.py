"""The probability of a lower run, against a published example, its definition and simulation."""

import math
from functools import cache

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from scipy import stats

from gatebench.report.stats.mann_whitney import probability_lower


def hanley(theta: float, m: float, n: float, pairs: float) -> float:
    """Standard error of the area under a curve (Hanley and McNeil 1982), by their Q1 and Q2."""
    q1, q2 = theta / (2 - theta), 2 * theta**2 / (1 + theta)
    return math.sqrt((theta * (1 - theta) + (m - 1) * (q1 - theta**2) + (n - 1) * (q2 - theta**2)) / pairs)


# Ratings 1 to 5 of 58 normal and 51 abnormal images (Hanley and McNeil 1982): area 0.893, standard error 0.032.
NORMAL, ABNORMAL = np.repeat(range(1, 6), [33, 6, 6, 11, 2]), np.repeat(range(1, 6), [3, 2, 2, 11, 33])


@pytest.mark.parametrize(("a", "b"), [(NORMAL, ABNORMAL), ([3, 1, 4, 1, 5, 9], [2, 6, 5, 3]), (range(10), range(10, 20))])
def test_a_probability_counts_pairs_and_its_interval_is_newcombes(a: list[float], b: list[float]):
    estimate, other, pairs = probability_lower(a, b, 0.9), probability_lower(b, a, 0.9), len(a) * len(b)
    assert estimate.mean == pytest.approx(sum(1.0 if x < y else 0.5 if x == y else 0.0 for x in a for y in b) / pairs)
    turned = (1 - estimate.high, 1 - estimate.mean, 1 - estimate.low)
    assert (other.low, other.mean, other.high) == pytest.approx(turned, abs=1e-9)
    assert 0 < estimate.low < estimate.mean <= estimate.high <= 1
    size = (len(a) + len(b)) / 2
    for end in {estimate.low, estimate.high} - {1.0}:
        assert abs(end - estimate.mean) == pytest.approx(stats.norm.ppf(0.95) * hanley(end, size, size, pairs), rel=1e-6)


def test_a_published_probability_complete_separation_and_a_single_run():
    estimate, apart = probability_lower(NORMAL, ABNORMAL), probability_lower([1.0, 2.0], [3.0, 4.0])
    assert (estimate.mean, estimate.n) == (pytest.approx(0.893, abs=5e-4), 51)
    assert hanley(estimate.mean, 51, 58, 51 * 58) == pytest.approx(0.032, abs=5e-4)
    assert (apart.mean, apart.high) == (1, 1)
    assert 0.2 < apart.low < 0.8
    assert str(probability_lower([1.0], [0.0, 2.0])) == "0.500 (one seed)"


@cache
def ends(pairs: int, m: int, n: int) -> tuple[float, float]:
    """Of the interval of runs without ties, which depends on the number of pairs of which the first is lower alone."""
    a = np.array([n - min(n, max(0, pairs - n * i)) - 0.5 for i in range(m)])
    estimate = probability_lower(a, np.arange(n))
    assert round(estimate.mean * m * n) == pairs
    return estimate.low, estimate.high


def held(shift: float, m: int, n: int, random: Generator, draws: int) -> list[bool]:
    """Whether intervals hold the probability, of so many draws of normal runs that lie so far apart."""
    a, b = random.normal(0, 1, (draws, m, 1)), random.normal(shift, 1, (draws, 1, n))
    intervals = [ends(int(pairs), m, n) for pairs in (a < b).sum((1, 2))]
    true = stats.norm.cdf(shift / math.sqrt(2))
    return [bool(low <= true <= high) for low, high in intervals]


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_95_of_100_intervals_hold_the_probability(shift: float):
    assert 0.90 <= np.mean(held(shift, 10, 10, default_rng(8), 600)) <= 0.99


@pytest.mark.parametrize(("m", "n"), [(3, 3), (5, 8), (10, 10), (20, 20)])
def test_over_all_that_it_may_be_95_of_100_intervals_hold_the_probability(m: int, n: int):
    """The estimate takes few values, so that single probabilities are held more or less often, as Newcombe found."""
    random = default_rng(m * n)
    assert 0.93 <= np.mean([held(shift, m, n, random, 150) for shift in np.arange(0, 4.25, 0.25)]) <= 0.97
