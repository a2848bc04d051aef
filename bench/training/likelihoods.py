"""Output distributions and their negative log-likelihood, in nats, summed over the outputs of a step."""

from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


class Likelihood(Protocol):
    """How a readout's numbers become a distribution of the target."""

    @staticmethod
    def readout(outputs: int) -> int:
        """Numbers that the readout must give for a target of ``outputs`` values."""
        ...

    @staticmethod
    def marginal(targets: np.ndarray) -> np.ndarray:
        """Readout ``[R]`` of the best prediction that looks at nothing, fitted to training targets ``[N, Y]``."""
        ...

    @staticmethod
    def nll(readout: Tensor, target: Tensor) -> Tensor:
        """``-log p(target)`` of each step in nats: ``[K, T, B, R]`` and ``[K or 1, T, B, Y]`` to ``[K, T, B]``."""
        ...


class bernoulli:
    """Independent Bernoulli outputs; the readout gives their logits (Chung et al. 2014, Section 4.2)."""

    @staticmethod
    def readout(outputs: int) -> int:
        """One logit an output."""
        return outputs

    @staticmethod
    def marginal(targets: np.ndarray) -> np.ndarray:
        """Log-odds of each output, with one pseudo-count an outcome as in the unigram floor."""
        on = targets.sum(0, dtype=np.float64)
        return np.log((on + 1) / (len(targets) - on + 1))

    @staticmethod
    def nll(readout: Tensor, target: Tensor) -> Tensor:
        """``sum_y max(a, 0) - a y + log(1 + exp(-|a|))``, the stable form of the cross-entropy."""
        return F.binary_cross_entropy_with_logits(*torch.broadcast_tensors(readout, target), reduction="none").sum(-1)
