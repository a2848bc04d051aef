"""Baselines of zeros and ones, each column on its own, smoothed with one pseudo-count an outcome."""

import numpy as np

from gatebench.data.baselines import markov, predictors
from gatebench.data.baselines.predictors import Predictor
from gatebench.data.baselines.scoring import Baseline, concatenate, of_predictor, score
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.forecasts import forecast
from gatebench.data.framings import next_step
from gatebench.data.origins import Origins
from gatebench.data.sequences import Sequence


def fit(card: Card, arrays: Arrays, origins: Origins) -> dict[str, Baseline]:
    """Return the baselines of 0/1 sequences ``[T, X]``: of what is forecast, or else of every column's next step.

    *unigram*: every column with its frequency in train (all frames). *markov*: every column given whether it was on in the
    frame before, or last.
    """
    if card.forecast is None:
        return _of_frames(arrays)
    of, splits = forecast.columns(card), forecast.frame(card, arrays).splits
    for split in splits:
        last = [np.tile(sequence.x[:, of.predicted], of.horizon) for sequence in splits[split]]
        splits[split] = [Sequence(x, sequence.y) for x, sequence in zip(last, splits[split], strict=True)]
    x, y = concatenate(splits["train"])
    return {
        "unigram": of_predictor(splits, _constant(predictors.smooth(y.sum(0), len(y)))),
        "markov": of_predictor(splits, markov.of_columns(x, y)),
    }


def of_frames(arrays: Arrays) -> Baselines:
    """Return the scores of *unigram* and *markov* of 0/1 frames ``[T, X]``."""
    return {name: score(baseline) for name, baseline in _of_frames(arrays).items()}


def _of_frames(arrays: Arrays) -> dict[str, Baseline]:
    frames = np.concatenate(arrays["train"])
    splits = next_step.shift(arrays)
    return {
        "unigram": of_predictor(splits, _constant(predictors.smooth(frames.sum(0), len(frames)))),
        "markov": of_predictor(splits, markov.of_columns(*concatenate(splits["train"]))),
    }


def _constant(probability: np.ndarray) -> Predictor:
    return predictors.bernoulli(lambda x: np.broadcast_to(probability, (len(x), len(probability))))
