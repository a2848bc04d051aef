"""Bootstrap over seeds and test sequences. In shapes, ``S`` is seeds, ``N`` test sequences, ``D`` bootstrap draws."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from gatebench.report.stats.estimates import Difference, Estimate, mean_interval, welch_difference

DRAWS = 2000
"""Number of bootstrap draws: it gives the standard error to 1.6%."""
_ROUNDING = 1e-12
"""Share of a score below which a difference is rounding."""


@dataclass(frozen=True)
class SequenceScores:
    """NLL of every test sequence for every seed of one cell.

    ``nll`` is the sum over a sequence's steps in nats ``[S, N]``, ``steps`` the number of its predicted steps ``[N]``.
    """

    nll: np.ndarray
    steps: np.ndarray

    @property
    def means(self) -> np.ndarray:
        """Return the NLL per step of every seed, ``[S]``."""
        return self.nll.sum(1) / self.steps.sum()

    @property
    def interaction(self) -> float:
        """Return the part of the variance of the mean over seeds that belongs to seed and sequence together."""
        residuals = self.nll - self.means[:, None] * self.steps
        residuals = residuals - residuals.mean(0)
        s, n = self.nll.shape
        return float((residuals**2).sum() / ((s - 1) * s * (n - 1) / n) / self.steps.sum() ** 2)

    def resampled(self, counts: np.ndarray) -> np.ndarray:
        """Return the means ``[S, D]`` on resampled splits; ``counts`` ``[D, N]`` says how often a sequence is in each."""
        return self.nll @ counts.T / (self.steps @ counts.T)


def bootstrap_mean(scores: SequenceScores, level: float = 0.95, draws: int = DRAWS) -> Estimate:
    """Return the mean over seeds, with an interval for new seeds *and* new sequences from where these came from.

    Seeds and sequences are crossed and both are drawn again, the sequences for all seeds alike (Owen 2007, the pigeonhole
    bootstrap). That counts what belongs to a seed and a sequence together three times; two are taken off. The draws give
    a standard error; the interval is Student's, with the degrees of freedom of Satterthwaite, since percentiles of a
    bootstrap over a few seeds are too narrow.
    """
    mean, n = float(scores.means.mean()), len(scores.nll)
    if n == 1 or len(scores.steps) == 1:  # one sequence says nothing of others
        return mean_interval(scores.means, level)
    error, freedom = _standard_error([scores], [1.0], draws)
    half_width = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    return Estimate(mean, mean - half_width, mean + half_width, n)


def bootstrap_difference(a: SequenceScores, b: SequenceScores, level: float = 0.95, draws: int = DRAWS) -> Difference:
    """Return mean of A minus mean of B by the bootstrap of `bootstrap_mean`, paired: a draw has the same sequences for both.

    ``ValueError`` if the two were not scored on the same sequences.
    """
    if len(a.steps) != len(b.steps) or (a.steps != b.steps).any():
        raise ValueError("the two were not scored on the same sequences")
    mean = float(a.means.mean() - b.means.mean())
    if min(len(a.nll), len(b.nll), len(a.steps)) == 1:
        return welch_difference(a.means, b.means, level)
    error, freedom = _standard_error([a, b], [1.0, -1.0], draws)
    if error <= _ROUNDING * abs(a.means.mean()):
        mean = 0.0 if abs(mean) <= _ROUNDING * abs(a.means.mean()) else mean
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    half_width = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    return Difference(mean, mean - half_width, mean + half_width, float(2 * stats.t.sf(abs(mean) / error, freedom)))


def _standard_error(cells: list[SequenceScores], signs: list[float], draws: int) -> tuple[float, float]:
    """Return standard error and degrees of freedom of a signed sum of means over seeds."""
    n = len(cells[0].steps)
    counts = _sequence_counts(n, draws)
    total, of_sequences, parts = np.zeros(draws), np.zeros(draws), []
    all_weights = _seed_weights(tuple(len(scores.nll) for scores in cells), draws)
    for scores, sign, weights in zip(cells, signs, all_weights, strict=True):
        means, s = scores.resampled(counts), len(scores.nll)
        # A bootstrap over s seeds knows (s - 1) / s of their variance.
        total += sign * (means.mean(0) + np.sqrt(s / (s - 1)) * ((weights - 1 / s) * means).sum(0))
        of_sequences += sign * means.mean(0)
        parts.append((scores.means.var(ddof=1) / s, s - 1))
    parts.append((float(of_sequences.var()), n - 1))
    largest = max(part for part, _ in parts)
    variance = max(largest, float(total.var()) - 2 * sum(scores.interaction for scores in cells))
    below = sum(part**2 / freedom for part, freedom in parts)
    freedom = sum(part for part, _ in parts) ** 2 / below if below else 1.0
    return variance**0.5, freedom


@lru_cache(maxsize=8)
def _sequence_counts(n: int, draws: int) -> np.ndarray:
    """Return how often each of n sequences is drawn, ``[D, n]``: the same draws for everything that is compared."""
    return np.random.default_rng(1).multinomial(n, np.full(n, 1 / n), draws).astype(float)


@lru_cache(maxsize=8)
def _seed_weights(counts: tuple[int, ...], draws: int) -> tuple[np.ndarray, ...]:
    """Return for each cell, of so many seeds, the share of each seed in every draw, ``[S, D]``."""
    random = np.random.default_rng(0)
    return tuple(random.multinomial(s, np.full(s, 1 / s), draws).T / s for s in counts)
