"""The expected best of n settings, against all subsets."""

import math
from itertools import combinations

import numpy as np
import pytest

from gatebench.report.stats.expected_best import expected_best

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("values", [[3.0, 1.0, 2.5, 2.5, 0.5, 4.0], [3.0, NAN, 1.0, 2.0], [NAN, 2.0, NAN], [INF, 1.0]])
def test_the_expected_best_is_over_all_subsets(values: list[float]):
    tried = [INF if math.isnan(value) else value for value in values]
    subsets = [[min(some) for some in combinations(tried, n)] for n in range(1, len(tried) + 1)]
    expected = expected_best(values)
    np.testing.assert_allclose(expected, [float(np.mean(lowest)) for lowest in subsets])
    assert (expected[0], expected[-1]) == (pytest.approx(np.mean(tried)), pytest.approx(min(tried)))


def test_what_is_expected_may_be_chosen_by_something_else():
    values, by = [3.0, 1.0, 2.5, 2.5, 0.5], [0.4, 0.3, 0.1, 0.5, 0.2]
    both = list(zip(by, values, strict=True))
    expected = [np.mean([min(some)[1] for some in combinations(both, n)]) for n in range(1, 6)]
    np.testing.assert_allclose(expected_best(values, by), expected)
    assert expected_best(values, by)[-1] == pytest.approx(2.5)  # which is the lowest in what it is chosen by
    np.testing.assert_allclose(expected_best(values, values), expected_best(values))


def test_what_failed_is_chosen_last():
    np.testing.assert_allclose(expected_best([NAN, 1.0, 2.0], [NAN, 0.2, 0.1]), [INF, (1.0 + 2.0 + 2.0) / 3, 2.0])
