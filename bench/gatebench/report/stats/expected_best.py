"""What tuning buys: the best of n settings in expectation."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special


def expected_best(values: ArrayLike) -> np.ndarray:
    """Return the expected lowest of n settings for n from 1 to N, of N that were tried.

    The unbiased form of Dodge et al. (2019): the mean over all subsets of n, drawn without replacement, from the order
    statistics. A failed setting is NaN or infinite, and the result is infinite while n or more failed.
    """
    values = np.asarray(values, float)
    ordered = np.sort(np.where(np.isnan(values), np.inf, values))
    size = len(ordered)
    n = np.arange(1, size + 1)[:, None]
    higher = size - np.arange(1, size + 1)[None, :]  # settings that come after the lowest of a subset
    possible = higher >= n - 1
    # By logarithms, since the numbers of subsets have no float from 1030 settings on.
    weights = np.exp(_log_binomial(np.maximum(higher, n - 1), n - 1) - _log_binomial(size, n))
    return np.array([(row[mask] * ordered[mask]).sum() for row, mask in zip(weights, possible, strict=True)])


def _log_binomial(n: "np.ndarray | int", k: np.ndarray) -> np.ndarray:
    return special.gammaln(np.add(n, 1)) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
