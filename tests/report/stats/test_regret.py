"""How far a chosen cell may be above the best one."""

from math import isnan

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from gatebench.report.stats.estimates import Difference, welch_difference
from gatebench.report.stats.regret import largest_regret

FIRST, SECOND = (Difference(mean, np.nan, np.nan, 0.5, 0.02, freedom) for mean, freedom in ((-0.01, 9.0), (-0.04, 4.0)))


def test_beside_one_cell_it_is_the_end_of_a_one_sided_interval():
    assert largest_regret([FIRST]) == pytest.approx(-0.01 + 0.02 * stats.t.ppf(0.95, 9))
    assert largest_regret([FIRST], 0.9) == pytest.approx(-0.01 + 0.02 * stats.t.ppf(0.9, 9))


def test_beside_several_it_is_the_largest_of_ends_that_share_the_level():
    ends = [-0.01 + 0.02 * stats.t.ppf(0.975, 9), -0.04 + 0.02 * stats.t.ppf(0.975, 4)]
    assert largest_regret([SECOND, FIRST]) == pytest.approx(max(ends))


def test_it_is_never_below_zero_and_unknown_beside_a_single_run():
    assert largest_regret([Difference(-1.0, -1.1, -0.9, 0.0, 0.02, 9.0)]) == 0
    assert isnan(largest_regret([FIRST, welch_difference([3.0], [3.1, 3.2])]))


@pytest.mark.parametrize(("others", "apart"), [(1, 0.8), (2, 0.6), (5, 0.9)])
def test_it_holds_in_95_of_100_studies_whichever_cell_is_chosen(others: int, apart: float):
    """The lowest of six runs each; all but one cell are equal, and so much above that one that it is often missed."""
    random, held, plain = default_rng(others), [], []
    for _ in range(2000):
        runs = random.normal(0, 1, (others + 1, 6)) + apart * (np.arange(others + 1)[:, None] > 0)
        chosen = int(runs.mean(1).argmin())
        above = [welch_difference(runs[chosen], other) for i, other in enumerate(runs) if i != chosen]
        regret = apart * (chosen > 0)
        held.append(regret <= largest_regret(above))
        plain.append(regret <= max(0, *(d.mean + stats.t.ppf(0.95, d.freedom) * d.error for d in above)))
    assert np.mean(held) >= 0.95 - 2 * (0.05 * 0.95 / 2000) ** 0.5
    assert np.mean(plain) < np.mean(held) or others == 1  # that is what sharing the level is for
