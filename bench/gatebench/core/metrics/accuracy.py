"""Accuracy, balanced accuracy and macro-F1: how often the most probable class is the true one."""

from collections.abc import Collection

import numpy as np

from gatebench.core.metric import Metric, Predicted, Sums, of_sums

CLASSES = 32
"""Classes of labels of steps, up to which their confusion is kept for each sequence; of whole sequences, of any number."""
CONFUSION = "confusion"
"""Statistic ``confusion/t/p``: how often class p was predicted where class t was true."""


def statistics(predicted: Predicted) -> dict[str, np.ndarray]:
    """Return how often the prediction is right, and of labels which class was taken for which."""
    if not predicted.is_of_classes or not predicted.mean.size:
        return {}
    true, taken, classes = predicted.true[:, 0].astype(int), predicted.mean.argmax(1), predicted.mean.shape[1]
    sums = {"correct": predicted.by_sequence(true == taken)}
    if predicted.target == "label" and (predicted.at == "sequence" or classes <= CLASSES):
        codes = predicted.counted(true * classes + taken)
        sums |= {f"{CONFUSION}/{code // classes}/{code % classes}": counts for code, counts in codes.items()}
    return sums


def metrics(known: Collection[str]) -> list[Metric]:
    """Return accuracy, and where the confusion is known what counts every class alike."""
    of_classes = [
        Metric("balanced_accuracy", "balanced accuracy", True, of_sums(balanced_accuracy),
               "The mean over classes of the share of each that is recognised.", most=1),
        Metric("macro_f1", "macro-F1", True, of_sums(macro_f1), "The mean over classes of the F1 of each.", most=1),
    ]  # fmt: skip
    accuracy = Metric("accuracy", "accuracy", True, of_sums(lambda sums: sums["correct"] / sums["steps"]),
                      "The share of predictions of which the most probable class is the true one.", most=1)  # fmt: skip
    has_confusion = any(name.startswith(f"{CONFUSION}/") for name in known)
    return [accuracy, *(of_classes if has_confusion else [])] if "correct" in known else []


def confusion(total: Sums) -> np.ndarray:
    """Return how often each class was taken for each other in all sequences together, ``[true, predicted]``."""
    cells = _cells(total)
    matrix = np.zeros((_classes(cells), _classes(cells)))
    for (true, taken), count in cells.items():
        matrix[true, taken] = count
    return matrix


def balanced_accuracy(sums: Sums) -> np.ndarray:
    """Return the mean recall of the classes that are among the true ones."""
    right, true, _ = _by_class(sums)
    return _mean(right, true, true > 0)


def macro_f1(sums: Sums) -> np.ndarray:
    """Return the mean F1 of the classes that are among the true or the predicted ones."""
    right, true, taken = _by_class(sums)
    return _mean(2 * right, true + taken, true + taken > 0)


def _by_class(sums: Sums) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how often each class is predicted rightly, is true, and is predicted, ``[..., C]`` each."""
    cells = _cells(sums)
    shape = (*np.shape(next(iter(cells.values()))), _classes(cells))
    right, true, taken = (np.zeros(shape) for _ in range(3))
    for (of_true, of_taken), counts in cells.items():
        true[..., of_true] += counts
        taken[..., of_taken] += counts
        if of_true == of_taken:
            right[..., of_true] += counts
    return right, true, taken


def _cells(sums: Sums) -> dict[tuple[int, int], np.ndarray]:
    """Return (true class, predicted class) -> how often."""
    parts = {name: name.split("/") for name in sums if name.startswith(f"{CONFUSION}/")}
    return {(int(part[1]), int(part[2])): sums[name] for name, part in parts.items()}


def _classes(cells: dict[tuple[int, int], np.ndarray]) -> int:
    return 1 + max(max(cell) for cell in cells)


def _mean(numerators: np.ndarray, denominators: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the mean ratio ``[...]`` of those classes ``[..., C]`` that count."""
    return (numerators / np.where(counts, denominators, 1) * counts).sum(-1) / counts.sum(-1)
