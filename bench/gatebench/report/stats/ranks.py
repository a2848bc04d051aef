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
    """Nemenyi's critical difference between two mean ranks."""
    p: float
    """Friedman's p of no difference between any cells; NaN for two cells or a single task."""


def ranks(scores: np.ndarray, alpha: float = 0.05) -> Ranks:
    """Rank the scores ``[tasks, C]`` of each task, 1 for the lowest; cells that tie share their ranks."""
    tasks, cells = scores.shape
    q = float(stats.studentized_range.ppf(1 - alpha, cells, np.inf)) / np.sqrt(2)
    p = float(stats.friedmanchisquare(*scores.T).pvalue) if cells > 2 and tasks > 1 else np.nan
    mean = stats.rankdata(scores, axis=1).mean(0)
    return Ranks(mean, q * float(np.sqrt(cells * (cells + 1) / (6 * tasks))), p)
