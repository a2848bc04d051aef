"""Intervals over repetitions and sequences, against analysis of variance, formulas of the literature and simulation."""

import math
from itertools import product

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from scipy import stats

from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores, VarianceComponents
from gatebench.report.stats.estimates import Difference, Estimate, welch_difference
from support.simulated import selected


def scores_of(random: Generator, repetitions: int, steps: np.ndarray, sequences: np.ndarray) -> SequenceScores:
    """8.5 nats per step, with normal effects of each repetition, of each sequence, and of both."""
    nll = 8.5 + random.normal(0, 0.05, (repetitions, 1)) + sequences + random.normal(0, 0.1, (repetitions, len(steps)))
    return SequenceScores(nll * steps, steps)


def level(scores: "np.ndarray | list[float]", steps: np.ndarray) -> SequenceScores:
    """Repetitions of these scores, the same on every sequence."""
    return SequenceScores(np.outer(scores, steps), steps)


def width(estimate: "Estimate | Difference") -> float:
    return estimate.high - estimate.low


# Sequences, and the standard deviation of the logarithm of their lengths; that of JSB Chorales is 0.4, of MuseData 1.
SPLITS = [(10, 0.0), (10, 0.6), (25, 0.8), (77, 0.4), (500, 1.0)]
# Shares of the variance of a mean: of repetitions alone, of both together, of sequences alone.
SHARES = [(0.8, 0.05, 0.15), (0.5, 0.1, 0.4), (0.3, 0.3, 0.4), (0.1, 0.1, 0.8)]


def design(random: Generator, counts: tuple[int, ...], split: tuple[int, float], shares: tuple[float, float, float]):
    """Cells that all have the mean zero, of which what sequences do to both is most of the variance."""
    steps = np.round(np.exp(random.normal(4, split[1], split[0]))) + 5
    effective = steps.sum() ** 2 / (steps**2).sum()
    alone, together, sequences = shares
    both = random.normal(0, 2, len(steps))
    return [
        SequenceScores(
            steps
            * (
                math.sqrt(alone * n) * selected(random, n)[:, None]
                + random.normal(0, math.sqrt(together * n * effective), (n, len(steps)))
                + random.normal(0, math.sqrt(sequences * effective), len(steps))
                + (both if len(counts) > 1 else 0)
            ),
            steps,
        )
        for n in counts
    ]


@pytest.mark.parametrize(
    "counts", [(2,), (3,), (5,), (8,), (20,), (2, 2), (2, 20), (3, 3), (3, 10), (8, 8), (20, 20)], ids=str
)
def test_95_of_100_intervals_hold_what_they_are_for(counts: tuple[int, ...]):
    """Pipelines of a search each, sequences of other lengths in each design: a mean, or the difference of two."""
    random, held = default_rng(counts), []
    for split, shares in product(SPLITS, SHARES):
        for _ in range(45):
            cells = design(random, counts, split, shares)
            interval = crossed.mean(*cells) if len(cells) == 1 else crossed.difference(*cells)
            held.append(interval.low <= 0 <= interval.high)
    assert 0.93 <= np.mean(held) <= 0.97


def test_an_interval_that_takes_long_sequences_for_ordinary_ones_holds_less():
    """What every sequence costs more than its steps do, alike for long and short ones; the plain form has n - 1."""
    random, held = default_rng(8), []
    for _ in range(1500):
        steps = np.round(np.exp(random.normal(4, 1, 12))) + 5
        nll = steps * random.normal(0, 1, 12)
        scores = SequenceScores(np.tile(nll, (2, 1)), steps)
        residuals = nll - nll.sum() / steps.sum() * steps
        plain = stats.t.ppf(0.975, 11) * math.sqrt((residuals**2).sum() * 12 / 11) / steps.sum()
        interval = crossed.mean(scores)
        held.append((interval.low <= 0 <= interval.high, abs(interval.mean) <= plain))
    ours, theirs = np.mean(held, 0)
    assert 0.93 <= ours <= 0.97
    assert theirs < 0.92


def test_the_variance_over_sequences_is_unbiased_where_all_vary_alike():
    """The sum over unit effects of a single sequence each is what independent effects of variance one come to."""
    steps = np.array([3.0, 50.0, 7.0, 900.0, 20.0])
    effects = [np.tile(steps * effect, (2, 1)) for effect in np.eye(5)]
    total = sum(VarianceComponents.estimate(SequenceScores(nll, steps)).sequences for nll in effects)
    assert total == pytest.approx(((steps / steps.sum()) ** 2).sum(), rel=1e-12)


