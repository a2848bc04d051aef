"""Intervals, tests and ranks, against worked examples, definitions written anew, and simulation."""

import math
from itertools import combinations

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from scipy import stats

from gatebench.report.stats.bootstrap import SequenceScores, bootstrap_difference, bootstrap_mean
from gatebench.report.stats.estimates import Difference, Estimate, mean_interval, welch_difference
from gatebench.report.stats.expected_best import expected_best
from gatebench.report.stats.holm import holm
from gatebench.report.stats.interquartile import interquartile_mean
from gatebench.report.stats.mann_whitney import probability_lower
from gatebench.report.stats.ranks import ranks

NAN, INF = float("nan"), float("inf")

# Sleep gained under one drug by ten patients (Student 1908): mean 0.75, s 1.789, and 2.262 is t for 9 degrees of freedom.
STUDENT = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]


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


FEW_DRAWS = 600  # as BLAS shares the products of more between threads, which wait for one another on a busy machine


def crossed(random: Generator, seeds: int, steps: np.ndarray, sequences: np.ndarray) -> SequenceScores:
    """8.5 nats per step, with normal effects of each seed, of each sequence, and of both."""
    each = 8.5 + random.normal(0, 0.05, (seeds, 1)) + sequences + random.normal(0, 0.1, (seeds, len(steps)))
    return SequenceScores(each * steps, steps)


def level(scores: "np.ndarray | list[float]", steps: np.ndarray) -> SequenceScores:
    """Seeds of these scores, the same on every sequence."""
    return SequenceScores(np.outer(scores, steps), steps)


def width(found: "Estimate | Difference") -> float:
    return found.high - found.low


@pytest.mark.parametrize("sequences", [25, 77])
@pytest.mark.parametrize("seeds", [3, 10])
def test_95_of_100_intervals_hold_the_mean_of_all_seeds_and_sequences(seeds: int, sequences: int):
    random, held = default_rng([seeds, sequences]), []
    for _ in range(1000):
        steps = random.integers(20, 200, sequences)
        found = bootstrap_mean(crossed(random, seeds, steps, random.normal(0, 0.2, sequences)), draws=FEW_DRAWS)
        held.append(found.low <= 8.5 <= found.high)
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
    for found in (bootstrap_difference(two, one), bootstrap_difference(one, two)):
        assert abs(found.mean) == pytest.approx(5 - 4)
        assert np.isnan([found.low, found.high, found.p]).all()


@pytest.mark.parametrize("seeds", [3, 10])
def test_5_of_100_differences_between_equals_are_found(seeds: int):
    random, found = default_rng(seeds), []
    for _ in range(1000):
        steps, common = random.integers(20, 200, 25), random.normal(0, 0.2, 25)
        a, b = (crossed(random, seeds, steps, common + random.normal(0, 0.1, 25)) for _ in range(2))
        found.append(bootstrap_difference(a, b, draws=FEW_DRAWS))
    assert 0.03 <= np.mean([one.p < 0.05 for one in found]) <= 0.075
    assert all((one.p < 0.05) == (one.low > 0 or one.high < 0) for one in found)


def test_what_sequences_do_to_both_cancels_in_a_difference():
    random = default_rng(2)
    steps, common = random.integers(20, 200, 25), random.normal(0, 5, 25)
    a, b = (crossed(random, 5, steps, common) for _ in range(2))
    found, other = bootstrap_difference(a, b), bootstrap_difference(b, a)
    assert 10 * width(found) < min(width(bootstrap_mean(a)), width(bootstrap_mean(b)))
    assert found.mean == pytest.approx(-other.mean, rel=1e-12)
    np.testing.assert_allclose([found.low, found.high, found.p], [-other.high, -other.low, other.p], rtol=0.1, atol=2e-3)


def test_a_difference_over_seeds_alone_is_that_of_welch():
    # As R prints it for both drugs of Student (1908): t = -1.8608, df = 17.776.
    other = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = welch_difference(STUDENT, other)
    assert (found.mean, found.p) == pytest.approx((-1.58, 0.0793941), rel=1e-5)
    assert (found.low, found.high) == pytest.approx((-3.3654832, 0.2054832), rel=1e-5)
    assert width(welch_difference(STUDENT, other, 0.8)) == pytest.approx(
        2 * stats.t.ppf(0.9, 17.776) * 1.58 / 1.8608, rel=1e-3
    )
    assert np.isnan([welch_difference(*pair).p for pair in ((STUDENT, [1.0]), ([1.0], STUDENT))]).all()
    steps = default_rng(3).integers(20, 200, 40)
    crossed = bootstrap_difference(level(STUDENT, steps), level(other, steps))
    assert (width(crossed), crossed.p) == (pytest.approx(width(found), rel=0.05), pytest.approx(found.p, rel=0.1))


