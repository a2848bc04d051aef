"""Baselines of a label."""

import numpy as np

from gatebench.data import columns, series
from gatebench.data.baselines import penalties, predictors, regression
from gatebench.data.baselines.neighbours import Neighbours
from gatebench.data.baselines.regression import Splits
from gatebench.data.baselines.scoring import concatenate, evaluate, score
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import target
from gatebench.data.origins import Origins


def compute(card: Card, arrays: Arrays, origins: Origins) -> Baselines:
    """Return what the frequencies in train and regressions on the inputs say.

    *unigram*: every class with its frequency. *logistic*: a regression on the inputs at the step, or on their mean over the
    sequence. Of a step, *logistic_lags*: on the inputs at the last steps. Of a sequence, *logistic_summary*: on what it is
    like as a whole (`summaries.summarise`), and *nearest_neighbours* (`Neighbours`). The penalties of these are chosen in
    folds of train.
    """
    classes, splits = len(columns.target_of(card).names), regression.pair(card, arrays)
    x, y = concatenate(splits["train"])
    baselines = {
        "unigram": evaluate(splits, predictors.frequencies(y, classes)),
        "logistic": evaluate(splits, predictors.logistic(x, y, classes)),
    }
    framed = target.frame(card, arrays).splits
    if target.predicted_per(card) == "step":
        return {**baselines, **_logistic("logistic_lags", regression.last_steps(series.mark(framed, origins)), classes)}
    summarised = regression.summarised(framed)
    kinds = [kind for kind in (summarised, regression.courses(framed)) if kind is not None]
    return {
        **baselines,
        **_logistic("logistic_summary", summarised, classes),
        "nearest_neighbours": _nearest(kinds or [splits], classes),
    }


def _logistic(name: str, splits: Splits | None, classes: int) -> Baselines:
    """Return a regression on features; nothing where there are none."""
    if splits is None:
        return {}
    return {name: evaluate(splits, penalties.logistic(*concatenate(splits["train"]), classes))}


def _nearest(kinds: list[Splits], classes: int) -> dict[str, dict[str, float]]:
    """Return the scores of the nearest neighbours by one of several kinds of features."""
    features = {split: [concatenate(kind[split])[0] for kind in kinds] for split in kinds[0]}
    labels = {split: np.concatenate([sequence.y[:, 0] for sequence in kinds[0][split]]) for split in kinds[0]}
    neighbours = Neighbours(features["train"], labels["train"], classes)
    return score(kinds[0], lambda split: neighbours.nll(features[split], labels[split], of_train=split == "train"))