@pytest.mark.parametrize("seed", [1, 7])
def test_on_sequences_of_one_length_it_is_the_interval_of_two_way_anova(seed: int):
    random, (s, n) = default_rng(seed), (4, 40)
    x = random.normal(0, 0.1, (s, 1)) + random.normal(8.5, 0.3, n) + random.normal(0, 0.4, (s, n))
    rows, columns = x.mean(1, keepdims=True), x.mean(0)
    # Mean squares of repetitions, of sequences, and of both together.
    a, b = n * rows.var(ddof=1), s * columns.var(ddof=1)
    both = ((x - rows - columns + x.mean()) ** 2).sum() / ((s - 1) * (n - 1))
    error = math.sqrt(max(both, a + b - both) / (s * n))  # at 7 both together seem to vary more than repetitions do
    # Degrees of freedom of Satterthwaite (1946), each mean square at the upper quartile of its confidence distribution.
    upper_a, upper_b = a * (s - 1) / stats.chi2.ppf(0.25, s - 1), b * (n - 1) / stats.chi2.ppf(0.25, n - 1)
    freedom = (upper_a + upper_b) ** 2 / (upper_a**2 / (s - 1) + upper_b**2 / (n - 1))
    for share in (0.8, 0.95):
        expected = 2 * stats.t.ppf((1 + share) / 2, freedom) * error
        assert width(crossed.mean(SequenceScores(20 * x, np.full(n, 20)), share)) == pytest.approx(expected, rel=1e-9)


def test_what_varies_only_together_varies_all_the_same():
    """Neither the means of repetitions nor those of sequences differ, by chance."""
    x = default_rng(4).normal(0, 0.4, (4, 40))
    x = 8.5 + x - x.mean(1, keepdims=True) - x.mean(0) + x.mean()
    both = ((x - 8.5) ** 2).sum() / (3 * 39)
    error, _ = VarianceComponents.estimate(SequenceScores(20 * x, np.full(40, 20))).standard_error()
    assert error == pytest.approx(math.sqrt(both / 160))


def test_without_variation_between_repetitions_it_is_the_interval_of_a_ratio():
    random = default_rng(1)
    steps = random.integers(20, 200, 200)
    nll = steps * random.normal(8.5, 0.2, 200)
    # Cochran 1977, chapter 6: the variance of a ratio of sums, to first order.
    half = stats.t.ppf(0.975, 199) * math.sqrt(((nll - nll.sum() / steps.sum() * steps) ** 2).sum()) / steps.sum()
    assert width(crossed.mean(SequenceScores(np.tile(nll, (3, 1)), steps))) == pytest.approx(2 * half, rel=0.05)


def test_a_mean_is_over_repetitions_of_all_their_steps_and_one_gives_no_interval():
    steps = np.array([5, 10])
    two, one = SequenceScores(np.array([[10.0, 50.0], [20.0, 70.0]]), steps), SequenceScores(np.array([[15.0, 45.0]]), steps)
    assert (crossed.mean(two).mean, crossed.mean(two).n) == (pytest.approx((60 / 15 + 90 / 15) / 2), 2)
    assert str(crossed.mean(one)) == "4.000 (one seed)"
    for difference in (crossed.difference(two, one), crossed.difference(one, two)):
        assert abs(difference.mean) == pytest.approx(5 - 4)
        assert np.isnan([difference.low, difference.high, difference.p, difference.error]).all()


def test_what_sequences_do_to_both_cancels_in_a_difference():
    random = default_rng(2)
    steps, common = random.integers(20, 200, 25), random.normal(0, 5, 25)
    a, b = (scores_of(random, 5, steps, common) for _ in range(2))
    forth, back = crossed.difference(a, b), crossed.difference(b, a)
    assert 10 * width(forth) < min(width(crossed.mean(a)), width(crossed.mean(b)))
    np.testing.assert_allclose([forth.mean, forth.low, forth.high, forth.p], [-back.mean, -back.high, -back.low, back.p])


def test_a_difference_without_variation_is_certain_and_one_on_other_sequences_refused():
    steps = np.array([3, 4])
    one, two = level([1.0, 1.0], steps), level([2.0, 2.0], steps)
    nothing, apart = crossed.difference(one, one), crossed.difference(one, two)
    assert (nothing.mean, nothing.low, nothing.high, nothing.p, nothing.error) == (0, 0, 0, 1, 0)
    assert (apart.mean, apart.low, apart.high, apart.p, apart.error) == (-1, -1, -1, 0, 0)
    for other in ([4, 3], [3, 4, 5]):
        with pytest.raises(ValueError, match="same sequences"):
            crossed.difference(one, level([1.0, 1.0], np.array(other)))


@pytest.mark.parametrize("n", [1, 40])
def test_a_difference_without_variation_between_sequences_is_that_of_welch(n: int):
    """As that of a split of a single sequence is, which says nothing of others."""
    random = default_rng(3)
    steps = random.integers(20, 200, n)
    scores = random.normal(0.75, 1.8, 10), random.normal(2.3, 2.0, 10)
    welch = welch_difference(*scores)
    difference = crossed.difference(level(scores[0], steps), level(scores[1], steps))
    assert (width(difference), difference.p) == (pytest.approx(width(welch)), pytest.approx(welch.p))
