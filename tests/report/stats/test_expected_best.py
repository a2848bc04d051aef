"""The expected best of n settings, against all subsets."""

import math
import tracemalloc
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


def test_single_numbers_of_settings_are_those_of_all():
    values, by = np.random.default_rng(0).normal(size=(2, 40))
    np.testing.assert_array_equal(expected_best(values, by, [1, 7, 40]), expected_best(values, by)[[0, 6, 39]])


def test_one_failure_among_thousands_counts_however_unlikely_it_is():
    """Its share of the subsets of half the settings has no float."""
    expected = expected_best([*np.linspace(1, 2, 2999), INF], [*range(2999), 1400.5], [1500])
    assert expected[0] == INF
    assert np.isfinite(expected_best([*np.linspace(1, 2, 2999), INF], counts=[2, 1500, 3000])).all()


def test_thousands_of_settings_take_no_table_of_all_by_all():
    values = np.random.default_rng(0).normal(size=5000)
    tracemalloc.start()
    expected_best(values, counts=[1, 100, 5000])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5000 * 5000  # bytes; such a table has eight times as many
