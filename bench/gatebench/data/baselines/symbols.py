"""Baselines of symbols, from those before."""

import numpy as np

from gatebench.data import series
from gatebench.data.baselines import markov, ngrams, predictors
from gatebench.data.baselines.scoring import concatenate, evaluate, score
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import next_step
from gatebench.data.origins import Origins


def compute(card: Card, arrays: Arrays, origins: Origins) -> Baselines:
    """Return what follows from the symbols before, counted in train.

    *unigram*: every symbol with its frequency. *markov*: the same given the symbol before. Both have one pseudo-count an
    outcome. *ngram_2* to *ngram_5*: given the last one to four symbols, interpolated.
    """
    classes, splits = len(card.names), next_step.shift(arrays)
    baselines = {
        "unigram": evaluate(splits, predictors.frequencies(np.concatenate(arrays["train"]), classes)),
        "markov": evaluate(splits, markov.of_classes(*concatenate(splits["train"]), classes)),
    }
    streams = ngrams.streams(series.mark(splits, origins))
    for n, p in enumerate(ngrams.probabilities(streams["train"], streams, classes), 1):
        if n > 1:
            baselines[f"ngram_{n}"] = score(splits, lambda split, p=p: -np.log(p[split][streams[split].predicted]))
    return baselines
