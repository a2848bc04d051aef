"""How a baseline is scored: like a model, on every prediction of every sequence."""

from collections.abc import Callable

import numpy as np

from gatebench.data.baselines.predictors import Predictor
from gatebench.data.sequences import Sequence

Scores = dict[str, dict[str, float]]
"""Split -> ``nll`` and ``nll_sequence_mean``, in nats per prediction."""


def evaluate(splits: dict[str, list[Sequence]], predictor: Predictor) -> Scores:
    """Return of each split the NLL in nats per prediction, summed over the outputs of one.

    ``nll`` is the mean over all predictions, ``nll_sequence_mean`` the mean over sequences of their means.
    """
    return score(splits, lambda split: predictor(*concatenate(splits[split])))


def score(splits: dict[str, list[Sequence]], nll_of: Callable[[str], np.ndarray]) -> Scores:
    """Return the same of what gives the NLL of every prediction of a split, ``[N]``, one sequence after the other."""
    scores = {}
    for split, sequences in splits.items():
        counts = np.array([sequence.predictions for sequence in sequences])
        totals = np.add.reduceat(nll_of(split), np.cumsum([0, *counts[:-1]]))
        scores[split] = {
            "nll": round(float(totals.sum() / counts.sum()), 4),
            "nll_sequence_mean": round(float((totals / counts).mean()), 4),
        }
    return scores


def concatenate(sequences: list[Sequence]) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs ``[N, X]`` and the outputs ``[N, Y]`` of all sequences, one after the other."""
    return np.concatenate([sequence.x for sequence in sequences]), np.concatenate([sequence.y for sequence in sequences])
