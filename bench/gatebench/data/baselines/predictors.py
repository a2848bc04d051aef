"""Predictors that are fitted in one go, to what is read ``x [N, X]`` and what is predicted ``y [N, Y]``.

Each gives a `Score`. Nothing here is tuned: one pseudo-count an outcome, one pseudo-observation a weight.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""NLL ``[N]`` of targets ``[N, Y]`` given what was read ``[N, X]``."""

LEVELS = 32
"""Classes of loudness,"""
LEAST = 100
"""but none with fewer steps than this, on average."""
NOTHING = 1e-12
"""A variance that is none: the fit leaves nothing over, because there are fewer steps than weights;"""
LEAST_VARIANCE = 1e-8
"""what stands for it then, in standardised units."""
FITTED = 2**16
"""Steps that a logistic regression is fitted to, at the most, evenly taken."""
AT_ONCE = 2**14
"""Steps that it scores at once."""


def smoothed(on: np.ndarray, total: Any) -> np.ndarray:
    """Probability of what was so often on, with one pseudo-count an outcome."""
    return (on + 1.0) / (np.asarray(total) + 2.0)


def bernoulli(probability: np.ndarray, y: np.ndarray) -> np.ndarray:
    """NLL of zeros and ones."""
    return -np.log(np.where(y == 1, probability, 1 - probability)).sum(1)


def gaussian(away: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """NLL of what lies so far from the mean."""
    factor = _factor(covariance)
    z = np.linalg.solve(factor, away.T)
    return 0.5 * (z**2).sum(0) + np.log(np.diag(factor)).sum() + 0.5 * away.shape[1] * np.log(2 * np.pi)


def _factor(covariance: np.ndarray) -> np.ndarray:
    try:
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        factor = np.zeros_like(covariance)
    if np.diag(factor).min() ** 2 < NOTHING:
        return np.linalg.cholesky(covariance + LEAST_VARIANCE * np.eye(len(covariance)))
    return factor


def least_squares(x: np.ndarray, y: np.ndarray, full: bool) -> Score:
    """A linear model, its residual Gaussian with diagonal or full covariance."""
    weights = np.linalg.lstsq(_with_one(x), y.astype(float), rcond=None)[0]
    away = y - _with_one(x) @ weights
    covariance = away.T @ away / len(y)
    covariance = covariance if full else np.diag(np.diag(covariance))
    return lambda x, y: gaussian(y - _with_one(x) @ weights, covariance)


def by_level(x: np.ndarray, y: np.ndarray, full: bool) -> Score:
    """The same anew in each of `LEVELS` equally large classes of the local level of what is read."""
    count = min(LEVELS, max(1, len(x) // LEAST))
    bounds = np.quantile(_level(x), np.arange(1, count) / count)
    classes = np.searchsorted(bounds, _level(x))
    scores = [least_squares(x[classes == c], y[classes == c], full) for c in range(count)]

    def score(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        classes, nll = np.searchsorted(bounds, _level(x)), np.empty(len(x))
        for c in np.unique(classes):
            nll[classes == c] = scores[c](x[classes == c], y[classes == c])
        return nll

    return score


def _level(x: np.ndarray) -> np.ndarray:
    return np.sqrt((np.diff(x.astype(float), axis=1) ** 2).mean(1))


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x.astype(float), np.ones((len(x), 1))], 1)


def marginal(y: np.ndarray) -> Score:
    """A Gaussian for every column, whatever is read."""
    mean, variance = y.mean(0, dtype=float), y.var(0, dtype=float)
    return lambda x, y: gaussian(y - mean, np.diag(variance))


def last_value(x: np.ndarray, y: np.ndarray) -> Score:
    """A random walk: a Gaussian for every column around what was read."""
    variance = np.square(y - x, dtype=float).mean(0)
    return lambda x, y: gaussian(y.astype(float) - x, np.diag(variance))


def ridge(x: np.ndarray, y: np.ndarray) -> Score:
    """A linear model, its residual a Gaussian for every column."""
    one, penalty = _with_one(x), np.eye(x.shape[1] + 1)
    penalty[-1, -1] = 0
    weights = np.linalg.solve(one.T @ one + penalty, one.T @ y.astype(float))
    variance = np.square(y - one @ weights).mean(0)
    return lambda x, y: gaussian(y - _with_one(x) @ weights, np.diag(variance))


def frequencies(y: np.ndarray, classes: int) -> Score:
    """Every class with its frequency, whatever is read."""
    counts = np.bincount(y[:, 0].astype(int), minlength=classes) + 1.0
    nll = -np.log(counts / counts.sum())
    return lambda x, y: nll[y[:, 0].astype(int)]


def transitions(x: np.ndarray, y: np.ndarray, classes: int) -> Score:
    """Every class with its frequency after the class that was read, by their numbers."""
    counts = np.ones((classes, classes))
    np.add.at(counts, (x[:, 0].astype(int), y[:, 0].astype(int)), 1)
    nll = -np.log(counts / counts.sum(1, keepdims=True))
    return lambda x, y: nll[x[:, 0].astype(int), y[:, 0].astype(int)]


def logistic(x: np.ndarray, y: np.ndarray, classes: int) -> Score:
    """Multinomial logistic regression."""
    chosen = np.linspace(0, len(x) - 1, min(len(x), FITTED)).astype(int)
    one, right = _with_one(x[chosen]), y[chosen, 0].astype(int)
    rows = np.arange(len(one))

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(one.shape[1], classes)
        log_p = log_softmax(one @ weights, axis=1)
        away = np.exp(log_p)
        away[rows, right] -= 1
        penalised = np.concatenate([weights[:-1], np.zeros((1, classes))])
        nll = -log_p[rows, right].sum() + 0.5 * np.square(penalised).sum()
        return nll / len(one), ((one.T @ away + penalised) / len(one)).ravel()

    start = np.zeros(one.shape[1] * classes)
    limits = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-15, "gtol": 1e-7}
    weights = minimize(loss, start, jac=True, method="L-BFGS-B", options=limits).x.reshape(-1, classes)

    def score(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        nll = np.empty(len(x))
        for start in range(0, len(x), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            log_p = log_softmax(_with_one(x[part]) @ weights, axis=1)
            nll[part] = -log_p[np.arange(len(log_p)), y[part, 0].astype(int)]
        return nll

    return score
