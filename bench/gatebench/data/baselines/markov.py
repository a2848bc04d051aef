"""The Markov baseline: what comes next given the step before alone, smoothed with one pseudo-count an outcome."""

import numpy as np

from gatebench.data.baselines.predictors import Predictor, bernoulli, smooth


def of_classes(x: np.ndarray, y: np.ndarray, classes: int) -> Predictor:
    """Fit every class's frequency after the class that was read; inputs and outputs ``[N, 1]`` are numbers of classes."""
    first, second = x[:, 0].astype(np.int64), y[:, 0].astype(np.int64)
    pairs, times = np.unique(first * classes + second, return_counts=True)  # of many classes, few pairs occur
    after = np.bincount(first, minlength=classes) + float(classes)

    def of_outputs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        keys = x[:, 0].astype(np.int64) * classes + y[:, 0].astype(np.int64)
        places = np.minimum(np.searchsorted(pairs, keys), len(pairs) - 1)
        count = np.where(pairs[places] == keys, times[places], 0)
        return -np.log((count + 1) / after[x[:, 0].astype(np.int64)])[:, None]

    def mean(x: np.ndarray) -> np.ndarray:
        last = x[:, 0].astype(np.int64)
        rows, places = successors(pairs, last, classes)
        counts = np.ones((len(x), classes))
        counts[rows, pairs[places] % classes] += times[places]
        return counts / after[last][:, None]

    return Predictor(mean, of_outputs)


def successors(pairs: np.ndarray, first: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and places of all pairs that begin with what stands in each row of ``first [N]``.

    ``pairs`` are sorted numbers, each of what comes first times the number of classes, plus what comes second.
    """
    starts, ends = (np.searchsorted(pairs, (first + more) * classes) for more in (0, 1))
    lengths = ends - starts
    rows = np.repeat(np.arange(len(first)), lengths)
    return rows, np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)


def of_columns(x: np.ndarray, y: np.ndarray) -> Predictor:
    """Fit how often each column of zeros and ones ``[N, X]``, on its own, is on after it was off and after it was on."""
    was_off = smooth((y * (1 - x)).sum(0), (1 - x).sum(0))
    was_on = smooth((y * x).sum(0), x.sum(0))
    return bernoulli(lambda x: np.where(x == 1, was_on, was_off))
