"""Statistical power: how many seeds, test sequences, or both it takes to show a difference. Scores are NLL."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from gatebench.report.stats.bootstrap import SequenceScores

POWER = 0.8
"""Probability with which a difference that exists is to be detected."""
MOST = 10**6
"""Largest number of seeds or sequences, and largest factor, that is tried before a difference counts as out of reach."""

_QUANTILES = (np.arange(200) + 0.5) / 200
"""Evenly spread quantiles that stand for a distribution."""


@dataclass(frozen=True)
class RequiredSample:
    """What it would take to show a difference of the observed size; None where no number up to `MOST` would do."""

    seeds: int | None
    """Number of seeds of each cell, on the same test split."""
    sequences: int | None
    """Number of test sequences like those of the split, with the same seeds."""
    factor: float | None
    """Factor by which both seeds *and* sequences would have to be more."""


@dataclass(frozen=True)
class VarianceComponents:
    """Where the variance of a difference of two cells' means over seeds comes from."""

    seeds: tuple[float, float]
    """Variance of each mean that belongs to its seeds alone."""
    interactions: tuple[float, float]
    """Variance of each mean that belongs to a seed and a sequence together."""
    sequences: float
    """Variance of the difference that belongs to sequences alone."""
    seed_counts: tuple[int, int]
    """Number of seeds of each cell."""
    sequence_count: int
    """Number of test sequences."""

    @classmethod
    def estimate(cls, a: SequenceScores, b: SequenceScores) -> "VarianceComponents":
        """Estimate the components from mean squares of seeds, of sequences and of both; one below zero is taken as zero."""
        (s, n), (t, _) = a.nll.shape, b.nll.shape
        interactions = (a.interaction, b.interaction) if n > 1 else (0.0, 0.0)
        of_seeds = (float(a.means.var(ddof=1)) / s, float(b.means.var(ddof=1)) / t)
        # To first order, as the ratio of sums that a score is (Cochran 1977, chapter 6).
        residuals = (a.nll.mean(0) - a.means.mean() * a.steps) - (b.nll.mean(0) - b.means.mean() * b.steps)
        of_sequences = float((residuals**2).sum()) * n / (n - 1) / a.steps.sum() ** 2 if n > 1 else 0.0
        alone = tuple(max(0.0, seeds - both) for seeds, both in zip(of_seeds, interactions, strict=True))
        return cls((alone[0], alone[1]), interactions, max(0.0, of_sequences - sum(interactions)), (s, t), n)

    def standard_error(self, seed_counts: tuple[float, float], sequence_count: float) -> tuple[float, float]:
        """Return standard error and degrees of freedom (Satterthwaite 1946) for other numbers of seeds and sequences."""
        shrink = [before / after for before, after in zip(self.seed_counts, seed_counts, strict=True)]
        both = [part * f * self.sequence_count / sequence_count for part, f in zip(self.interactions, shrink, strict=True)]
        squares = [
            (part * f + share, n - 1) for part, f, share, n in zip(self.seeds, shrink, both, seed_counts, strict=True)
        ]
        squares.append((self.sequences * self.sequence_count / sequence_count + sum(both), sequence_count - 1))
        below = sum(square**2 / freedom for square, freedom in squares if square)
        freedom = sum(square for square, _ in squares) ** 2 / below if below else 1.0
        return (sum(square for square, _ in squares) - sum(both)) ** 0.5, freedom

    def required(self, observed: float, level: float) -> RequiredSample:
        """Return what a test at this level needs to detect a difference of this size with probability `POWER`."""
        (s, t), n = self.seed_counts, self.sequence_count

        def enough(seed_counts: tuple[float, float], sequence_count: float) -> bool:
            return power(abs(observed), *self.standard_error(seed_counts, sequence_count), level) >= POWER

        tenths = _smallest(10, lambda k: enough((s * k / 10, t * k / 10), n * k / 10))
        return RequiredSample(
            seeds=_smallest(2, lambda k: enough((k, k), n)),
            sequences=_smallest(2, lambda k: enough((s, t), k)),
            factor=tenths and tenths / 10,
        )


def power(difference: float, error: float, freedom: float, level: float) -> float:
    """Return the probability that a two-sided t test detects a difference.

    ``error`` is the standard error of the difference, ``freedom`` its degrees of freedom, ``level`` that of the test.
    """
    if not error:
        return float(difference > 0)
    # The mean over where the estimated error may lie: scipy's noncentral t is not a number for some large values.
    estimated = np.sqrt(stats.chi2.ppf(_QUANTILES, freedom) / freedom)
    limit = float(stats.t.ppf(1 - level / 2, freedom)) * estimated
    shift = difference / error
    return float((stats.norm.sf(limit - shift) + stats.norm.cdf(-limit - shift)).mean())


def required_sample(a: SequenceScores, b: SequenceScores, level: float) -> RequiredSample | None:
    """Return what it takes to show the difference between two cells; None where one of them has a single seed."""
    if min(len(a.nll), len(b.nll)) == 1:
        return None
    return VarianceComponents.estimate(a, b).required(float(a.means.mean() - b.means.mean()), level)


def _smallest(first: int, enough: Callable[[int], bool]) -> int | None:
    """Return the smallest number from ``first`` that is enough, where every larger one is too; None if `MOST` is not."""
    if not enough(MOST):
        return None
    low, high = first - 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
