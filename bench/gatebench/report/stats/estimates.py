"""Means of independent runs with Student's interval, and Welch's difference of two means. Of scores, lower is better."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True)
class Estimate:
    """A mean with its confidence interval; the ends of the interval are NaN where it comes from a single run (``n`` = 1)."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if self.n == 1:
            return f"{self.mean:.3f} (one seed)"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Difference:
    """Mean of A minus mean of B in nats per step, its confidence interval, and ``p`` of a two-sided t test."""

    mean: float
    low: float
    high: float
    p: float

    def __str__(self) -> str:
        if np.isnan(self.p):
            return f"{self.mean:.3f} (one seed)"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_interval(values: ArrayLike, level: float = 0.95) -> Estimate:
    """Return the mean of independent runs with Student's t interval, which is NaN for a single run."""
    x = np.asarray(values, float)
    mean, n = float(x.mean()), len(x)
    if n == 1:
        return Estimate(mean, np.nan, np.nan, 1)
    half_width = float(stats.t.ppf((1 + level) / 2, n - 1) * x.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half_width, mean + half_width, n)


def welch_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Difference:
    """Return mean of A minus mean of B over seeds alone, by Welch's t test.

    Interval and p are NaN if one of the two has a single run.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    mean = float(np.mean(a) - np.mean(b))
    if min(len(a), len(b)) == 1:
        return Difference(mean, np.nan, np.nan, np.nan)
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    test: Any = stats.ttest_ind(a, b, equal_var=False)
    low, high = test.confidence_interval(level)
    return Difference(mean, float(low), float(high), float(test.pvalue))
