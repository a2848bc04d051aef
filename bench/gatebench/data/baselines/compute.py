"""Trivial predictors, for each kind of data. A model that does not beat them learned nothing.

Each is fitted on train only and scored like a model: every prediction of every sequence, in nats per prediction, summed over
the outputs of one. A result is baseline -> split -> ``{nll, nll_sequence_mean}``.
"""

from typing import Any

import numpy as np

from gatebench.data.baselines import predictors
from gatebench.data.baselines.predictors import Score
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import next_block, next_step, target
from gatebench.data.sequences import Sequence


def of(card: Card, sequences: Arrays) -> dict[str, Any]:
    """Those of a card: of its target, or of what its kind has predicted."""
    if card.target and card.target.kind == "label":
        return _labels(card, sequences)
    if card.target:
        return _values(card, sequences)
    match card.kind:
        case "piano_roll" | "binary":
            return piano_roll(sequences)
        case "audio":
            return audio(sequences)
        case "symbols":
            return _symbols(card, sequences)
        case "reals":
            return _reals(card, sequences)


def piano_roll(sequences: Arrays) -> dict[str, Any]:
    """Keys, or other zeros and ones, smoothed with one pseudo-count an outcome.

    *unigram*: every key on its own, with its frequency in train (all frames). *markov*: every key on its own, given whether
    it was on in the frame before.
    """
    frames = np.concatenate(sequences["train"])
    unigram = predictors.smoothed(frames.sum(0), len(frames))
    splits = next_step.shifted(sequences)
    before, after = _sides(splits["train"])
    was_off = predictors.smoothed((after * (1 - before)).sum(0), (1 - before).sum(0))
    was_on = predictors.smoothed((after * before).sum(0), before.sum(0))
    return {
        "unigram": _evaluate(splits, lambda x, y: predictors.bernoulli(np.broadcast_to(unigram, x.shape), y)),
        "markov": _evaluate(splits, lambda x, y: predictors.bernoulli(np.where(x == 1, was_on, was_off), y)),
    }


def audio(sequences: Arrays) -> dict[str, Any]:
    """Samples, in standardised units, dequantised like a model's data.

    *unit_gaussian*: N(0, 1) for every sample. *linear_diagonal*, *linear_full*: least squares from the samples that are
    read, the residual Gaussian with diagonal or full covariance. *..._levels*: the linear model fitted anew in each of 32
    equally large classes of the local level (root mean square difference of neighbouring samples that are read): what a
    model gains by knowing how loud it is. With diagonal covariance, the fair baseline for a mixture of diagonal components.
    """
    splits = next_block.framed(sequences).splits
    x, y = _sides(splits["train"])
    return {
        "unit_gaussian": _evaluate(splits, lambda x, y: predictors.gaussian(y, np.eye(y.shape[1]))),
        "linear_diagonal": _evaluate(splits, predictors.least_squares(x, y, full=False)),
        "linear_full": _evaluate(splits, predictors.least_squares(x, y, full=True)),
        "linear_diagonal_levels": _evaluate(splits, predictors.by_level(x, y, full=False)),
        "linear_full_levels": _evaluate(splits, predictors.by_level(x, y, full=True)),
    }


def _symbols(card: Card, sequences: Arrays) -> dict[str, Any]:
    """*unigram*: every symbol with its frequency in train. *markov*: given the one before. One pseudo-count an outcome."""
    classes, splits = len(card.names), next_step.shifted(sequences)
    return {
        "unigram": _evaluate(splits, predictors.frequencies(np.concatenate(sequences["train"]), classes)),
        "markov": _evaluate(splits, predictors.transitions(*_sides(splits["train"]), classes)),
    }


def _reals(card: Card, sequences: Arrays) -> dict[str, Any]:
    """In standardised units, dequantised like a model's data, with a Gaussian for every column.

    *gaussian*: the same at every step. *last_value*: around the step before. *linear_diagonal*: around what is linear in it.
    """
    splits = next_step.frame(card, sequences).splits
    x, y = _sides(splits["train"])
    return {
        "gaussian": _evaluate(splits, predictors.marginal(y)),
        "last_value": _evaluate(splits, predictors.last_value(x, y)),
        "linear_diagonal": _evaluate(splits, predictors.ridge(x, y)),
    }


def _labels(card: Card, sequences: Arrays) -> dict[str, Any]:
    """*unigram*: every class with its frequency in train. *logistic*: regression on what is read, see `_looked_at`."""
    assert card.target is not None, card.name
    classes, splits = len(card.target.names), _looked_at(card, sequences)
    x, y = _sides(splits["train"])
    return {
        "unigram": _evaluate(splits, predictors.frequencies(y, classes)),
        "logistic": _evaluate(splits, predictors.logistic(x, y, classes)),
    }


def _values(card: Card, sequences: Arrays) -> dict[str, Any]:
    """In standardised units. *gaussian*: the same always. *linear*: regression on what is read, see `_looked_at`."""
    splits = _looked_at(card, sequences)
    x, y = _sides(splits["train"])
    return {"gaussian": _evaluate(splits, predictors.marginal(y)), "linear": _evaluate(splits, predictors.ridge(x, y))}


def _looked_at(card: Card, sequences: Arrays) -> dict[str, list[Sequence]]:
    """What is told of a step beside what is read at it, what is told of a sequence beside the mean of it over time."""
    splits = target.frame(card, sequences).splits
    if target.at(card) == "step":
        return splits
    return {
        split: [Sequence(sequence.x.mean(0, dtype=float)[None], sequence.y) for sequence in found]
        for split, found in splits.items()
    }


def _sides(sequences: list[Sequence]) -> tuple[np.ndarray, np.ndarray]:
    """What is read and what is predicted, of all sequences one after the other."""
    return np.concatenate([sequence.x for sequence in sequences]), np.concatenate([sequence.y for sequence in sequences])


def _evaluate(splits: dict[str, list[Sequence]], score: Score) -> dict[str, dict[str, float]]:
    result = {}
    for split, sequences in splits.items():
        lengths = np.array([sequence.predicted for sequence in sequences])
        x, y = (np.concatenate([getattr(sequence, name) for sequence in sequences]) for name in ("x", "y"))
        totals = np.add.reduceat(score(x, y), np.cumsum([0, *lengths[:-1]]))
        result[split] = {
            "nll": round(float(totals.sum() / lengths.sum()), 4),
            "nll_sequence_mean": round(float((totals / lengths).mean()), 4),
        }
    return result
