"""Trivial predictors, for each kind of data. A model that does not beat them learned nothing.

Each is fitted on train only and scored like a model: every predicted step of every sequence, in nats per time step, summed
over the outputs of a step.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.data.contents import Arrays
from bench.data.framings import next_block, next_step
from bench.data.sequences import Sequence

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""NLL ``[N]`` of targets ``[N, Y]`` given what was read ``[N, X]``."""

LEVELS = 32
"""Classes of loudness,"""
LEAST = 100
"""but none with fewer steps than this, on average."""


def piano_roll(sequences: Arrays) -> dict[str, Any]:
    """Floor -> split -> ``{nll, nll_sequence_mean}``, smoothed with one pseudo-count an outcome.

    *unigram*: every key on its own, with its frequency in train (all frames). *markov*: every key on its own, given whether
    it was on in the frame before.
    """
    frames = np.concatenate(sequences["train"])
    unigram = _smoothed(frames.sum(0), len(frames))
    splits = next_step.shifted(sequences)
    before, after = _sides(splits["train"])
    was_off = _smoothed((after * (1 - before)).sum(0), (1 - before).sum(0))
    was_on = _smoothed((after * before).sum(0), before.sum(0))
    return {
        "unigram": _evaluate(splits, lambda x, y: _bernoulli(np.broadcast_to(unigram, x.shape), y)),
        "markov": _evaluate(splits, lambda x, y: _bernoulli(np.where(x == 1, was_on, was_off), y)),
    }


def audio(sequences: Arrays) -> dict[str, Any]:
    """Floor -> split -> ``{nll, nll_sequence_mean}``, in standardised units, dequantised like a model's data.

    *unit_gaussian*: N(0, 1) for every sample. *linear_diagonal*, *linear_full*: least squares from the samples that are
    read, the residual Gaussian with diagonal or full covariance. *..._levels*: the linear model fitted anew in each of 32
    equally large classes of the local level (root mean square difference of neighbouring samples that are read): what a
    model gains by knowing how loud it is. With diagonal covariance, the fair floor for a mixture of diagonal components.
    """
    splits = next_block.framed(sequences).splits
    x, y = _sides(splits["train"])
    return {
        "unit_gaussian": _evaluate(splits, lambda x, y: _gaussian(y, np.eye(y.shape[1]))),
        "linear_diagonal": _evaluate(splits, _linear(x, y, full=False)),
        "linear_full": _evaluate(splits, _linear(x, y, full=True)),
        "linear_diagonal_levels": _evaluate(splits, _by_level(x, y, full=False)),
        "linear_full_levels": _evaluate(splits, _by_level(x, y, full=True)),
    }


def _sides(sequences: list[Sequence]) -> tuple[np.ndarray, np.ndarray]:
    """What is read and what is predicted, of all sequences one after the other."""
    return np.concatenate([sequence.x for sequence in sequences]), np.concatenate([sequence.y for sequence in sequences])


def _smoothed(on: np.ndarray, total: Any) -> np.ndarray:
    return (on + 1.0) / (np.asarray(total) + 2.0)


def _bernoulli(probability: np.ndarray, y: np.ndarray) -> np.ndarray:
    return -np.log(np.where(y == 1, probability, 1 - probability)).sum(1)


def _gaussian(away: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    factor = np.linalg.cholesky(covariance)
    z = np.linalg.solve(factor, away.T)
    return 0.5 * (z**2).sum(0) + np.log(np.diag(factor)).sum() + 0.5 * away.shape[1] * np.log(2 * np.pi)


def _linear(x: np.ndarray, y: np.ndarray, full: bool) -> Score:
    weights = np.linalg.lstsq(_with_one(x), y.astype(float), rcond=None)[0]
    away = y - _with_one(x) @ weights
    covariance = away.T @ away / len(y)
    covariance = covariance if full else np.diag(np.diag(covariance))
    return lambda x, y: _gaussian(y - _with_one(x) @ weights, covariance)


def _by_level(x: np.ndarray, y: np.ndarray, full: bool) -> Score:
    count = min(LEVELS, max(1, len(x) // LEAST))
    bounds = np.quantile(_level(x), np.arange(1, count) / count)
    classes = np.searchsorted(bounds, _level(x))
    scores = [_linear(x[classes == c], y[classes == c], full) for c in range(count)]

    def score(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        classes, nll = np.searchsorted(bounds, _level(x)), np.empty(len(x))
        for c in np.unique(classes):
            nll[classes == c] = scores[c](x[classes == c], y[classes == c])
        return nll

    return score


def _level(x: np.ndarray) -> np.ndarray:
    return np.sqrt((np.diff(x.astype(float), axis=1) ** 2).mean(1))


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x.astype(float), np.ones((len(x), 1))], 1)


def _evaluate(splits: dict[str, list[Sequence]], score: Score) -> dict[str, dict[str, float]]:
    result = {}
    for split, sequences in splits.items():
        lengths = np.array([len(sequence) for sequence in sequences])
        x, y = (np.concatenate([getattr(sequence, name) for sequence in sequences]) for name in ("x", "y"))
        totals = np.add.reduceat(score(x, y), np.cumsum([0, *lengths[:-1]]))
        result[split] = {
            "nll": round(float(totals.sum() / lengths.sum()), 4),
            "nll_sequence_mean": round(float((totals / lengths).mean()), 4),
        }
    return result
