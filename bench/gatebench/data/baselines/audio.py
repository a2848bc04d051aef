"""Baselines of audio, in standardised units, with samples dequantised like a model's data."""

import numpy as np

from gatebench.data.baselines import predictors
from gatebench.data.baselines.scoring import concatenate, evaluate
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import next_block
from gatebench.data.origins import Origins


def compute(card: Card, arrays: Arrays, origins: Origins) -> Baselines:
    """Return the baselines of waves ``[L, 1]``, which are the same whatever else their card says."""
    return of_waves(arrays)


def of_waves(arrays: Arrays) -> Baselines:
    """Return Gaussian and linear baselines of waves ``[L, 1]``.

    *unit_gaussian*: N(0, 1) for every sample. *linear_diagonal*, *linear_full*: least squares from the samples that are
    read, the residual Gaussian with diagonal or full covariance. *..._levels*: the linear model fitted anew in each of 32
    equally large classes of the local level (root mean square difference of neighbouring samples that are read): what a
    model gains by knowing how loud it is. With diagonal covariance, the fair baseline for a mixture of diagonal components.
    """
    splits = next_block.frame_waves(arrays).splits
    x, y = concatenate(splits["train"])
    return {
        "unit_gaussian": evaluate(splits, lambda x, y: predictors.gaussian_nll(y, np.eye(y.shape[1]))),
        "linear_diagonal": evaluate(splits, predictors.least_squares(x, y, full=False)),
        "linear_full": evaluate(splits, predictors.least_squares(x, y, full=True)),
        "linear_diagonal_levels": evaluate(splits, predictors.by_level(x, y, full=False)),
        "linear_full_levels": evaluate(splits, predictors.by_level(x, y, full=True)),
    }
