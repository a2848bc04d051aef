"""How much of the variance of scores is due to one factor, to another, to both together, and to repetition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from scipy import special
from scipy.optimize import brentq

from gatebench.core.intervals import student

_LEVEL = 0.95
_TAIL = (1 - _LEVEL) / 2
_NORMAL = 3.0
"""Kurtosis of a normal distribution."""


class Bounded(NamedTuple):
    """A number with its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class VarianceShares:
    """Shares of the variance of one repetition, of which both factors are drawn from these levels; they add up to 1."""

    first: Bounded
    """The share of the first factor: its means over the levels of the second differ so much."""
    second: Bounded
    """The share of the second factor."""
    together: Bounded
    """The share of both together: what a level of one changes by depends on the other's so much."""
    rest: Bounded
    """The share of repetition, with the levels given."""
    second_minus_first: Bounded
    """Variance due to the second factor minus that due to the first."""
    n: int
    """Fewest repetitions of two levels."""


def variance_shares(values: Sequence[Sequence[np.ndarray]]) -> VarianceShares | None:
    """Return the shares from the repetitions of each level of the first factor with each of the second, two or more.

    The levels are all there are, so that an effect's variance is the mean of its squares over them; estimated from mean
    squares without bias, or zero where that is negative. None where nothing varies, or there are no levels. Repetitions are
    taken to vary alike at all levels; where their numbers differ, means count alike.

    The interval of an effect's variance comes from the noncentral chi-squared distribution of its sum of squares, widened
    from the normal distribution to Student's since the variance of repetition is estimated; that of the latter from its
    chi-squared distribution, with degrees of freedom by its kurtosis (Bonett 2006). Those of sums, differences and shares
    are recovered from these (Zou and Donner 2008; Donner and Zou 2012).
    """
    if not values:
        return None
    means = np.array([[float(np.mean(one)) for one in row] for row in values])
    counts = np.array([[len(one) for one in row] for row in values])
    residuals = np.concatenate([np.asarray(one, float) - np.mean(one) for row in values for one in row])
    freedom = int(counts.sum()) - means.size
    within, total = float((residuals**2).sum()) / freedom, means.size * float(means.size / (1 / counts).sum())
    rows, columns = means.mean(1, keepdims=True) - means.mean(), means.mean(0, keepdims=True) - means.mean()
    effects = (rows, columns, means - means.mean() - rows - columns)
    levels, others = means.shape
    degrees = (levels - 1, others - 1, (levels - 1) * (others - 1))
    parts = [
        *(_effect(float((e**2).mean()), d, within / total, freedom) for e, d in zip(effects, degrees, strict=True)),
        _repetition(within, freedom, _kurtosis(residuals, counts)),
    ]
    if sum(part.value for part in parts) == 0:
        return None
    first, second, together, rest = (_share(parts, i) for i in range(len(parts)))
    return VarianceShares(first, second, together, rest, _minus(parts[1], parts[0]), int(counts.min()))


def _effect(square: float, degrees: int, noise: float, freedom: int) -> Bounded:
    """Return the variance of an effect, of which the mean square has noise in it: that of one degree of freedom, given."""
    if noise == 0:
        return Bounded(square, square, square)
    value = max(0.0, square - degrees * noise)
    low, high = (noise * _noncentrality(square / noise, degrees, share) for share in (1 - _TAIL, _TAIL))
    wider = student(freedom, _LEVEL) / float(special.ndtri(1 - _TAIL))
    below, above = wider * max(0.0, value - low), wider * max(0.0, high - value)
    return Bounded(value, max(0.0, value - below), value + above)


def _noncentrality(x: float, degrees: int, share: float) -> float:
    """Return the noncentrality with which this share of a chi-squared distribution is below x; 0 where none has so much."""

    def above(noncentrality: float) -> float:
        return float(special.chndtr(x, degrees, noncentrality)) - share

    if above(0.0) <= 0:
        return 0.0
    end = 2 * x + 20.0
    while above(end) > 0:
        end *= 2
    return cast(float, brentq(above, 0.0, end, xtol=1e-9 * end))


def _repetition(variance: float, freedom: int, kurtosis: float) -> Bounded:
    """Return the variance of repetition; one with heavy tails is known as if from fewer repetitions."""
    degrees = min(freedom, 2 * freedom / (kurtosis - 1))
    low, high = (variance * degrees / float(special.chdtri(degrees, tail)) for tail in (_TAIL, 1 - _TAIL))
    return Bounded(variance, low, high)


def _kurtosis(residuals: np.ndarray, counts: np.ndarray) -> float:
    """Return the kurtosis of repetitions, at least a normal one; residuals of few have less of it than they."""
    squares = float((residuals**2).mean())
    if squares == 0:
        return _NORMAL
    few = float((counts / (counts - 1)).mean()) ** 2
    return _NORMAL + few * max(0.0, float((residuals**4).mean()) / squares**2 - _NORMAL)


def _minus(a: Bounded, b: Bounded) -> Bounded:
    value = a.value - b.value
    below, above = np.hypot(a.value - a.low, b.high - b.value), np.hypot(a.high - a.value, b.value - b.low)
    return Bounded(value, value - float(below), value + float(above))


def _sum(parts: Sequence[Bounded]) -> Bounded:
    value = sum(part.value for part in parts)
    below, above = (
        sum(x**2 for x in of) ** 0.5 for of in ([p.value - p.low for p in parts], [p.high - p.value for p in parts])
    )
    return Bounded(value, max(0.0, value - below), value + above)


def _share(parts: Sequence[Bounded], i: int) -> Bounded:
    """Return part i as a share of all, from the interval of its ratio to the others."""
    one, others = parts[i], _sum([*parts[:i], *parts[i + 1 :]])
    product = one.value * others.value
    inner, outer = one.low * (2 * one.value - one.low), others.high * (2 * others.value - others.high)
    denominator = product + max(0.0, product**2 - inner * outer) ** 0.5
    low = inner / denominator if denominator else 0.0
    outer, inner = one.high * (2 * one.value - one.high), others.low * (2 * others.value - others.low)
    numerator = product + max(0.0, product**2 - outer * inner) ** 0.5
    high = numerator / (numerator + inner) if numerator else float(one.high > 0)
    return Bounded(one.value / (one.value + others.value), low / (1 + low), high)
