"""How a baseline is scored: like a model, on every prediction of every sequence."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gatebench.data.baselines.predictors import Predictor
from gatebench.data.sequences import Sequence

Scores = dict[str, dict[str, float]]
"""Split -> ``nll`` and ``nll_sequence_mean``, in nats per prediction."""
MeansOfPart = Callable[[slice], np.ndarray]
"""Some predictions of test, by place -> probabilities of classes or ones, or expected values, ``[n, P]``."""


@dataclass(frozen=True)
class Baseline:
    """A baseline that is fitted to train, and what it predicts of every split, one sequence after the other."""

    splits: dict[str, list[Sequence]]
    """The sequences of every split, as many predictions of each as a model makes."""
    nll: Callable[[str], np.ndarray]
    """Split -> NLL of the outputs of every prediction, ``[N, Y]``; ``[N, 1]`` of outputs that are predicted together."""
    means: Callable[[], MeansOfPart]
    """Makes what is predicted of test."""
    width: int
    """Numbers that predict the outputs of one prediction, P."""


def of_predictor(splits: dict[str, list[Sequence]], predictor: Predictor, width: int | None = None) -> Baseline:
    """Return the baseline that a predictor of inputs and outputs is; ``width``: how many classes there are, of a label."""

    def means() -> MeansOfPart:
        x, _ = concatenate(splits["test"])
        return lambda part: predictor.mean(x[part])

    outputs = splits["train"][0].y.shape[1]
    return Baseline(splits, lambda split: predictor.of_outputs(*concatenate(splits[split])), means, width or outputs)


def score(baseline: Baseline) -> Scores:
    """Return of each split the NLL in nats per prediction, summed over the outputs of one.

    ``nll`` is the mean over all predictions, ``nll_sequence_mean`` the mean over sequences of their means.
    """
    scores = {}
    for split, sequences in baseline.splits.items():
        counts = np.array([sequence.predictions for sequence in sequences])
        totals = np.add.reduceat(baseline.nll(split).sum(1), np.cumsum([0, *counts[:-1]]))
        scores[split] = {
            "nll": round(float(totals.sum() / counts.sum()), 4),
            "nll_sequence_mean": round(float((totals / counts).mean()), 4),
        }
    return scores


def concatenate(sequences: list[Sequence]) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs ``[N, X]`` and the outputs ``[N, Y]`` of all sequences, one after the other."""
    return np.concatenate([sequence.x for sequence in sequences]), np.concatenate([sequence.y for sequence in sequences])
