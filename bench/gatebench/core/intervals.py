"""How far a mean over test sequences is uncertain, from what each sequence, or each block of them, adds to it.

In shapes, ``N`` is sequences, or blocks of sequences that hang together.
"""

import numpy as np
from scipy import special


def half_width(residuals: np.ndarray, steps: np.ndarray, follows: np.ndarray | None = None, level: float = 0.95) -> float:
    """Return half of a t interval of a mean for new sequences; NaN of a single one, which says nothing of others.

    Parameters
    ----------
    residuals
        What every sequence adds to the sum beyond what its steps do in the mean, ``[N]``.
    steps
        The number of predicted steps of each, ``[N]``.
    follows
        Whether each goes on where the one before ended, ``[N]``; None: none does.
    level
        The share of such intervals that hold the mean.

    """
    if len(steps) == 1:
        return float("nan")
    error = float(growth(residuals, follows) * variance(residuals, steps)) ** 0.5
    return student(max(1.0, effective(steps) - 1), level) * error


def in_blocks(rows: np.ndarray, numbers: np.ndarray, in_order: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the sums over blocks of rows ``[R, sequences]``, and whether each block goes on where the one before ended.

    ``numbers`` says which block each sequence is in, ``in_order`` whether those with consecutive numbers follow one another.
    """
    blocks, places = np.unique(numbers, return_inverse=True)
    sums = np.stack([np.bincount(places, row) for row in rows])
    return sums, np.diff(blocks, prepend=blocks[0]) == 1 if in_order else None


def effective(steps: np.ndarray) -> float:
    """Return how many sequences of one length would be as many as those with so many steps are (Kish 1965)."""
    return float(steps.sum() ** 2 / (steps**2).sum())


def student(freedom: float, level: float) -> float:
    """Return half the width of a t interval that holds this share, in standard errors."""
    return float(special.stdtrit(freedom, (1 + level) / 2))


def growth(residuals: np.ndarray, follows: np.ndarray | None) -> float:
    """Return by what factor the variance of a mean is larger, since sequences resemble those that they follow; 1 at least.

    ``residuals [N]`` of sequences from their mean. Of stretches that are long beside what they share, neighbours alone share
    something; without that their residuals are correlated as well, since they add up to zero, which is allowed for.
    """
    square = float((residuals**2).sum())
    if follows is None or not square:
        return 1.0
    count = len(residuals)
    correlation = float((residuals[1:] * residuals[:-1])[follows[1:]].sum()) / square
    return max(1.0, 1 + 2 * (correlation + float(follows.sum()) / (count * (count - 1))))


def variance(residuals: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the variance ``[...]`` of a score over sequences, of the residuals ``[..., N]`` of each from their mean.

    That of a ratio of sums, to first order (Cochran 1977, chapter 6), but for long sequences, which pull the mean towards
    themselves: each residual stands for what it would be without that, if steps of all sequences vary alike (the estimator
    HC2 of MacKinnon and White 1985, with the leverage of such data).
    """
    if len(steps) == 1:
        return np.zeros(residuals.shape[:-1])
    shares = steps / steps.sum()
    return (residuals**2 / (1 - 2 * shares + (shares**2).sum())).sum(-1) / steps.sum() ** 2
