"""Baselines of a label."""

import numpy as np

from gatebench.data import columns, series
from gatebench.data.baselines import penalties, predictors, regression
from gatebench.data.baselines.minirocket import MOST_COLUMNS, Minirocket
from gatebench.data.baselines.neighbours import Neighbours
from gatebench.data.baselines.regression import Splits
from gatebench.data.baselines.ridge_classifier import RidgeClassifier
from gatebench.data.baselines.scoring import Baseline, concatenate, of_predictor
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import target
from gatebench.data.origins import Origins


def fit(card: Card, arrays: Arrays, origins: Origins) -> dict[str, Baseline]:
    """Return what the frequencies in train and regressions on the inputs say.

    *unigram*: every class with its frequency. *logistic*: a regression on the inputs at the step, or on their mean over the
    sequence. Of a step, *logistic_lags*: on the inputs at the last steps. Of a sequence, *logistic_summary*: on what it is
    like as a whole (`summaries.summarise`), *nearest_neighbours* (`Neighbours`), and *minirocket*: a ridge classifier on
    random convolutions (`Minirocket`). The penalties of these are chosen by what predicts train best from the rest of it.
    """
    classes, splits = len(columns.target_of(card).names), regression.pair(card, arrays)
    x, y = concatenate(splits["train"])
    baselines = {
        "unigram": of_predictor(splits, predictors.frequencies(y, classes), classes),
        "logistic": of_predictor(splits, predictors.logistic(x, y, classes), classes),
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
        **_minirocket(framed, classes),
    }


def _logistic(name: str, splits: Splits | None, classes: int) -> dict[str, Baseline]:
    """Return a regression on features; nothing where there are none."""
    if splits is None:
        return {}
    return {name: of_predictor(splits, penalties.logistic(*concatenate(splits["train"]), classes), classes)}


def _nearest(kinds: list[Splits], classes: int) -> Baseline:
    """Return the nearest neighbours by one of several kinds of features."""
    features = {split: [concatenate(kind[split])[0] for kind in kinds] for split in kinds[0]}
    labels = {split: np.concatenate([sequence.y[:, 0] for sequence in kinds[0][split]]) for split in kinds[0]}
    neighbours = Neighbours(features["train"], labels["train"], classes)

    def nll(split: str) -> np.ndarray:
        return neighbours.nll(features[split], labels[split], of_train=split == "train")[:, None]

    def probabilities(part: slice) -> np.ndarray:
        return neighbours.probabilities([of_kind[part] for of_kind in features["test"]])

    return Baseline(kinds[0], nll, lambda: probabilities, classes)


def _minirocket(splits: Splits, classes: int) -> dict[str, Baseline]:
    """Return a ridge classifier on random convolutions; nothing where there are too many columns."""
    if splits["train"][0].x.shape[1] > MOST_COLUMNS:
        return {}
    transform = Minirocket(splits["train"])
    features = {split: transform(splits[split]) for split in splits}
    labels = {split: np.concatenate([sequence.y[:, 0] for sequence in splits[split]]).astype(int) for split in splits}
    classifier = RidgeClassifier(features["train"], labels["train"], classes)

    def nll(split: str) -> np.ndarray:
        return classifier.nll(features[split], labels[split], of_train=split == "train")[:, None]

    def probabilities(part: slice) -> np.ndarray:
        return classifier.probabilities(features["test"][part])

    return {"minirocket": Baseline(splits, nll, lambda: probabilities, classes)}
