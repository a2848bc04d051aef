"""Statistical power: how many repetitions, test sequences, or both it takes to decide between two cells. Scores are NLL."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from gatebench.report.stats.crossed import SequenceScores, VarianceComponents

POWER = 0.8
"""Probability with which what is there is to be shown."""
MOST = 10**6
"""Largest number of repetitions or sequences, and largest factor, that is tried before a decision is out of reach."""

_QUANTILES = (np.arange(200) + 0.5) / 200
"""Evenly spread quantiles that stand for a distribution."""


@dataclass(frozen=True)
class RequiredSample:
    """What it would take to show what was observed; None where no number up to `MOST` would do."""

    repetitions: int | None
    """Number of repetitions of each cell, on the same test split."""
    sequences: int | None
    """Number of test sequences like those of the split, with the same repetitions."""
    factor: float | None
    """Factor by which both repetitions *and* sequences would have to be more."""


def required_sample(
    a: SequenceScores, b: SequenceScores, level: float, margin: float = float("nan")
) -> RequiredSample | None:
    """Return what it takes to decide between two cells that differ by what was observed, each test being at this level.

    That is to show the difference or, within a margin, that there is none to speak of, whichever takes less. None where a
    cell has a single repetition.
    """
    if min(len(a.nll), len(b.nll)) == 1:
        return None
    observed = abs(float(a.means.mean() - b.means.mean()))
    return required(VarianceComponents.estimate(a, b), observed, level, margin)


def required(components: VarianceComponents, observed: float, level: float, margin: float = float("nan")) -> RequiredSample:
    """Return what `required_sample` does, of a difference whose variance has these components."""
    (s, t), n = components.counts, components.sequence_count

    def enough(counts: tuple[float, float], sequence_count: float) -> bool:
        error, freedom = components.standard_error(counts, sequence_count)
        chance = power(observed, error, freedom, level)
        if observed < margin:
            chance = max(chance, equivalence_power(observed, margin, error, freedom, level))
        return chance >= POWER

    tenths = _smallest(10, lambda k: enough((s * k / 10, t * k / 10), n * k / 10))
    return RequiredSample(
        repetitions=_smallest(2, lambda k: enough((k, k), n)),
        sequences=_smallest(2, lambda k: enough((s, t), k)),
        factor=tenths and tenths / 10,
    )


def detectable(components: VarianceComponents, counts: tuple[float, float], sequence_count: float, level: float) -> float:
    """Return the smallest difference that a test at this level shows with a probability of `POWER`.

    ``counts`` and ``sequence_count`` are those of the repetitions of each cell and of the test sequences, whatever they were
    where the components were estimated.
    """
    error, freedom = components.standard_error(counts, sequence_count)
    low, high = 0.0, MOST * error
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, error, freedom, level) >= POWER else (middle, high)
    return high


def power(difference: float, error: float, freedom: float, level: float) -> float:
    """Return the probability that a two-sided t test detects a difference.

    ``error`` is the standard error of the difference, ``freedom`` its degrees of freedom, ``level`` that of the test.
    """
    if not error:
        return float(difference > 0)
    limit, shift = _limits(freedom, 1 - level / 2), difference / error
    return float((special.ndtr(shift - limit) + special.ndtr(-limit - shift)).mean())


def equivalence_power(difference: float, margin: float, error: float, freedom: float, level: float) -> float:
    """Return the probability that two one-sided t tests, each at this level, show a difference to be within the margin."""
    if not error:
        return float(difference < margin)
    limit = _limits(freedom, 1 - level)
    high, low = (margin - difference) / error - limit, limit - (margin + difference) / error
    return float(np.maximum(0, special.ndtr(high) - special.ndtr(low)).mean())


def _limits(freedom: float, quantile: float) -> np.ndarray:
    """Return where a t test rejects, in true standard errors, over where the estimated one may lie.

    The mean over these is the power: scipy's noncentral t is not a number for some large values.
    """
    estimated = np.sqrt(special.chdtri(freedom, 1 - _QUANTILES) / freedom)
    return float(special.stdtrit(freedom, quantile)) * estimated


def _smallest(first: int, enough: Callable[[int], bool]) -> int | None:
    """Return the smallest number from ``first`` that is enough, where every larger one is too; None if `MOST` is not."""
    if not enough(MOST):
        return None
    low, high = first - 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
