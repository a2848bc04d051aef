"""Statistics of results, on scipy. Scores are NLL, lower is better. ``S`` seeds, ``N`` test sequences, ``D`` draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import optimize, special, stats

_ROUNDING = 1e-12
"""Of a score: what is smaller is no difference."""
DRAWS = 2000
"""Of a bootstrap: the standard error that it gives is then known to 1.6%."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval. Without an interval (n = 1) it is an anecdote."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if self.n == 1:
            return f"{self.mean:.3f} (one seed)"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_interval(values: "np.ndarray | list[float]", level: float = 0.95) -> Estimate:
    """Mean of independent runs with Student's t interval; the interval of a single run is not a number."""
    x = np.asarray(values, float)
    mean, n = float(x.mean()), len(x)
    if n == 1:
        return Estimate(mean, np.nan, np.nan, 1)
    half = float(stats.t.ppf((1 + level) / 2, n - 1) * x.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half, mean + half, n)


@dataclass(frozen=True)
class Runs:
    """The test split of several seeds of one cell: NLL of each sequence ``[S, N]``, and the steps of each ``[N]``."""

    nll: np.ndarray
    steps: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        """NLL per step of every seed, ``[S]``."""
        return self.nll.sum(1) / self.steps.sum()

    @property
    def interaction(self) -> float:
        """The part of the variance of the mean that belongs to seed and sequence together."""
        rest = self.nll - self.scores[:, None] * self.steps
        rest = rest - rest.mean(0)
        s, n = self.nll.shape
        return float((rest**2).sum() / ((s - 1) * s * (n - 1) / n) / self.steps.sum() ** 2)

    def redrawn(self, counts: np.ndarray) -> np.ndarray:
        """Scores of every seed on sequences that were drawn so often ``[D, N]``: ``[S, D]``."""
        return self.nll @ counts.T / (self.steps @ counts.T)


@dataclass(frozen=True)
class Difference:
    """Mean of A minus mean of B, in nats per step, with its interval and the p of no difference, by a two-sided t test."""

    mean: float
    low: float
    high: float
    p: float


def bootstrapped(runs: Runs, level: float = 0.95) -> Estimate:
    """Mean over seeds, with an interval for new seeds *and* new sequences from where these came from.

    Seeds and sequences are crossed and both are drawn again, the sequences for all seeds alike (Owen 2007, the pigeonhole
    bootstrap). That counts what belongs to a seed and a sequence together three times; two are taken off. The draws give
    a standard error; the interval is Student's, with the degrees of freedom of Satterthwaite, since percentiles of a
    bootstrap over a few seeds are too narrow.
    """
    mean, n = float(runs.scores.mean()), len(runs.nll)
    if n == 1 or len(runs.steps) == 1:  # one sequence says nothing of others
        return mean_interval(runs.scores, level)
    error, freedom = _error([runs], [1.0])
    half = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    return Estimate(mean, mean - half, mean + half, n)


def difference(a: Runs, b: Runs, level: float = 0.95) -> Difference:
    """Mean of A minus mean of B by the bootstrap of `bootstrapped`; both meet the same sequences in a draw (paired)."""
    if len(a.steps) != len(b.steps) or (a.steps != b.steps).any():
        raise ValueError("the two were not scored on the same sequences")
    mean = float(a.scores.mean() - b.scores.mean())
    if min(len(a.nll), len(b.nll), len(a.steps)) == 1:
        return difference_of_means(a.scores, b.scores, level)
    error, freedom = _error([a, b], [1.0, -1.0])
    if error <= _ROUNDING * abs(a.scores.mean()):
        mean = 0.0 if abs(mean) <= _ROUNDING * abs(a.scores.mean()) else mean
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    half = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    return Difference(mean, mean - half, mean + half, float(2 * stats.t.sf(abs(mean) / error, freedom)))


def difference_of_means(a: "np.ndarray | list[float]", b: "np.ndarray | list[float]", level: float = 0.95) -> Difference:
    """Mean of A minus mean of B over seeds alone: Welch's t."""
    mean = float(np.mean(a) - np.mean(b))
    if min(len(a), len(b)) == 1:
        return Difference(mean, np.nan, np.nan, np.nan)
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    test: Any = stats.ttest_ind(a, b, equal_var=False)
    low, high = test.confidence_interval(level)
    return Difference(mean, float(low), float(high), float(test.pvalue))


def _error(groups: list[Runs], signs: list[float]) -> tuple[float, float]:
    """Standard error and degrees of freedom of a signed sum of means over seeds."""
    random = np.random.default_rng(0)
    n = len(groups[0].steps)
    counts = _counts(n, DRAWS)
    total = np.zeros(DRAWS)
    of_sequences = np.zeros(DRAWS)
    parts = []
    for runs, sign in zip(groups, signs, strict=True):
        scores, s = runs.redrawn(counts), len(runs.nll)
        chosen = random.multinomial(s, np.full(s, 1 / s), DRAWS).T / s
        # A bootstrap over s seeds knows (s - 1) / s of their variance.
        total += sign * (scores.mean(0) + np.sqrt(s / (s - 1)) * ((chosen - 1 / s) * scores).sum(0))
        of_sequences += sign * scores.mean(0)
        parts.append((runs.scores.var(ddof=1) / s, s - 1))
    parts.append((float(of_sequences.var()), n - 1))
    largest = max(part for part, _ in parts)
    variance = max(largest, float(total.var()) - 2 * sum(runs.interaction for runs in groups))
    below = sum(part**2 / freedom for part, freedom in parts)
    freedom = sum(part for part, _ in parts) ** 2 / below if below else 1.0
    return variance**0.5, freedom


