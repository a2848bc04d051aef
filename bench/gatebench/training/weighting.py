"""Weights of classes: in the loss that is trained those of rare ones count more; NLL is what it is without them."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from gatebench.data.tasks import Task
from gatebench.training.likelihoods import Likelihood, categorical
from gatebench.training.protocol import Training


@dataclass(frozen=True)
class weighted_categorical(categorical):
    """One of several classes, of which each has a weight in the loss that is trained. Its NLL is that of `categorical`."""

    weights: tuple[float, ...]
    """Weight of each class."""

    def marginal(self, targets: np.ndarray) -> np.ndarray:
        """Return the logarithms of frequencies of which each counts as much as its class weighs."""
        weighted = np.exp(super().marginal(targets)) * self.weights
        return np.log(weighted / weighted.sum())

    def weighted(self, nll: Tensor, target: Tensor) -> Tensor:
        """Return the NLL of each target times the weight of its class."""
        return nll * nll.new_tensor(self.weights)[target[..., 0].long()]


def likelihood(unweighted: Likelihood, task: Task, training: Training) -> Likelihood:
    """Return the likelihood that a training is of: weighted, where it weighs the classes of the task's label."""
    if training.class_weights == "none":
        return unweighted
    assert isinstance(unweighted, categorical)
    return weighted_categorical(unweighted.classes, balanced(task, unweighted.classes))


def balanced(task: Task, classes: int) -> tuple[float, ...]:
    """Return weights with which all classes in train weigh alike, and a prediction weighs 1 on average over train.

    A class that train does not have weighs 1.
    """
    labels = np.concatenate([sequence.y[:, 0] for sequence in task.splits["train"]]).astype(int)
    counts = np.bincount(labels, minlength=classes)
    each = len(labels) / np.count_nonzero(counts)
    return tuple(float(each / count) if count else 1.0 for count in counts)
