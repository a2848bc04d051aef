"""Baselines of audio, in standardised units, with samples dequantised like a model's data."""

import numpy as np

from gatebench.data.baselines import predictors
from gatebench.data.baselines.scoring import Baseline, concatenate, of_predictor, score
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import next_block
from gatebench.data.origins import Origins


def fit(card: Card, arrays: Arrays, origins: Origins) -> dict[str, Baseline]:
    """Return the baselines of waves ``[L, 1]``, which are the same whatever else their card says."""
    return _fit(arrays)


def of_waves(arrays: Arrays) -> Baselines:
    """Return the scores of the baselines of waves ``[L, 1]``."""
    return {name: score(baseline) for name, baseline in _fit(arrays).items()}


def _fit(arrays: Arrays) -> dict[str, Baseline]:
    """Return Gaussian and linear baselines of waves ``[L, 1]``.

    *unit_gaussian*: N(0, 1) for every sample. *linear_diagonal*, *linear_full*: least squares from the samples that are
    read, the residual Gaussian with diagonal or full covariance. *..._levels*: the linear model fitted anew in each of 32
    equally large classes of the local level (root mean square difference of neighbouring samples that are read): what a
    model gains by knowing how loud it is. With diagonal covariance, the fair baseline for a mixture of diagonal components.
    """
    splits = next_block.frame_waves(arrays).splits
    x, y = concatenate(splits["train"])
    return {
        "unit_gaussian": of_predictor(
            splits, predictors.normal(lambda x: np.zeros((len(x), y.shape[1])), np.ones(y.shape[1]))
        ),
        "linear_diagonal": of_predictor(splits, predictors.least_squares(x, y, full=False)),
        "linear_full": of_predictor(splits, predictors.least_squares(x, y, full=True)),
        "linear_diagonal_levels": of_predictor(splits, predictors.by_level(x, y, full=False)),
        "linear_full_levels": of_predictor(splits, predictors.by_level(x, y, full=True)),
    }
