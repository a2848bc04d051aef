"""Shares of variance: exact without noise, and intervals that hold what they state."""

import numpy as np
import pytest
from numpy.random import Generator

from gatebench.report.stats.variance_shares import VarianceShares, variance_shares
from support.simulated import selected

NAMES = ("first", "second", "together", "rest")
STUDIES = 800


def effects(random: Generator, levels: int, others: int, shares: tuple[float, ...]) -> np.ndarray:
    """Means of every two levels, of which each effect has its share of variance."""
    first, second = random.normal(size=(levels, 1)), random.normal(size=(1, others))
    both = random.normal(size=(levels, others))
    both = both - both.mean(1, keepdims=True) - both.mean(0) + both.mean()
    parts = (first - first.mean(), second - second.mean(), both)
    return sum((part * (share / (part**2).mean()) ** 0.5 for part, share in zip(parts, shares, strict=False)), np.zeros(()))


def study(random: Generator, shape: tuple[int, int, int], shares: tuple[float, ...]) -> VarianceShares:
    """The shares that a study finds, of which repetitions are skewed as what searches select is."""
    levels, others, n = shape
    noise = shares[3] ** 0.5 * selected(random, levels * others * n).reshape(shape)
    found = variance_shares(list(effects(random, levels, others, shares)[:, :, None] + noise))  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found


def test_without_noise_shares_are_those_of_the_means():
    means = effects(np.random.default_rng(1), 3, 4, (0.5, 0.3, 0.2, 0.0))
    shares = variance_shares([[np.full(2, mean) for mean in row] for row in means])
    assert shares is not None
    for name, expected in zip(NAMES, (0.5, 0.3, 0.2, 0.0), strict=True):
        np.testing.assert_allclose(tuple(getattr(shares, name)), expected, atol=1e-12)
    np.testing.assert_allclose(tuple(shares.second_minus_first), -0.2, atol=1e-12)


def test_where_nothing_varies_there_are_no_shares():
    assert variance_shares([]) is None
    assert variance_shares([[np.ones(3), np.ones(3)], [np.ones(3), np.ones(3)]]) is None


def test_variances_are_unbiased_and_shares_add_up():
    """Of three levels and two, with five repetitions but for one pair that has two."""
    random, squares = np.random.default_rng(2), []
    means = effects(random, 3, 2, (0.4, 0.2, 0.1))
    for _ in range(3000):
        noise = [[random.normal(size=2 if (i, j) == (0, 0) else 5) for j in range(2)] for i in range(3)]
        shares = variance_shares([[means[i, j] + noise[i][j] for j in range(2)] for i in range(3)])
        assert shares is not None
        assert sum(getattr(shares, name).value for name in NAMES) == pytest.approx(1)
        assert shares.n == 2
        squares.append(shares.second_minus_first.value)
    # Negative ones are cut off at zero, which raises the smaller of the two a little.
    assert np.mean(squares) == pytest.approx(0.2 - 0.4, abs=0.03)


def test_which_factor_is_which():
    by_first = [[np.array([i, i + 0.1]) for _ in range(3)] for i in range(2)]
    by_second = [[np.array([j, j + 0.1]) for j in range(3)] for _ in range(2)]
    first, second = variance_shares(by_first), variance_shares(by_second)
    assert first is not None
    assert second is not None
    assert min(first.first.low, second.second.low) > 0.9
    assert first.second_minus_first.high < 0 < second.second_minus_first.low


@pytest.mark.parametrize(
    ("shape", "shares"),
    [
        ((7, 2, 10), (0.41, 0.02, 0.23, 0.34)),  # JSB Chorales in fair
        ((7, 2, 10), (0.31, 0.42, 0.05, 0.22)),  # Nottingham
        ((3, 4, 4), (0.3, 0.2, 0.1, 0.4)),
        ((3, 4, 8), (0.05, 0.05, 0.05, 0.85)),
    ],
)
def test_intervals_hold_with_what_a_search_selects(shape: tuple[int, int, int], shares: tuple[float, ...]):
    random = np.random.default_rng([5, *shape])
    results = [study(random, shape, shares) for _ in range(STUDIES)]
    for name, expected in zip(NAMES, shares, strict=True):
        held = np.mean([getattr(one, name).low <= expected <= getattr(one, name).high for one in results])
        assert 0.91 <= held <= 0.99, name
    expected = shares[1] - shares[0]
    differences = [one.second_minus_first for one in results]
    assert 0.92 <= np.mean([one.low <= expected <= one.high for one in differences]) <= 0.99


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_of_two_equal_effects_neither_is_said_to_be_larger(share: float):
    random = np.random.default_rng(9)
    results = [study(random, (3, 4, 4), (share, share, 0.05, 1.0)).second_minus_first for _ in range(STUDIES)]
    assert np.mean([one.low > 0 or one.high < 0 for one in results]) < 0.07
