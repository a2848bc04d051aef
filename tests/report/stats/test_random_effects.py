"""Effects over tasks, against Student's formulas, a published estimator and simulation."""

import math

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from gatebench.report.stats.random_effects import summary

EFFECTS, ERRORS = [-1.0, 8.5, 3.4, 4.0], [0.6, 2.9, 1.3, 1.5]


def test_the_mean_counts_every_task_alike_and_has_students_interval():
    over = summary(EFFECTS, ERRORS)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(EFFECTS), scale=stats.sem(EFFECTS))
    assert (over.mean, over.low, over.high, over.tasks) == pytest.approx((np.mean(EFFECTS), low, high, 4))
    twice = summary([2 * effect for effect in EFFECTS], [2 * error for error in ERRORS])
    assert (twice.low, twice.new_high, twice.spread) == pytest.approx((2 * over.low, 2 * over.new_high, 2 * over.spread))


def test_the_prediction_is_for_one_more_of_what_was_seen():
    over = summary(EFFECTS, ERRORS, 0.9)
    half = stats.t.ppf(0.95, 3) * np.std(EFFECTS, ddof=1) * math.sqrt(1 + 1 / 4)
    assert (over.new_low, over.new_high) == pytest.approx((np.mean(EFFECTS) - half, np.mean(EFFECTS) + half))


def test_the_spread_is_what_errors_leave_unexplained():
    """Hedges 1983: the variance of the effects less the mean of their sampling variances."""
    assert summary(EFFECTS, ERRORS).spread == pytest.approx(math.sqrt(np.var(EFFECTS, ddof=1) - np.mean(np.square(ERRORS))))
    assert summary(EFFECTS, [9.0] * 4).spread == 0
    assert math.isnan(summary(EFFECTS, [math.nan, *ERRORS[1:]]).spread)
    random = default_rng(3)
    errors = np.array([0.2, 0.5, 1.0, 2.0, 0.3])
    spreads = [summary(random.normal(0, np.hypot(3, errors)), errors).spread for _ in range(2000)]
    assert np.mean(np.square(spreads)) == pytest.approx(9, rel=0.06)


@pytest.mark.parametrize("tasks", [3, 4, 8])
@pytest.mark.parametrize("between", [1.0, 3.0])
def test_95_of_100_intervals_hold_the_mean_effect_and_that_on_a_new_task(tasks: int, between: float):
    """Whose errors, of a standard deviation of 0.2 to 2, are as large as the effects or a third of them."""
    random, held = default_rng([tasks, int(between)]), []
    for _ in range(2000):
        errors = random.choice([0.2, 0.5, 1.0, 2.0], tasks + 1)
        *effects, new = random.normal(0, between, tasks + 1) + random.normal(0, errors)
        over = summary(effects, errors[:-1])
        held.append((over.low <= 0 <= over.high, over.new_low <= new <= over.new_high))
    mean, prediction = np.mean(held, 0)
    assert 0.93 <= mean <= 0.97
    assert 0.93 <= prediction <= 0.97
