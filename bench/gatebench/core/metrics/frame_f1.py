"""F1 of the ones among zeros and ones, frame by frame, and the accuracy that music transcription reports."""

from collections.abc import Collection

import numpy as np

from gatebench.core.metric import Metric, Predicted, Sums, of_sums

THRESHOLD = 0.5
"""A one is predicted where its probability is above this."""


def statistics(predicted: Predicted) -> dict[str, np.ndarray]:
    """Return how many ones are predicted rightly, predicted wrongly, and missed."""
    if not predicted.is_of_ones:
        return {}
    taken, true = predicted.mean > THRESHOLD, predicted.true > 0
    parts = {"hits": taken & true, "false_alarms": taken & ~true, "misses": ~taken & true}
    return {name: predicted.by_sequence(part.sum(1)) for name, part in parts.items()}


def metrics(known: Collection[str]) -> list[Metric]:
    """Return both where zeros and ones are predicted."""
    start = f"A one is predicted where its probability is above {THRESHOLD}."
    both = [
        Metric("frame_f1", "frame-level F1", True, of_sums(f1),
               f"{start} Twice the ones that are predicted rightly, over all that are predicted and all that are true.",
               most=1),
        Metric("frame_accuracy", "frame-level accuracy", True, of_sums(accuracy),
               f"{start} Rightly predicted ones over all that are predicted or true (Bay, Ehmann and Downie 2009).",
               most=1),
    ]  # fmt: skip
    return both if "hits" in known else []


def f1(sums: Sums) -> np.ndarray:
    """Return ``2 hits / (2 hits + false alarms + misses)``; NaN where there are no ones."""
    return _share(2 * sums["hits"], sums["false_alarms"] + sums["misses"])


def accuracy(sums: Sums) -> np.ndarray:
    """Return ``hits / (hits + false alarms + misses)``; NaN where there are no ones."""
    return _share(sums["hits"], sums["false_alarms"] + sums["misses"])


def _share(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    right, wrong = np.asarray(right, float), np.asarray(wrong, float)
    with np.errstate(invalid="ignore"):
        return right / (right + wrong)
