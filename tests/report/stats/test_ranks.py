"""Ranks over tasks, against a published comparison and printed tables."""

import math

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from gatebench.report.stats.ranks import ranks

# AUC ranks of four forms of C4.5 on 14 data sets (Demsar 2006, table 6).
C45 = """4 3 2 1  1 2 3 4  4 1 2 3  4 1 3 2  4 2 3 1  1 2.5 4 2.5  3 2 4 1  2.5 2.5 4 1  4 3 2 1  2.5 2.5 2.5 2.5
         4 2.5 1 2.5  3 2 4 1  4 1 2 3  3 1 4 2"""


def test_ranks_of_a_published_comparison():
    table = np.array(C45.split(), float).reshape(14, 4)
    ranked = ranks(10 * table - 3)
    np.testing.assert_allclose(ranked.mean, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    assert ranked.critical == pytest.approx(1.25, abs=5e-3)
    assert ranks(table, alpha=0.1).critical == pytest.approx(1.12, abs=5e-3)
    # Conover's form of Friedman's statistic; without its correction for ties it is the 9.28 of the paper.
    between = ((table.sum(0) - 14 * 2.5) ** 2).sum()
    assert 12 * between / (14 * 4 * 5) == pytest.approx(9.28, abs=0.01)
    assert ranked.p == pytest.approx(stats.chi2.sf(3 * between / ((table - 2.5) ** 2).sum(), 3))


@pytest.mark.parametrize(("cells", "q"), [*enumerate([1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164], 2)])
def test_the_critical_difference_is_nemenyis(cells: int, q: float):
    ranked = ranks(default_rng(cells).random((9, cells)))
    assert ranked.critical == pytest.approx(q * math.sqrt(cells * (cells + 1) / (6 * 9)), rel=5e-4)
    assert math.isnan(ranked.p) == (cells == 2)  # Friedman's test is of three or more


def test_ties_share_their_ranks():
    # By hand: 1, 2.5, 2.5; then 3, 1, 2; then 2, 2, 2.
    ranked = ranks(np.array([[8.1, 8.2, 8.2], [0.3, 0.1, 0.2], [5.0, 5.0, 5.0]]))
    np.testing.assert_allclose(ranked.mean, [6 / 3, 5.5 / 3, 6.5 / 3])
    assert math.isnan(ranks(np.array([[1.0, 2.0, 3.0]])).p)
