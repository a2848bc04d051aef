"""An effect over several tasks, as a sample of tasks like them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gatebench.core.intervals import student


@dataclass(frozen=True)
class OverTasks:
    """The mean effect over tasks that these were drawn from, and where that on a new task lies."""

    mean: float
    low: float
    high: float
    new_low: float
    """Lower end of the prediction interval: for what a study like these would find on a new task."""
    new_high: float
    """Upper end of the prediction interval."""
    spread: float
    """Standard deviation of effects between tasks beyond what their errors explain; NaN where an effect has no error."""
    tasks: int


def summary(effects: ArrayLike, errors: ArrayLike, level: float = 0.95) -> OverTasks:
    """Summarise effects on two tasks or more, given with their standard errors, every task counting alike.

    With equal weights the interval of Hartung and Knapp (2001) is Student's over tasks, which holds at least what it states
    at 95% however much errors differ (Ibragimov and Mueller 2010). Weights by estimated variances (DerSimonian and Laird,
    REML) hold less where tasks are few and errors differ: of four tasks, simulated, 89% to 95%. The spread is the
    estimator that belongs to equal weights (Hedges 1983).
    """
    x, variances = np.asarray(effects, float), np.asarray(errors, float) ** 2
    k, mean, variance = len(x), float(x.mean()), float(x.var(ddof=1))
    half, new_half = (student(k - 1, level) * variance**0.5 * share for share in (k**-0.5, (1 + 1 / k) ** 0.5))
    spread = float(np.maximum(0, variance - variances.mean())) ** 0.5
    return OverTasks(mean, mean - half, mean + half, mean - new_half, mean + new_half, spread, k)
