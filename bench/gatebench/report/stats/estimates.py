"""Means of independent runs with Student's interval, and Welch's difference of two means. Of scores, lower is better."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from gatebench.core.intervals import student
from gatebench.report.stats.satterthwaite import freedom
from gatebench.report.words import fixed

_ROUNDING = 1e-12
"""Share of a score below which a difference is rounding."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its confidence interval; the ends of the interval are NaN where it comes from a single run (``n`` = 1)."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if self.n == 1:
            return f"{fixed(self.mean)} (one seed)"
        return f"{fixed(self.mean)} [{fixed(self.low)}, {fixed(self.high)}]"


@dataclass(frozen=True)
class Difference:
    """Mean of A minus mean of B in nats per step, with what a t test of it says; NaN, but for the mean, of single runs."""

    mean: float
    low: float
    high: float
    p: float
    """The p-value of a two-sided t test."""
    error: float
    """Standard error of the mean."""
    freedom: float
    """Degrees of freedom of the standard error."""

    def __str__(self) -> str:
        if np.isnan(self.p):
            return f"{fixed(self.mean)} (one seed)"
        return f"{fixed(self.mean)} [{fixed(self.low)}, {fixed(self.high)}]"

    def __neg__(self) -> "Difference":
        return replace(self, mean=-self.mean, low=-self.high, high=-self.low)

    def p_equivalent(self, margin: float) -> float:
        """Return p of the hypothesis that the two differ by the margin or more: the larger of two one-sided t tests.

        Schuirmann (1987). NaN of single runs, or where the margin is NaN.
        """
        inside = margin - abs(self.mean)
        if np.isnan(self.error) or np.isnan(margin):
            return np.nan
        if not self.error:
            return float(inside <= 0)
        return float(special.stdtr(self.freedom, -inside / self.error))


def mean_interval(values: ArrayLike, level: float = 0.95) -> Estimate:
    """Return the mean of independent runs with Student's t interval, which is NaN for a single run."""
    x = np.asarray(values, float)
    mean, n = float(x.mean()), len(x)
    if n == 1:
        return Estimate(mean, np.nan, np.nan, 1)
    half_width = student(n - 1, level) * float(x.std(ddof=1)) / n**0.5
    return Estimate(mean, mean - half_width, mean + half_width, n)


def welch_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Difference:
    """Return mean of A minus mean of B over independent runs alone, by Welch's t test; NaN if one has a single run.

    The degrees of freedom are those of `freedom`: of as many runs each, Welch's.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    mean = float(np.mean(a) - np.mean(b))
    if min(len(a), len(b)) == 1:
        return Difference(mean, np.nan, np.nan, np.nan, np.nan, np.nan)
    parts = [(float(x.var(ddof=1)) / len(x), len(x) - 1.0) for x in (a, b)]
    error = sum(part for part, _ in parts) ** 0.5
    return t_difference(mean, error, freedom(parts), float(abs(a.mean())), level)


def t_difference(mean: float, error: float, freedom: float, score: float, level: float) -> Difference:
    """Return a difference with its interval and p; what is rounding beside a ``score`` is taken for zero."""
    if error <= _ROUNDING * score:
        mean = 0.0 if abs(mean) <= _ROUNDING * score else mean
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0, 0.0, freedom)
    half_width = student(freedom, level) * error
    p = 2 * float(special.stdtr(freedom, -abs(mean) / error))
    return Difference(mean, mean - half_width, mean + half_width, p, error, freedom)
