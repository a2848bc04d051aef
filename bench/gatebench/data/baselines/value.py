"""Baselines of values, in standardised units."""

from gatebench.data.baselines import predictors, regression
from gatebench.data.baselines.scoring import concatenate, evaluate
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays


def compute(card: Card, arrays: Arrays) -> Baselines:
    """Return *gaussian*, which is the same always, and *linear*, a regression on the inputs."""
    splits = regression.pair(card, arrays)
    x, y = concatenate(splits["train"])
    return {"gaussian": evaluate(splits, predictors.marginal(y)), "linear": evaluate(splits, predictors.ridge(x, y))}
