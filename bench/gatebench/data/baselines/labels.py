"""Baselines of several labels, each zero or one, of a step or a sequence."""

import numpy as np

from gatebench.data.baselines import penalties, predictors, regression
from gatebench.data.baselines.predictors import Predictor
from gatebench.data.baselines.regression import Splits
from gatebench.data.baselines.scoring import Scores, concatenate, evaluate
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import target
from gatebench.data.origins import Origins


def compute(card: Card, arrays: Arrays, origins: Origins) -> Baselines:
    """Return what is said of each label on its own, added up.

    *unigram*: its frequency in train, with one pseudo-count an outcome. *logistic*: a regression on the inputs at the step,
    or on their mean over the sequence. Of a sequence, *logistic_summary*: on what it is like as a whole.
    """
    splits = regression.pair(card, arrays)
    _, y = concatenate(splits["train"])
    frequencies = predictors.smooth(y.sum(0), len(y))
    baselines = {
        "unigram": evaluate(splits, lambda x, y: predictors.bernoulli_nll(np.broadcast_to(frequencies, y.shape), y)),
        "logistic": _logistic(splits),
    }
    if target.predicted_per(card) == "step":
        return baselines
    summarised = regression.summarised(target.frame(card, arrays).splits)
    return {**baselines, **({"logistic_summary": _logistic(summarised)} if summarised is not None else {})}


def _logistic(splits: Splits) -> Scores:
    """Return the scores of a regression for each label."""
    x, y = concatenate(splits["train"])
    regressions: list[Predictor] = [penalties.logistic(x, y[:, i : i + 1], 2) for i in range(y.shape[1])]
    return evaluate(splits, lambda x, y: np.sum([predict(x, y[:, i : i + 1]) for i, predict in enumerate(regressions)], 0))