def test_a_difference_without_variation_is_certain_and_one_on_other_sequences_refused():
    steps = np.array([3, 4])
    one, two = level([1.0, 1.0], steps), level([2.0, 2.0], steps)
    assert bootstrap_difference(one, one) == Difference(0.0, 0.0, 0.0, 1.0)
    assert bootstrap_difference(one, two) == Difference(-1.0, -1.0, -1.0, 0.0)
    for other in ([4, 3], [3, 4, 5]):
        with pytest.raises(ValueError, match="same sequences"):
            bootstrap_difference(one, level([1.0, 1.0], np.array(other)))


def test_holm_by_hand_and_as_the_closure_of_bonferroni():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([NAN, 0.04, 0.5, NAN, 0.9]), [NAN, 0.12, 1.0, NAN, 1.0])
    for p in default_rng(4).random((20, 5)) ** 2:
        sets = [list(s) for n in range(1, 6) for s in combinations(range(5), n)]
        closed = [max(min(1.0, len(s) * p[s].min()) for s in sets if i in s) for i in range(5)]
        np.testing.assert_allclose(holm(p), closed)


def test_5_of_100_families_of_true_nulls_are_rejected_by_holm():
    p = default_rng(5).random((2000, 6))
    assert 0.04 <= np.mean([holm(row).min() <= 0.05 for row in p]) <= 0.06


def hanley(theta: float, m: float, n: float, pairs: float) -> float:
    """Standard error of the area under a curve (Hanley and McNeil 1982), by their Q1 and Q2."""
    q1, q2 = theta / (2 - theta), 2 * theta**2 / (1 + theta)
    return math.sqrt((theta * (1 - theta) + (m - 1) * (q1 - theta**2) + (n - 1) * (q2 - theta**2)) / pairs)


# Ratings 1 to 5 of 58 normal and 51 abnormal images (Hanley and McNeil 1982): area 0.893, standard error 0.032.
NORMAL, ABNORMAL = np.repeat(range(1, 6), [33, 6, 6, 11, 2]), np.repeat(range(1, 6), [3, 2, 2, 11, 33])


@pytest.mark.parametrize(("a", "b"), [(NORMAL, ABNORMAL), ([3, 1, 4, 1, 5, 9], [2, 6, 5, 3]), (range(10), range(10, 20))])
def test_a_probability_counts_pairs_and_its_interval_is_newcombes(a: list[float], b: list[float]):
    found, other, pairs = probability_lower(a, b, 0.9), probability_lower(b, a, 0.9), len(a) * len(b)
    assert found.mean == pytest.approx(sum(1.0 if x < y else 0.5 if x == y else 0.0 for x in a for y in b) / pairs)
    assert (other.low, other.mean, other.high) == pytest.approx((1 - found.high, 1 - found.mean, 1 - found.low), abs=1e-9)
    assert 0 < found.low < found.mean <= found.high <= 1
    size = (len(a) + len(b)) / 2
    for end in {found.low, found.high} - {1.0}:
        assert abs(end - found.mean) == pytest.approx(stats.norm.ppf(0.95) * hanley(end, size, size, pairs), rel=1e-6)


def test_a_published_probability_complete_separation_and_a_single_run():
    found, apart = probability_lower(NORMAL, ABNORMAL), probability_lower([1.0, 2.0], [3.0, 4.0])
    assert (found.mean, found.n) == (pytest.approx(0.893, abs=5e-4), 51)
    assert hanley(found.mean, 51, 58, 51 * 58) == pytest.approx(0.032, abs=5e-4)
    assert (apart.mean, apart.high) == (1, 1)
    assert 0.2 < apart.low < 0.8
    assert str(probability_lower([1.0], [0.0, 2.0])) == "0.500 (one seed)"


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_95_of_100_intervals_hold_the_probability(shift: float):
    a, b = default_rng(8).normal(0, 1, (2, 600, 10))
    true = stats.norm.cdf(shift / math.sqrt(2))
    found = [probability_lower(x, y) for x, y in zip(a, b + shift, strict=True)]
    assert 0.90 <= np.mean([one.low <= true <= one.high for one in found]) <= 0.99


