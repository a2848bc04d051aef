"""Wilcoxon's signed-rank test of paired scores, exact also where scores tie."""

import numpy as np
from scipy import stats


def signed_rank(differences: np.ndarray) -> float:
    """Return the two-sided p of no shift in paired differences ``[N]``.

    Pairs without a difference are left out, as Wilcoxon (1945) does. Differences of one size share their rank. All signs are
    taken to be equally likely, and all of them are counted.
    """
    differences = differences[differences != 0]
    doubled_ranks = np.rint(2 * stats.rankdata(np.abs(differences))).astype(int)
    counts = np.ones(1)  # of the choices of signs, by twice the sum of the ranks of those that are positive
    for rank in doubled_ranks:
        counts = np.append(counts, np.zeros(rank)) + np.append(np.zeros(rank), counts)
    positive = int(doubled_ranks[differences > 0].sum())
    shares = counts / counts.sum()
    return float(min(1.0, 2 * min(shares[: positive + 1].sum(), shares[positive:].sum())))
