"""What tuning buys: the best of n settings in the median, with a band that holds for all n at once."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats


@dataclass(frozen=True)
class TuningCurve:
    """The median of the lowest of n independent draws, for n from 1 on, with a simultaneous confidence band, ``[n]`` each.

    An end of the band is infinite where the draws do not bound the curve.
    """

    median: np.ndarray
    low: np.ndarray
    high: np.ndarray


def median_best(values: ArrayLike, most: int, level: float = 0.95) -> TuningCurve:
    """Return how low the best of n settings is in the median, for n from 1 to ``most``, from independent draws of settings.

    The band is a band of the distribution of a setting's score, by order statistics (Learned-Miller and DeStefano 2008),
    carried over to the curve (Lourie, Cho and He 2024). It holds at once for these n, and not for the rest of the
    distribution, so that it is narrower than theirs. A failed setting is NaN or infinite. Where settings fail or are equal,
    the band holds more often than ``level``.
    """
    values = np.asarray(values, float)
    ordered = np.sort(np.where(np.isnan(values), np.inf, values))
    shares = 1 - 0.5 ** (1 / np.arange(1, most + 1))  # of all settings, those below the median best of n
    fewest, highest = limits(len(ordered), tuple(shares[::-1]), level)
    padded = np.concatenate([[-np.inf], ordered, [np.inf]])
    return TuningCurve(
        median=ordered[np.ceil(len(ordered) * shares - 1e-9).astype(int) - 1],
        low=padded[fewest[::-1]],
        high=padded[highest[::-1] + 1],
    )


@cache
def limits(n: int, shares: tuple[float, ...], level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return between which numbers ``n`` draws lie below each of these shares of a distribution, which increase.

    At each share the middle part of the binomial distribution is taken, of one probability for all shares, the smallest
    with which all numbers lie within their limits at once with a probability of ``level``. Computed, not simulated.
    """
    p = np.array(shares)

    def at(outside: float) -> tuple[np.ndarray, np.ndarray]:
        low = stats.binom.ppf(outside / 2, n, p).astype(int)
        return low, (n - stats.binom.ppf(outside / 2, n, 1 - p)).astype(int)

    narrow, wide = 1 - level, (1 - level) / (2 * len(shares))  # by Bonferroni's inequality this is wide enough
    if joint(n, p, *at(narrow)) >= level:
        return at(narrow)
    while narrow / wide > 1 + 1e-6:
        middle = (narrow * wide) ** 0.5
        narrow, wide = (narrow, middle) if joint(n, p, *at(middle)) >= level else (middle, wide)
    return at(wide)


def joint(n: int, shares: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Return the probability that at each share the number of ``n`` uniform draws below it is within these limits.

    These numbers are those of a Poisson process, given that there are n draws in all; it is followed from share to share
    (Khmaladze and Shinjikashvili 2001).
    """
    counts, number = np.zeros(n + 1), np.arange(n + 1)
    counts[0] = 1
    for share, before, fewest, most in zip(shares, [0, *shares[:-1]], low, high, strict=True):
        counts = _later(counts, n * (share - before))
        counts[(number < fewest) | (number > most)] = 0
    return float(_later(counts, n * (1 - shares[-1]))[n] / _poisson(n, n)[n])


def _later(counts: np.ndarray, expected: float) -> np.ndarray:
    """Return the probability of each number of draws after a stretch with so many more of them in expectation."""
    return np.convolve(counts, _poisson(len(counts) - 1, expected))[: len(counts)]


def _poisson(most: int, expected: float) -> np.ndarray:
    i = np.arange(most + 1)
    return np.exp(special.xlogy(i, expected) - expected - special.gammaln(i + 1))
