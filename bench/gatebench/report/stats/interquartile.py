"""The interquartile mean over several tasks."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from gatebench.report.stats.bootstrap import DRAWS
from gatebench.report.stats.estimates import Estimate


def interquartile_mean(tasks: Sequence[np.ndarray], level: float = 0.95, draws: int = DRAWS) -> Estimate:
    """Return the mean of the middle half of all runs on all tasks (Agarwal et al. 2021).

    ``tasks`` holds the scores of each task's runs, already normalised. The interval is the percentiles of a bootstrap over
    the runs of each task: it says nothing of other tasks, and with few runs it is too narrow (of 5 tasks with 10 runs each,
    simulated, 0.90 held where 0.95 should).
    """
    scores = [np.asarray(task, float) for task in tasks]
    mean, n = float(stats.trim_mean(np.concatenate(scores), 0.25)), min(map(len, scores))
    if n == 1:
        return Estimate(mean, np.nan, np.nan, 1)
    random = np.random.default_rng(0)
    resampled = np.concatenate([task[random.integers(len(task), size=(draws, len(task)))] for task in scores], axis=1)
    means = np.asarray(stats.trim_mean(resampled, 0.25, axis=1))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(mean, float(low), float(high), n)
