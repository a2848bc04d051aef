"""Whether predicted probabilities of classes can be taken at their word: expected calibration error and Brier score."""

from collections.abc import Collection

import numpy as np

from gatebench.core.metric import Metric, Predicted, Sums, of_sums

BINS = 10
"""Classes of confidence, equally wide from 0 to 1."""


def statistics(predicted: Predicted) -> dict[str, np.ndarray]:
    """Return squared errors of the probabilities, and in each bin of confidence by how much it exceeds accuracy."""
    if not predicted.is_of_classes or not predicted.mean.size:
        return {}
    true, rows = predicted.true[:, 0].astype(int), np.arange(len(predicted.true))
    confidence, is_right = predicted.mean.max(1), predicted.mean.argmax(1) == true
    of_true = predicted.mean[rows, true]
    sums = {"brier": predicted.by_sequence(np.square(predicted.mean).sum(1) - 2 * of_true + 1)}
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    for number in np.unique(bins):
        sums[f"gap/{number}"] = predicted.by_sequence((bins == number) * (confidence - is_right))
    return sums


def metrics(known: Collection[str]) -> list[Metric]:
    """Return both where classes are predicted."""
    both = [
        Metric("calibration_error", "calibration error", False, of_sums(calibration_error),
               f"The expected calibration error: how far confidence is from accuracy, on average over {BINS} equally wide "
               "classes of confidence.", most=1, has_worth=False),
        Metric("brier", "Brier score", False, of_sums(lambda sums: sums["brier"] / sums["steps"]),
               "The squared distance of the predicted probabilities from the true class, summed over classes.", most=2),
    ]  # fmt: skip
    return both if "brier" in known else []


def calibration_error(sums: Sums) -> np.ndarray:
    """Return by how much confidence and accuracy differ, weighed by how often each confidence is."""
    return np.sum([np.abs(value) for name, value in sums.items() if name.startswith("gap/")], axis=0) / sums["steps"]
