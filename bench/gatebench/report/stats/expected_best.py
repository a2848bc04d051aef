"""What tuning buys: the best of n settings in expectation."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special


def expected_best(values: ArrayLike, by: ArrayLike | None = None) -> np.ndarray:
    """Return the expected value of the best of n settings for n from 1 to N, of N that were tried.

    The unbiased form of Dodge et al. (2019): the mean over all subsets of n, drawn without replacement, from the order
    statistics. A failed setting is NaN or infinite, and the result is infinite while n or more failed.

    Parameters
    ----------
    values
        What is expected of the best setting, ``[N]``.
    by
        What the best setting is the lowest in, ``[N]``; None: in ``values``, whose lowest is then expected.

    """
    values = np.asarray(values, float)
    values = np.where(np.isnan(values), np.inf, values)
    order = np.argsort(values if by is None else np.asarray(by, float), kind="stable")  # NaN last, as what is infinite
    ordered, size = values[order], len(values)
    n = np.arange(1, size + 1)[:, None]
    higher = size - np.arange(1, size + 1)[None, :]  # settings that come after the best of a subset
    possible = higher >= n - 1
    # By logarithms, since the numbers of subsets have no float from 1030 settings on.
    weights = np.exp(_log_binomial(np.maximum(higher, n - 1), n - 1) - _log_binomial(size, n))
    return np.array([(row[mask] * ordered[mask]).sum() for row, mask in zip(weights, possible, strict=True)])


def _log_binomial(n: "np.ndarray | int", k: np.ndarray) -> np.ndarray:
    return special.gammaln(np.add(n, 1)) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
