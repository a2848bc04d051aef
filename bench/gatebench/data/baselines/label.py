"""Baselines of a label."""

from gatebench.data import columns
from gatebench.data.baselines import predictors, regression
from gatebench.data.baselines.scoring import concatenate, evaluate
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays


def compute(card: Card, arrays: Arrays) -> Baselines:
    """Return *unigram*, every class with its frequency in train, and *logistic*, a regression on the inputs."""
    classes, splits = len(columns.target_of(card).names), regression.pair(card, arrays)
    x, y = concatenate(splits["train"])
    return {
        "unigram": evaluate(splits, predictors.frequencies(y, classes)),
        "logistic": evaluate(splits, predictors.logistic(x, y, classes)),
    }
