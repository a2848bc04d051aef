"""Baselines of real numbers, in standardised units, dequantised like a model's data, with a Gaussian for every column."""

from gatebench.data.baselines import predictors
from gatebench.data.baselines.scoring import concatenate, evaluate
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import next_step


def compute(card: Card, arrays: Arrays) -> Baselines:
    """Return three baselines of steps ``[T, X]``.

    *gaussian*: the same at every step. *last_value*: around the step before. *linear_diagonal*: around what is linear in it.
    """
    splits = next_step.frame(card, arrays).splits
    x, y = concatenate(splits["train"])
    return {
        "gaussian": evaluate(splits, predictors.marginal(y)),
        "last_value": evaluate(splits, predictors.last_value(x, y)),
        "linear_diagonal": evaluate(splits, predictors.ridge(x, y)),
    }
