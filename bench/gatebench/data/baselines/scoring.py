"""How a baseline is scored: like a model, on every prediction of every sequence."""

import numpy as np

from gatebench.data.baselines.predictors import Predictor
from gatebench.data.sequences import Sequence


def evaluate(splits: dict[str, list[Sequence]], predictor: Predictor) -> dict[str, dict[str, float]]:
    """Return of each split the NLL in nats per prediction, summed over the outputs of one.

    ``nll`` is the mean over all predictions, ``nll_sequence_mean`` the mean over sequences of their means.
    """
    scores = {}
    for split, sequences in splits.items():
        counts = np.array([sequence.predictions for sequence in sequences])
        totals = np.add.reduceat(predictor(*concatenate(sequences)), np.cumsum([0, *counts[:-1]]))
        scores[split] = {
            "nll": round(float(totals.sum() / counts.sum()), 4),
            "nll_sequence_mean": round(float((totals / counts).mean()), 4),
        }
    return scores


def concatenate(sequences: list[Sequence]) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs ``[N, X]`` and the outputs ``[N, Y]`` of all sequences, one after the other."""
    return np.concatenate([sequence.x for sequence in sequences]), np.concatenate([sequence.y for sequence in sequences])
