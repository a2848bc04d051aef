"""Mann and Whitney's probability that one run scores lower than another."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from gatebench.report.stats.estimates import Estimate


def probability_lower(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Estimate:
    """Return the probability that a new run of A scores lower than a new one of B, ties counted as one half.

    The interval is method 5 of Newcombe (2006), which has a width when all runs of A are below all of B.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    m, n = len(a), len(b)
    theta = float((a[:, None] < b).mean() + (a[:, None] <= b).mean()) / 2
    if min(m, n) == 1:
        return Estimate(theta, np.nan, np.nan, 1)
    z, mean_size = float(stats.norm.ppf((1 + level) / 2)), (m + n) / 2 - 1

    def beyond(t: float) -> float:
        variance = t * (1 - t) * (1 + mean_size * ((1 - t) / (2 - t) + t / (1 + t))) / (m * n)
        return (t - theta) ** 2 - z**2 * variance

    def root(low: float, high: float) -> float:
        return float(optimize.brentq(beyond, low, high))  # pyright: ignore[reportArgumentType] - without full_output

    nearly = 1e-9  # at 0 and 1 themselves there is no variance
    low = 0.0 if theta == 0 else root(0.0, min(theta, 1 - nearly))
    high = 1.0 if theta == 1 else root(max(theta, nearly), 1.0)
    return Estimate(theta, low, high, min(m, n))
