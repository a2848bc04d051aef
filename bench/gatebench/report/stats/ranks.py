"""Ranks of cells over several tasks: Friedman's test and Nemenyi's critical difference (Demsar 2006)."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Ranks:
    """Mean ranks of ``C`` cells over several tasks, and by how much two of them must differ (Demsar 2006)."""

    mean: np.ndarray
    """Mean rank of each cell ``[C]``, 1 for the lowest score."""
    critical: float
    """Critical difference between two mean ranks: Nemenyi's of every two cells, Bonferroni and Dunn's of some contrasts."""
    p: float
    """Friedman's p of no difference between any cells; NaN for two cells or a single task."""


def ranks(scores: np.ndarray, alpha: float = 0.05, contrasts: int | None = None) -> Ranks:
    """Rank the scores ``[tasks, C]`` of each task, 1 for the lowest; cells that tie share their ranks.

    ``contrasts``: how many pairs of cells are tested; None: every one.
    """
    tasks, cells = scores.shape
    if contrasts is None:
        q = float(stats.studentized_range.ppf(1 - alpha, cells, np.inf)) / np.sqrt(2)
    else:
        q = float(stats.norm.isf(alpha / (2 * max(1, contrasts))))
    p = float(stats.friedmanchisquare(*scores.T).pvalue) if cells > 2 and tasks > 1 else np.nan
    mean = stats.rankdata(scores, axis=1).mean(0)
    return Ranks(mean, q * float(np.sqrt(cells * (cells + 1) / (6 * tasks))), p)
