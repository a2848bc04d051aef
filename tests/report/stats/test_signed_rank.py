"""The signed-rank test, beside SciPy's and beside all signs written out."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from gatebench.report.stats.signed_rank import signed_rank


@pytest.mark.parametrize("count", [2, 4, 7, 12])
def test_it_is_scipys_exact_one_where_nothing_ties(count: int):
    for seed in range(5):
        differences = np.random.default_rng(seed).normal(0.3, 1, count)
        assert signed_rank(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


def test_with_ties_and_zeros_it_is_the_share_of_all_signs():
    differences = np.array([0.2, -0.2, 0.5, 0.0, 0.5, 0.7, -0.1])
    ranks = stats.rankdata(np.abs(differences[differences != 0]))
    seen = ranks[differences[differences != 0] > 0].sum()
    sums = [np.dot(signs, ranks) for signs in product((0, 1), repeat=len(ranks))]
    share = min(np.mean([total >= seen for total in sums]), np.mean([total <= seen for total in sums]))
    assert signed_rank(differences) == pytest.approx(2 * share)


def test_so_few_pairs_cannot_be_significant():
    assert [signed_rank(np.arange(1.0, count + 1)) for count in (1, 2, 4, 5, 6)] == [1.0, 0.5, 0.125, 0.0625, 0.03125]


def test_no_difference_at_all_is_no_evidence():
    assert signed_rank(np.zeros(4)) == 1.0
