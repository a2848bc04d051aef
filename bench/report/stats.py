"""Statistics of results, on scipy."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval. Without an interval (n = 1) it is an anecdote."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if self.n == 1:
            return f"{self.mean:.3f} (one seed)"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_interval(values: "np.ndarray | list[float]", level: float = 0.95) -> Estimate:
    """Mean of independent runs with Student's t interval; the interval of a single run is not a number."""
    x = np.asarray(values, float)
    mean, n = float(x.mean()), len(x)
    if n == 1:
        return Estimate(mean, np.nan, np.nan, 1)
    half = float(stats.t.ppf((1 + level) / 2, n - 1) * x.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half, mean + half, n)
