"""Gaussians around a mean that differs from prediction to prediction, each output on its own."""

import numpy as np

from gatebench.data.baselines.predictors import LEAST_VARIANCE


class Mean:
    """The mean of every prediction, and which of several cases it is of, which have variances of their own."""

    def __init__(self, values: np.ndarray, cases: np.ndarray | None = None) -> None:
        """Take means ``[N, Y]`` and cases ``[N]``; without any, all are one."""
        self.values = values
        self.cases = np.zeros(len(values), bool) if cases is None else cases


def normal_nll(residuals: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the NLL ``[N, Y]`` of residuals ``[N, Y]`` of independent Gaussians with variances ``[Y]``."""
    variance = np.maximum(variance, LEAST_VARIANCE)
    return 0.5 * (residuals**2 / variance + np.log(2 * np.pi * variance))
