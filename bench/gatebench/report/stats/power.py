"""How much it would take to show a difference: seeds, test sequences, or both. On scipy; scores are NLL."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from gatebench.report.stats.intervals import Runs

POWER = 0.8
"""Probability with which a difference that is there is to be found."""
MANY = 10**6
"""Seeds, sequences, or times as many: what needs more is hopeless."""

_EVENLY = (np.arange(200) + 0.5) / 200
"""Quantiles that stand for a distribution."""


@dataclass(frozen=True)
class Needed:
    """What it would take to show a difference of the size that was observed; None: no number would do."""

    seeds: int | None
    """Of each cell, on the same test split."""
    sequences: int | None
    """Of the test split, such as those that are there, with the same seeds."""
    times: float | None
    """So many times the seeds *and* the sequences."""


@dataclass(frozen=True)
class Parts:
    """Where the variance of a difference of two means over seeds comes from."""

    seeds: tuple[float, float]
    """Of each mean, what belongs to its seeds alone,"""
    together: tuple[float, float]
    """and to a seed and a sequence together."""
    sequences: float
    """Of the difference, what belongs to sequences alone."""
    counts: tuple[int, int]
    """Seeds of each."""
    tested: int
    """Sequences."""

    @staticmethod
    def of(a: Runs, b: Runs) -> "Parts":
        """By the mean squares of seeds, of sequences, and of both together; an estimate below zero is zero."""
        (s, n), (t, _) = a.nll.shape, b.nll.shape
        together = (a.interaction, b.interaction) if n > 1 else (0.0, 0.0)
        of_seeds = (float(a.scores.var(ddof=1)) / s, float(b.scores.var(ddof=1)) / t)
        # To first order, as the ratio of sums that a score is (Cochran 1977, chapter 6).
        away = (a.nll.mean(0) - a.scores.mean() * a.steps) - (b.nll.mean(0) - b.scores.mean() * b.steps)
        of_sequences = float((away**2).sum()) * n / (n - 1) / a.steps.sum() ** 2 if n > 1 else 0.0
        alone = tuple(max(0.0, seeds - both) for seeds, both in zip(of_seeds, together, strict=True))
        return Parts((alone[0], alone[1]), together, max(0.0, of_sequences - sum(together)), (s, t), n)

    def error(self, seeds: tuple[float, float], tested: float) -> tuple[float, float]:
        """Standard error with so many seeds of each and so many sequences, and degrees of freedom (Satterthwaite 1946)."""
        fewer = [before / after for before, after in zip(self.counts, seeds, strict=True)]
        both = [part * f * self.tested / tested for part, f in zip(self.together, fewer, strict=True)]
        squares = [(part * f + share, n - 1) for part, f, share, n in zip(self.seeds, fewer, both, seeds, strict=True)]
        squares.append((self.sequences * self.tested / tested + sum(both), tested - 1))
        below = sum(square**2 / freedom for square, freedom in squares if square)
        freedom = sum(square for square, _ in squares) ** 2 / below if below else 1.0
        return (sum(square for square, _ in squares) - sum(both)) ** 0.5, freedom

    def needed(self, observed: float, level: float) -> Needed:
        """For a test at a level to find a difference of this size with `POWER`."""
        (s, t), n = self.counts, self.tested

        def found(seeds: tuple[float, float], tested: float) -> bool:
            return power(abs(observed), *self.error(seeds, tested), level) >= POWER

        tenths = _least(10, lambda k: found((s * k / 10, t * k / 10), n * k / 10))
        return Needed(
            seeds=_least(2, lambda k: found((k, k), n)),
            sequences=_least(2, lambda k: found((s, t), k)),
            times=tenths and tenths / 10,
        )


def power(difference: float, error: float, freedom: float, level: float) -> float:
    """Probability that a two-sided t test at a level finds a difference."""
    if not error:
        return float(difference > 0)
    # The mean over where the estimated error may lie: scipy's noncentral t is not a number for some large values.
    estimated = np.sqrt(stats.chi2.ppf(_EVENLY, freedom) / freedom)
    limit = float(stats.t.ppf(1 - level / 2, freedom)) * estimated
    away = difference / error
    return float((stats.norm.sf(limit - away) + stats.norm.cdf(-limit - away)).mean())


def needed(a: Runs, b: Runs, level: float) -> Needed | None:
    """What it takes to show the difference of these two; None where one has a single seed."""
    if min(len(a.nll), len(b.nll)) == 1:
        return None
    return Parts.of(a, b).needed(float(a.scores.mean() - b.scores.mean()), level)


def _least(first: int, enough: Callable[[int], bool]) -> int | None:
    """The smallest number from ``first`` that is enough, where every larger one is too; None if `MANY` is not."""
    if not enough(MANY):
        return None
    low, high = first - 1, MANY
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
