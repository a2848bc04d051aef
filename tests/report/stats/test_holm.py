"""Holm's correction, by hand, as the closure of Bonferroni's, and by simulation."""

from itertools import combinations

import numpy as np
from numpy.random import default_rng

from gatebench.report.stats.holm import holm

NAN, INF = float("nan"), float("inf")


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
