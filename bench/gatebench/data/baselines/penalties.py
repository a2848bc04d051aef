"""Regressions on many features of few sequences, whose penalty is what predicts best in folds of train."""

from collections.abc import Callable

import numpy as np

from gatebench.data.baselines import predictors
from gatebench.data.baselines.gaussians import normal_nll
from gatebench.data.baselines.predictors import Predictor

PENALTIES = (1.0, 10.0, 100.0, 1000.0)
"""Pseudo-observations a weight, of which numbers one is chosen."""
FOLDS = 5
"""Parts of train, of which each is predicted from the others."""
COMPARED_ROWS = 1024
"""Sequences of train by which a penalty is chosen, at the most, evenly taken."""
FITTED_ROWS = 8192
"""Sequences of train that a logistic regression is fitted to, at the most, evenly taken."""
SHORT_UPDATES = 100
"""Updates of a logistic regression that is only compared."""
UPDATES = 500
"""Updates of the one that is chosen."""


def logistic(x: np.ndarray, y: np.ndarray, classes: int) -> Predictor:
    """Fit a multinomial logistic regression to features ``[N, F]`` in standard deviations, and labels ``[N, 1]``."""
    penalty = _choose(x, y, lambda x, y, penalty: predictors.logistic(x, y, classes, penalty, COMPARED_ROWS, SHORT_UPDATES))
    return predictors.logistic(x, y, classes, penalty, FITTED_ROWS, UPDATES)


def ridge(x: np.ndarray, y: np.ndarray) -> Predictor:
    """Fit a linear model to features ``[N, F]`` in standard deviations, and values ``[N, Y]``.

    The variance of what is left over is that of sequences of train that were not fitted to.
    """
    penalty = _choose(x, y, _ridge)
    weights = _weights(x, y, penalty)
    left = np.concatenate([y[part] - _mean(x[part], _weights(x[rest], y[rest], penalty)) for part, rest in _folds(len(x))])
    variance = np.square(left).mean(0)
    return Predictor(lambda x: _mean(x, weights), lambda x, y: normal_nll(y - _mean(x, weights), variance))


def _choose(x: np.ndarray, y: np.ndarray, fit: Callable[[np.ndarray, np.ndarray, float], Predictor]) -> float:
    """Return the penalty of least NLL in the folds of train."""
    rows = np.linspace(0, len(x) - 1, min(len(x), COMPARED_ROWS)).astype(int)
    x, y = x[rows], y[rows]

    def nll(penalty: float) -> float:
        return sum(float(fit(x[rest], y[rest], penalty)(x[part], y[part]).sum()) for part, rest in _folds(len(x)))

    return min(PENALTIES, key=nll)


def _folds(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the rows of each fold, every so many-th, and those of the others."""
    folds = np.arange(count) % min(FOLDS, count)
    return [(np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)) for fold in range(min(FOLDS, count))]


def _ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> Predictor:
    weights = _weights(x, y, penalty)
    variance = np.square(y - _mean(x, weights)).mean(0) + 1 / len(x)  # few rows would be fitted without an error
    return Predictor(lambda x: _mean(x, weights), lambda x, y: normal_nll(y - _mean(x, weights), variance))


def _weights(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """Return weights ``[F + 1, Y]``, the constant last, which has no penalty."""
    design = np.concatenate([x, np.ones((len(x), 1))], 1)
    penalties = np.diag([*np.full(x.shape[1], penalty), 1e-9])
    return np.linalg.solve(design.T @ design + penalties, design.T @ y.astype(float))


def _mean(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return x @ weights[:-1] + weights[-1]
