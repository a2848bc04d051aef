"""Intervals over seeds and sequences, against analysis of variance, formulas of the literature and simulation."""

import math

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from scipy import stats

from gatebench.report.stats.bootstrap import SequenceScores, bootstrap_difference, bootstrap_mean
from gatebench.report.stats.estimates import Difference, Estimate, welch_difference

FEW_DRAWS = 600  # as BLAS shares the products of more between threads, which wait for one another on a busy machine


def crossed(random: Generator, seeds: int, steps: np.ndarray, sequences: np.ndarray) -> SequenceScores:
    """8.5 nats per step, with normal effects of each seed, of each sequence, and of both."""
    nll = 8.5 + random.normal(0, 0.05, (seeds, 1)) + sequences + random.normal(0, 0.1, (seeds, len(steps)))
    return SequenceScores(nll * steps, steps)


def level(scores: "np.ndarray | list[float]", steps: np.ndarray) -> SequenceScores:
    """Seeds of these scores, the same on every sequence."""
    return SequenceScores(np.outer(scores, steps), steps)


def width(estimate: "Estimate | Difference") -> float:
    return estimate.high - estimate.low


@pytest.mark.parametrize("sequences", [25, 77])
@pytest.mark.parametrize("seeds", [3, 10])
def test_95_of_100_intervals_hold_the_mean_of_all_seeds_and_sequences(seeds: int, sequences: int):
    random, held = default_rng([seeds, sequences]), []
    for _ in range(1000):
        steps = random.integers(20, 200, sequences)
        estimate = bootstrap_mean(crossed(random, seeds, steps, random.normal(0, 0.2, sequences)), draws=FEW_DRAWS)
        held.append(estimate.low <= 8.5 <= estimate.high)
    assert 0.92 <= np.mean(held) <= 0.98


@pytest.mark.parametrize("seed", [1, 7])
def test_on_sequences_of_one_length_it_is_the_interval_of_two_way_anova(seed: int):
    random, (s, n) = default_rng(seed), (4, 40)
    x = random.normal(0, 0.1, (s, 1)) + random.normal(8.5, 0.3, n) + random.normal(0, 0.4, (s, n))
    rows, columns = x.mean(1, keepdims=True), x.mean(0)
    # Mean squares of seeds, of sequences, and of both together; degrees of freedom of Satterthwaite (1946).
    a, b = n * rows.var(ddof=1), s * columns.var(ddof=1)
    both = ((x - rows - columns + x.mean()) ** 2).sum() / ((s - 1) * (n - 1))
    freedom = (a + b) ** 2 / (a**2 / (s - 1) + b**2 / (n - 1))
    error = math.sqrt(max(a, b, a + b - both) / (s * n))  # at 7 both together seem to vary more than seeds do
    for share in (0.8, 0.95):
        expected = 2 * stats.t.ppf((1 + share) / 2, freedom) * error
        assert width(bootstrap_mean(SequenceScores(20 * x, np.full(n, 20)), share)) == pytest.approx(expected, rel=0.06)


def test_without_variation_between_seeds_it_is_the_interval_of_a_ratio():
    random = default_rng(1)
    steps = random.integers(20, 200, 200)
    nll = steps * random.normal(8.5, 0.2, 200)
    # Cochran 1977, chapter 6: the variance of a ratio of sums, to first order.
    half = stats.t.ppf(0.975, 199) * math.sqrt(((nll - nll.sum() / steps.sum() * steps) ** 2).sum()) / steps.sum()
    assert width(bootstrap_mean(SequenceScores(np.tile(nll, (3, 1)), steps))) == pytest.approx(2 * half, rel=0.05)


def test_a_mean_is_over_seeds_of_all_their_steps_and_one_seed_gives_no_interval():
    steps = np.array([5, 10])
    two, one = SequenceScores(np.array([[10.0, 50.0], [20.0, 70.0]]), steps), SequenceScores(np.array([[15.0, 45.0]]), steps)
    assert (bootstrap_mean(two).mean, bootstrap_mean(two).n) == (pytest.approx((60 / 15 + 90 / 15) / 2), 2)
    assert str(bootstrap_mean(one)) == "4.000 (one seed)"
    for difference in (bootstrap_difference(two, one), bootstrap_difference(one, two)):
        assert abs(difference.mean) == pytest.approx(5 - 4)
        assert np.isnan([difference.low, difference.high, difference.p]).all()


@pytest.mark.parametrize("seeds", [3, 10])
def test_5_of_100_differences_between_equals_are_found(seeds: int):
    random, differences = default_rng(seeds), []
    for _ in range(1000):
        steps, common = random.integers(20, 200, 25), random.normal(0, 0.2, 25)
        a, b = (crossed(random, seeds, steps, common + random.normal(0, 0.1, 25)) for _ in range(2))
        differences.append(bootstrap_difference(a, b, draws=FEW_DRAWS))
    assert 0.03 <= np.mean([difference.p < 0.05 for difference in differences]) <= 0.075
    assert all((d.p < 0.05) == (d.low > 0 or d.high < 0) for d in differences)


def test_what_sequences_do_to_both_cancels_in_a_difference():
    random = default_rng(2)
    steps, common = random.integers(20, 200, 25), random.normal(0, 5, 25)
    a, b = (crossed(random, 5, steps, common) for _ in range(2))
    forth, back = bootstrap_difference(a, b), bootstrap_difference(b, a)
    assert 10 * width(forth) < min(width(bootstrap_mean(a)), width(bootstrap_mean(b)))
    assert forth.mean == pytest.approx(-back.mean, rel=1e-12)
    np.testing.assert_allclose([forth.low, forth.high, forth.p], [-back.high, -back.low, back.p], rtol=0.1, atol=2e-3)


def test_a_difference_without_variation_is_certain_and_one_on_other_sequences_refused():
    steps = np.array([3, 4])
    one, two = level([1.0, 1.0], steps), level([2.0, 2.0], steps)
    assert bootstrap_difference(one, one) == Difference(0.0, 0.0, 0.0, 1.0)
    assert bootstrap_difference(one, two) == Difference(-1.0, -1.0, -1.0, 0.0)
    for other in ([4, 3], [3, 4, 5]):
        with pytest.raises(ValueError, match="same sequences"):
            bootstrap_difference(one, level([1.0, 1.0], np.array(other)))


def test_a_difference_without_variation_between_sequences_is_that_of_welch():
    random = default_rng(3)
    steps = random.integers(20, 200, 40)
    scores = random.normal(0.75, 1.8, 10), random.normal(2.3, 2.0, 10)
    welch = welch_difference(*scores)
    difference = bootstrap_difference(level(scores[0], steps), level(scores[1], steps))
    assert (width(difference), difference.p) == (pytest.approx(width(welch), rel=0.05), pytest.approx(welch.p, rel=0.1))
