"""Degrees of freedom of sums of variances, against Satterthwaite's and by simulation."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from gatebench.report.stats.satterthwaite import freedom


def satterthwaite(parts: list[tuple[float, float]]) -> float:
    """As published in 1946."""
    return sum(part for part, _ in parts) ** 2 / sum(part**2 / own for part, own in parts)


def test_parts_of_the_same_freedom_have_that_of_satterthwaite_and_of_welch():
    for parts in ([(2.0, 9.0), (3.0, 9.0)], [(1.0, 2.0), (5.0, 2.0), (0.0, 2.0)], [(0.3, 4.0)]):
        assert freedom(parts) == pytest.approx(satterthwaite(parts))
    x, y = default_rng(1).normal(0, [[1.0], [3.0]], (2, 7))
    welch = stats.ttest_ind(x, y, equal_var=False)
    assert freedom([(x.var(ddof=1) / 7, 6), (y.var(ddof=1) / 7, 6)]) == pytest.approx(welch.df)  # pyright: ignore


def test_large_parts_count_for_themselves_and_nothing_has_one():
    assert freedom([(1.0, 3.0), (1e-9, 500.0)]) == pytest.approx(3, rel=1e-6)
    assert freedom([(0.0, 3.0), (0.0, 5.0)]) == 1
    assert freedom([(2.0, 200.0), (3.0, 400.0)]) == pytest.approx(satterthwaite([(2.0, 200.0), (3.0, 400.0)]), rel=0.02)


def held(own: int, share: float, of: Callable[[list[tuple[float, float]]], float]) -> float:
    """Of 3000 means whose error is the sum of two variances, the first with few degrees of freedom, how many 95% hold."""
    random, n = default_rng([own, int(100 * share)]), 3000
    first, second = share * random.chisquare(own, n) / own, (1 - share) * random.chisquare(76, n) / 76
    away = np.abs(random.normal(0, 1, n)) / np.sqrt(first + second)
    limits = stats.t.ppf(0.975, [of([(a, own), (b, 76)]) for a, b in zip(first, second, strict=True)])
    return float(np.mean(away <= limits))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("own", [1, 2])
def test_a_part_that_rests_on_two_or_three_runs_does_not_pass_for_known(own: int, share: float):
    assert 0.93 <= held(own, share, freedom) <= 0.975


def test_without_the_guard_two_runs_pass_for_known():
    assert held(1, 0.95, satterthwaite) < 0.9