@cache
def _counts(n: int, draws: int) -> np.ndarray:
    """How often each of n sequences is drawn, ``[D, n]``: the same draws for everything that is compared."""
    return np.random.default_rng(1).multinomial(n, np.full(n, 1 / n), draws).astype(float)


def holm(p: "np.ndarray | list[float]") -> np.ndarray:
    """Holm's adjusted p of several tests (1979); those that are not a number are no tests."""
    p = np.asarray(p, float)
    adjusted = np.full(len(p), np.nan)
    order = [i for i in np.argsort(p, kind="stable") if not np.isnan(p[i])]
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p[i]))
        adjusted[i] = highest
    return adjusted


def probability_lower(a: "np.ndarray | list[float]", b: "np.ndarray | list[float]", level: float = 0.95) -> Estimate:
    """Probability that a new run of A scores lower than a new one of B, ties as one half: Mann and Whitney's U.

    The interval is method 5 of Newcombe (2006), which has a width when all runs of A are below all of B.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    m, n = len(a), len(b)
    theta = 1 - float(stats.mannwhitneyu(a, b).statistic) / (m * n)
    if min(m, n) == 1:
        return Estimate(theta, np.nan, np.nan, 1)
    z, mean_size = float(stats.norm.ppf((1 + level) / 2)), (m + n) / 2 - 1

    def beyond(t: float) -> float:
        variance = t * (1 - t) * (1 + mean_size * ((1 - t) / (2 - t) + t / (1 + t))) / (m * n)
        return (t - theta) ** 2 - z**2 * variance

    def root(low: float, high: float) -> float:
        return float(optimize.brentq(beyond, low, high))  # pyright: ignore[reportArgumentType] - without full_output

    nearly = 1e-9  # at 0 and 1 themselves there is no variance
    low = 0.0 if theta == 0 else root(0.0, min(theta, 1 - nearly))
    high = 1.0 if theta == 1 else root(max(theta, nearly), 1.0)
    return Estimate(theta, low, high, min(m, n))


def interquartile_mean(tasks: Sequence[np.ndarray], level: float = 0.95) -> Estimate:
    """Mean of the middle half of all runs on all tasks (Agarwal et al. 2021), scores of each task already normalised.

    The interval is the percentiles of a bootstrap over the runs of each task: it says nothing of other tasks, and with few
    runs it is too narrow (of 5 tasks with 10 runs each, simulated, 0.90 held where 0.95 should).
    """
    found = [np.asarray(task, float) for task in tasks]
    mean, n = float(stats.trim_mean(np.concatenate(found), 0.25)), min(map(len, found))
    if n == 1:
        return Estimate(mean, np.nan, np.nan, 1)
    random = np.random.default_rng(0)
    drawn = np.concatenate([task[random.integers(len(task), size=(DRAWS, len(task)))] for task in found], axis=1)
    means = np.asarray(stats.trim_mean(drawn, 0.25, axis=1))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(mean, float(low), float(high), n)


def expected_best(values: "np.ndarray | list[float]") -> np.ndarray:
    """Expected lowest of n settings for n from 1 to N, of N that were tried; a failed one is infinite.

    The unbiased form of Dodge et al. (2019): the mean over all subsets of n, drawn without replacement, from the order
    statistics. Infinite while n or more failed.
    """
    v = np.sort(np.where(np.isnan(values), np.inf, values))
    size = len(v)
    n = np.arange(1, size + 1)[:, None]
    others = size - np.arange(1, size + 1)[None, :]  # that come after the lowest of a subset
    enough = others >= n - 1
    # By logarithms, since the numbers of subsets have no float from 1030 settings on.
    weights = np.exp(_log_comb(np.maximum(others, n - 1), n - 1) - _log_comb(size, n))
    return np.array([(row[there] * v[there]).sum() for row, there in zip(weights, enough, strict=True)])


def _log_comb(n: "np.ndarray | int", k: np.ndarray) -> np.ndarray:
    return special.gammaln(np.add(n, 1)) - special.gammaln(k + 1) - special.gammaln(n - k + 1)


@dataclass(frozen=True)
class Ranks:
    """Cells over tasks: mean ranks ``[C]``, and by how much two must differ (Demsar 2006)."""

    mean: np.ndarray
    critical: float
    """Nemenyi's critical difference."""
    p: float
    """Friedman's, of no difference between any cells."""


def ranks(scores: np.ndarray, alpha: float = 0.05) -> Ranks:
    """Ranks of the scores ``[tasks, C]``, 1 for the lowest, ties shared."""
    tasks, cells = scores.shape
    q = float(stats.studentized_range.ppf(1 - alpha, cells, np.inf)) / np.sqrt(2)
    p = float(stats.friedmanchisquare(*scores.T).pvalue) if cells > 2 and tasks > 1 else np.nan
    mean = stats.rankdata(scores, axis=1).mean(0)
    return Ranks(mean, q * float(np.sqrt(cells * (cells + 1) / (6 * tasks))), p)
