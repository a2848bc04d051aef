"""Area under the ROC curve of labels of whole sequences, from the predicted probabilities themselves."""

from collections.abc import Collection

import numpy as np

from gatebench.core.metric import Linearised, Metric, Predicted, SequenceStatistics


def statistics(predicted: Predicted) -> dict[str, np.ndarray]:
    """Return nothing: which of two sequences has the higher probability is no sum over sequences."""
    del predicted
    return {}


def metrics(known: Collection[str]) -> list[Metric]:
    """Return it where labels of whole sequences are predicted, of which the probabilities are there."""
    auc = Metric("auc", "AUC", True, of_probabilities,
                 "The probability that of two sequences, one of a class and one of another, the first is given the higher "
                 "probability of it. Of more than two classes it is the mean over them, one against the rest.",
                 most=1)  # fmt: skip
    return [auc] if "probabilities" in known else []


def of_probabilities(statistics: SequenceStatistics) -> Linearised:
    """Return the AUC, of several classes the mean over those that some sequences have and others have not.

    What a sequence does to it are the components of DeLong, DeLong and Clarke-Pearson (1988).
    """
    assert statistics.probabilities is not None
    assert statistics.labels is not None
    p, labels = statistics.probabilities, statistics.labels
    present = [c for c in range(p.shape[1]) if 0 < (labels == c).sum() < len(labels)]
    if not present:
        return Linearised(float("nan"), np.zeros(len(labels)))
    of_classes = [_of_class(p[:, c], labels == c) for c in (present if p.shape[1] > 2 else present[-1:])]
    value = float(np.mean([one.value for one in of_classes]))
    return Linearised(value, np.mean([one.influences for one in of_classes], axis=0))


def _of_class(scores: np.ndarray, is_of_class: np.ndarray) -> Linearised:
    inside, outside = np.sort(scores[is_of_class]), np.sort(scores[~is_of_class])
    shares = np.where(is_of_class, _share_below(scores, outside), 1 - _share_below(scores, inside))
    value = float(shares[is_of_class].mean())
    counts = np.where(is_of_class, len(inside), len(outside))
    return Linearised(value, (shares - value) / counts)


def _share_below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the share of other scores, in ascending order, that each score is above; equal ones count half."""
    return (np.searchsorted(others, scores, "left") + np.searchsorted(others, scores, "right")) / (2 * len(others))
