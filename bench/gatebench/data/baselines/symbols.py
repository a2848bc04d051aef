"""Baselines of symbols, from those before."""

import numpy as np

from gatebench.data import series
from gatebench.data.baselines import markov, ngrams, predictors
from gatebench.data.baselines.scoring import Baseline, concatenate, of_predictor
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import next_step
from gatebench.data.origins import Origins


def fit(card: Card, arrays: Arrays, origins: Origins) -> dict[str, Baseline]:
    """Return what follows from the symbols before, counted in train.

    *unigram*: every symbol with its frequency. *markov*: the same given the symbol before. Both have one pseudo-count an
    outcome. *ngram_2* to *ngram_5*: given the last one to four symbols, interpolated.
    """
    classes, splits = len(card.names), next_step.shift(arrays)
    baselines = {
        "unigram": of_predictor(splits, predictors.frequencies(np.concatenate(arrays["train"]), classes), classes),
        "markov": of_predictor(splits, markov.of_classes(*concatenate(splits["train"]), classes), classes),
    }
    streams = ngrams.streams(series.mark(splits, origins))
    for n, p in enumerate(ngrams.probabilities(streams["train"], streams, classes), 1):
        if n > 1:
            baselines[f"ngram_{n}"] = Baseline(
                splits,
                lambda split, p=p: -np.log(p[split][streams[split].predicted])[:, None],
                lambda n=n: ngrams.distributions(streams["train"], streams["test"], classes, n),
                classes,
            )
    return baselines
