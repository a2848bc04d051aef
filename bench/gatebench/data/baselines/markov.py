"""The Markov baseline: what comes next given the step before alone, smoothed with one pseudo-count an outcome."""

import numpy as np

from gatebench.data.baselines.predictors import Predictor, bernoulli_nll, smooth


def of_classes(x: np.ndarray, y: np.ndarray, classes: int) -> Predictor:
    """Fit every class's frequency after the class that was read; inputs and outputs ``[N, 1]`` are numbers of classes."""
    counts = np.ones((classes, classes))
    np.add.at(counts, (x[:, 0].astype(int), y[:, 0].astype(int)), 1)
    nll = -np.log(counts / counts.sum(1, keepdims=True))
    return lambda x, y: nll[x[:, 0].astype(int), y[:, 0].astype(int)]


def of_columns(x: np.ndarray, y: np.ndarray) -> Predictor:
    """Fit how often each column of zeros and ones ``[N, X]``, on its own, is on after it was off and after it was on."""
    was_off = smooth((y * (1 - x)).sum(0), (1 - x).sum(0))
    was_on = smooth((y * x).sum(0), x.sum(0))
    return lambda x, y: bernoulli_nll(np.where(x == 1, was_on, was_off), y)
