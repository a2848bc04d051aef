"""Looking at a comparison again and again, with more pipelines each time, makes no more wrong winners than a single look."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from gatebench.report.stats import looks

ALPHA = 0.05
PIPELINES = (3, 5, 8, 13, 20)
"""How many there are at each look."""


def p_values_at_looks(experiments: int) -> np.ndarray:
    """Welch's p of two cells that are the same, at each of `PIPELINES`: ``[experiments, looks]``."""
    random = np.random.default_rng(2014)
    a, b = random.standard_normal((2, experiments, max(PIPELINES)))
    welch: list[Any] = [stats.ttest_ind(a[:, :n], b[:, :n], axis=1, equal_var=False) for n in PIPELINES]
    return np.stack([test.pvalue for test in welch], axis=1)


def test_a_difference_that_is_not_there_is_seen_no_more_often_in_five_looks_than_in_one():
    p = p_values_at_looks(20_000)
    adjusted = np.array([[looks.adjusted(value, look) for look, value in enumerate(row, 1)] for row in p])
    single_look = (p[:, -1] < ALPHA).mean()
    assert single_look == pytest.approx(ALPHA, abs=0.006)
    assert (p < ALPHA).any(axis=1).mean() > 2 * single_look  # without an adjustment
    assert (adjusted < ALPHA).any(axis=1).mean() < 0.015 < single_look
    assert (adjusted[:, 0] < ALPHA).mean() > 0.005  # the first look is not in vain


def test_all_levels_together_stay_below_alpha():
    levels = [looks.level(look, ALPHA) for look in range(1, 30)]
    assert levels[:3] == pytest.approx([0.01, 0.01 / 3, 0.01 / 9])
    assert sum(levels) < 0.015 == pytest.approx(looks.TOGETHER * ALPHA)
    assert looks.level(0, ALPHA) == ALPHA


@pytest.mark.parametrize("look", range(5))
def test_an_adjusted_p_is_below_alpha_where_p_is_below_the_level(look: int):
    level = looks.level(look, ALPHA)
    assert looks.adjusted(level * 0.999, look) < ALPHA <= looks.adjusted(level * 1.001, look)
    assert looks.adjusted(0.9, look) <= 1
    assert np.isnan(looks.adjusted(float("nan"), look))
