"""Baselines of symbols, smoothed with one pseudo-count an outcome."""

import numpy as np

from gatebench.data.baselines import markov, predictors
from gatebench.data.baselines.scoring import concatenate, evaluate
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import next_step


def compute(card: Card, arrays: Arrays) -> Baselines:
    """Return *unigram*, every symbol with its frequency in train, and *markov*, the same given the symbol before."""
    classes, splits = len(card.names), next_step.shift(arrays)
    return {
        "unigram": evaluate(splits, predictors.frequencies(np.concatenate(arrays["train"]), classes)),
        "markov": evaluate(splits, markov.of_classes(*concatenate(splits["train"]), classes)),
    }
