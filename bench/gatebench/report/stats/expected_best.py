"""What tuning buys: the best of n settings in expectation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special


def expected_best(values: ArrayLike, by: ArrayLike | None = None, counts: Sequence[int] | None = None) -> np.ndarray:
    """Return the expected value of the best of n settings for each n of ``counts``, of N settings that were tried.

    The unbiased form of Dodge et al. (2019): the mean over all subsets of n, drawn without replacement, from the order
    statistics. A failed setting is NaN or infinite, and the result is infinite while n or more failed.

    Parameters
    ----------
    values
        What is expected of the best setting, ``[N]``.
    by
        What the best setting is the lowest in, ``[N]``; None: in ``values``, whose lowest is then expected.
    counts
        The numbers n, ``[C]``; None: all from 1 to N.

    """
    values = np.asarray(values, float)
    values = np.where(np.isnan(values), np.inf, values)
    order = np.argsort(values if by is None else np.asarray(by, float), kind="stable")  # NaN last, as what is infinite
    ordered, size = values[order], len(values)
    # By logarithms, since the numbers of subsets have no float from 1030 settings on; n by n, since there may be thousands.
    log_factorial = special.gammaln(np.arange(size + 1) + 1)

    def expected(n: int) -> float:
        possible = ordered[: size - n + 1]
        if np.isinf(possible).any():  # however small the share of the subsets in which it is the best
            return np.inf
        higher = size - np.arange(1, len(possible) + 1)  # settings that come after the best of a subset
        subsets = log_factorial[higher] - log_factorial[n - 1] - log_factorial[higher - n + 1]
        weights = np.exp(subsets - (log_factorial[size] - log_factorial[n] - log_factorial[size - n]))
        return (weights * possible).sum()

    return np.array([expected(n) for n in (range(1, size + 1) if counts is None else counts)])
