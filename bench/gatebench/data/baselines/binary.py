"""Baselines of zeros and ones, each column on its own, smoothed with one pseudo-count an outcome."""

import numpy as np

from gatebench.data.baselines import markov, predictors
from gatebench.data.baselines.scoring import concatenate, evaluate
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.forecasts import forecast
from gatebench.data.framings import next_step
from gatebench.data.origins import Origins
from gatebench.data.sequences import Sequence


def compute(card: Card, arrays: Arrays, origins: Origins) -> Baselines:
    """Return the baselines of 0/1 sequences ``[T, X]``: of what is forecast, or else of every column's next step."""
    if card.forecast is None:
        return of_frames(arrays)
    of, splits = forecast.columns(card), forecast.frame(card, arrays).splits
    for split in splits:
        last = [np.tile(sequence.x[:, of.predicted], of.horizon) for sequence in splits[split]]
        splits[split] = [Sequence(x, sequence.y) for x, sequence in zip(last, splits[split], strict=True)]
    x, y = concatenate(splits["train"])
    unigram = predictors.smooth(y.sum(0), len(y))
    return {
        "unigram": evaluate(splits, lambda x, y: predictors.bernoulli_nll(np.broadcast_to(unigram, y.shape), y)),
        "markov": evaluate(splits, markov.of_columns(x, y)),
    }


def of_frames(arrays: Arrays) -> Baselines:
    """Return *unigram* and *markov* of 0/1 frames ``[T, X]``.

    *unigram*: every column with its frequency in train (all frames). *markov*: every column given whether it was on in the
    frame before.
    """
    frames = np.concatenate(arrays["train"])
    unigram = predictors.smooth(frames.sum(0), len(frames))
    splits = next_step.shift(arrays)
    return {
        "unigram": evaluate(splits, lambda x, y: predictors.bernoulli_nll(np.broadcast_to(unigram, x.shape), y)),
        "markov": evaluate(splits, markov.of_columns(*concatenate(splits["train"]))),
    }
