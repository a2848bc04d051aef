"""The interquartile mean and its interval, against its definition and simulation."""

import numpy as np
import pytest
from numpy.random import default_rng

from gatebench.report.stats.interquartile import interquartile_mean


def test_an_interquartile_mean_cuts_a_quarter_on_each_side():
    tasks = [default_rng(9).normal(1, 1, (3, 7)).ravel(), np.array([5.0, 0.0]), np.array([1.0, 3.0, 2.0])]
    middle = np.sort(np.concatenate(tasks))[6:-6]  # 26 runs, and a quarter of them is 6.5
    estimate = interquartile_mean(tasks)
    assert (estimate.mean, estimate.n) == (pytest.approx(middle.mean()), 2)
    assert estimate.low < estimate.mean < estimate.high
    assert interquartile_mean([*tasks[:1], np.array([5e9, -5e9]), tasks[2]]).mean == pytest.approx(middle.mean())


def test_its_interval_draws_again_the_runs_of_each_task_but_no_tasks():
    random = default_rng(10)
    tasks = [random.normal(i, 0.3, 8) for i in range(3)]
    drawn = np.sort([np.concatenate([random.choice(task, 8) for task in tasks]) for _ in range(4000)])[:, 6:-6].mean(1)
    for share, ends in ((0.8, [0.1, 0.9]), (0.95, [0.025, 0.975])):
        estimate = interquartile_mean(tasks, share)
        np.testing.assert_allclose([estimate.low, estimate.high], np.quantile(drawn, ends), atol=0.2 * drawn.std())
    alike = interquartile_mean([np.full(4, 1.0), np.full(8, 5.0)])
    assert (alike.low, alike.high) == (alike.mean, alike.mean)
    assert str(interquartile_mean([np.array([1.0]), np.array([2.0, 3.0])])) == "2.000 (one seed)"