def test_an_interquartile_mean_cuts_a_quarter_on_each_side():
    tasks = [default_rng(9).normal(1, 1, (3, 7)).ravel(), np.array([5.0, 0.0]), np.array([1.0, 3.0, 2.0])]
    middle = np.sort(np.concatenate(tasks))[6:-6]  # 26 runs, and a quarter of them is 6.5
    found = interquartile_mean(tasks)
    assert (found.mean, found.n) == (pytest.approx(middle.mean()), 2)
    assert found.low < found.mean < found.high
    assert interquartile_mean([*tasks[:1], np.array([5e9, -5e9]), tasks[2]]).mean == pytest.approx(middle.mean())


def test_its_interval_draws_again_the_runs_of_each_task_but_no_tasks():
    random = default_rng(10)
    tasks = [random.normal(i, 0.3, 8) for i in range(3)]
    drawn = np.sort([np.concatenate([random.choice(task, 8) for task in tasks]) for _ in range(4000)])[:, 6:-6].mean(1)
    for share, ends in ((0.8, [0.1, 0.9]), (0.95, [0.025, 0.975])):
        found = interquartile_mean(tasks, share)
        np.testing.assert_allclose([found.low, found.high], np.quantile(drawn, ends), atol=0.2 * drawn.std())
    alike = interquartile_mean([np.full(4, 1.0), np.full(8, 5.0)])
    assert (alike.low, alike.high) == (alike.mean, alike.mean)
    assert str(interquartile_mean([np.array([1.0]), np.array([2.0, 3.0])])) == "2.000 (one seed)"


@pytest.mark.parametrize("values", [[3.0, 1.0, 2.5, 2.5, 0.5, 4.0], [3.0, NAN, 1.0, 2.0], [NAN, 2.0, NAN], [INF, 1.0]])
def test_the_expected_best_is_over_all_subsets(values: list[float]):
    tried = [INF if math.isnan(value) else value for value in values]
    subsets = [[min(some) for some in combinations(tried, n)] for n in range(1, len(tried) + 1)]
    found = expected_best(values)
    np.testing.assert_allclose(found, [float(np.mean(lowest)) for lowest in subsets])
    assert (found[0], found[-1]) == (pytest.approx(np.mean(tried)), pytest.approx(min(tried)))


# AUC ranks of four forms of C4.5 on 14 data sets (Demsar 2006, table 6).
C45 = """4 3 2 1  1 2 3 4  4 1 2 3  4 1 3 2  4 2 3 1  1 2.5 4 2.5  3 2 4 1  2.5 2.5 4 1  4 3 2 1  2.5 2.5 2.5 2.5
         4 2.5 1 2.5  3 2 4 1  4 1 2 3  3 1 4 2"""


def test_ranks_of_a_published_comparison():
    table = np.array(C45.split(), float).reshape(14, 4)
    found = ranks(10 * table - 3)
    np.testing.assert_allclose(found.mean, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    assert found.critical == pytest.approx(1.25, abs=5e-3)
    assert ranks(table, alpha=0.1).critical == pytest.approx(1.12, abs=5e-3)
    # Conover's form of Friedman's statistic; without its correction for ties it is the 9.28 of the paper.
    between = ((table.sum(0) - 14 * 2.5) ** 2).sum()
    assert 12 * between / (14 * 4 * 5) == pytest.approx(9.28, abs=0.01)
    assert found.p == pytest.approx(stats.chi2.sf(3 * between / ((table - 2.5) ** 2).sum(), 3))


@pytest.mark.parametrize(("cells", "q"), [*enumerate([1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164], 2)])
def test_the_critical_difference_is_nemenyis(cells: int, q: float):
    found = ranks(default_rng(cells).random((9, cells)))
    assert found.critical == pytest.approx(q * math.sqrt(cells * (cells + 1) / (6 * 9)), rel=5e-4)
    assert math.isnan(found.p) == (cells == 2)  # Friedman's test is of three or more


def test_ties_share_their_ranks():
    # By hand: 1, 2.5, 2.5; then 3, 1, 2; then 2, 2, 2.
    found = ranks(np.array([[8.1, 8.2, 8.2], [0.3, 0.1, 0.2], [5.0, 5.0, 5.0]]))
    np.testing.assert_allclose(found.mean, [6 / 3, 5.5 / 3, 6.5 / 3])
    assert math.isnan(ranks(np.array([[1.0, 2.0, 3.0]])).p)
