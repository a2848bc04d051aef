"""Baselines of several labels, each zero or one, of a step or a sequence."""

import numpy as np

from gatebench.data.baselines import penalties, predictors, regression
from gatebench.data.baselines.predictors import Predictor
from gatebench.data.baselines.regression import Splits
from gatebench.data.baselines.scoring import Baseline, concatenate, of_predictor
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import target
from gatebench.data.origins import Origins


def fit(card: Card, arrays: Arrays, origins: Origins) -> dict[str, Baseline]:
    """Return what is said of each label on its own, added up.

    *unigram*: its frequency in train, with one pseudo-count an outcome. *logistic*: a regression on the inputs at the step,
    or on their mean over the sequence. Of a sequence, *logistic_summary*: on what it is like as a whole.
    """
    splits = regression.pair(card, arrays)
    _, y = concatenate(splits["train"])
    frequencies = predictors.smooth(y.sum(0), len(y))
    baselines = {
        "unigram": of_predictor(
            splits, predictors.bernoulli(lambda x: np.broadcast_to(frequencies, (len(x), len(frequencies))))
        ),
        "logistic": _logistic(splits),
    }
    if target.predicted_per(card) == "step":
        return baselines
    summarised = regression.summarised(target.frame(card, arrays).splits)
    return {**baselines, **({"logistic_summary": _logistic(summarised)} if summarised is not None else {})}


def _logistic(splits: Splits) -> Baseline:
    """Return a regression for each label."""
    x, y = concatenate(splits["train"])
    regressions = [penalties.logistic(x, y[:, i : i + 1], 2) for i in range(y.shape[1])]

    def nll(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.concatenate([one.of_outputs(x, y[:, i : i + 1]) for i, one in enumerate(regressions)], 1)

    return of_predictor(splits, Predictor(lambda x: np.stack([one.mean(x)[:, 1] for one in regressions], 1), nll))
