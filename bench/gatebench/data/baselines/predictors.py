"""Predictors that are fitted in one go, to inputs ``x [N, X]`` and outputs ``y [N, Y]``.

Nothing here is tuned: one pseudo-count an outcome, one pseudo-observation a weight.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

Predictor = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""A fitted predictor: the NLL ``[N]`` of outputs ``[N, Y]`` given inputs ``[N, X]``."""

LEVELS = 32
"""Classes of loudness in `by_level`, at the most."""
STEPS_PER_LEVEL = 100
"""Steps that a class of loudness has on average, at the least; with fewer steps there are fewer classes."""
SINGULAR_VARIANCE = 1e-12
"""A variance below this is none: the fit leaves nothing over, because there are fewer steps than weights."""
LEAST_VARIANCE = 1e-8
"""What is added to variances that are none, in standardised units."""
FITTED_STEPS = 2**16
"""Steps that a logistic regression is fitted to at the most, evenly taken."""
CHUNK_STEPS = 2**14
"""Steps that a logistic regression scores at once."""


def smooth(on: np.ndarray, total: np.ndarray | int) -> np.ndarray:
    """Return the probability of what was on so often out of ``total``, with one pseudo-count an outcome."""
    return (on + 1.0) / (np.asarray(total) + 2.0)


def bernoulli_nll(probability: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the NLL ``[N]`` of zeros and ones ``[N, Y]`` whose ones have these probabilities."""
    return -np.log(np.where(y == 1, probability, 1 - probability)).sum(1)


def gaussian_nll(residuals: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return the NLL ``[N]`` of residuals ``[N, Y]`` about the mean of a Gaussian."""
    factor = _cholesky(covariance)
    z = np.linalg.solve(factor, residuals.T)
    return 0.5 * (z**2).sum(0) + np.log(np.diag(factor)).sum() + 0.5 * residuals.shape[1] * np.log(2 * np.pi)


def _cholesky(covariance: np.ndarray) -> np.ndarray:
    try:
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        factor = np.zeros_like(covariance)
    if np.diag(factor).min() ** 2 < SINGULAR_VARIANCE:
        return np.linalg.cholesky(covariance + LEAST_VARIANCE * np.eye(len(covariance)))
    return factor


def least_squares(x: np.ndarray, y: np.ndarray, full: bool) -> Predictor:
    """Fit a linear model whose residual is Gaussian with full or else diagonal covariance."""
    weights = np.linalg.lstsq(_with_bias(x), y.astype(float), rcond=None)[0]
    residuals = y - _with_bias(x) @ weights
    covariance = residuals.T @ residuals / len(y)
    covariance = covariance if full else np.diag(np.diag(covariance))
    return lambda x, y: gaussian_nll(y - _with_bias(x) @ weights, covariance)


def by_level(x: np.ndarray, y: np.ndarray, full: bool) -> Predictor:
    """Fit `least_squares` anew in each of `LEVELS` equally large classes of the local level of the inputs."""
    count = min(LEVELS, max(1, len(x) // STEPS_PER_LEVEL))
    bounds = np.quantile(_local_level(x), np.arange(1, count) / count)
    classes = np.searchsorted(bounds, _local_level(x))
    predictors = [least_squares(x[classes == c], y[classes == c], full) for c in range(count)]

    def predict(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        classes, nll = np.searchsorted(bounds, _local_level(x)), np.empty(len(x))
        for c in np.unique(classes):
            nll[classes == c] = predictors[c](x[classes == c], y[classes == c])
        return nll

    return predict


def _local_level(x: np.ndarray) -> np.ndarray:
    """Return the root mean square difference ``[N]`` of neighbouring samples."""
    return np.sqrt((np.diff(x.astype(float), axis=1) ** 2).mean(1))


def _with_bias(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x.astype(float), np.ones((len(x), 1))], 1)


def marginal(y: np.ndarray) -> Predictor:
    """Fit a Gaussian for every column, whatever the inputs."""
    mean, variance = y.mean(0, dtype=float), y.var(0, dtype=float)
    return lambda x, y: gaussian_nll(y - mean, np.diag(variance))


def last_value(x: np.ndarray, y: np.ndarray) -> Predictor:
    """Fit a random walk: a Gaussian for every column around the input."""
    variance = np.square(y - x, dtype=float).mean(0)
    return lambda x, y: gaussian_nll(y.astype(float) - x, np.diag(variance))


def ridge(x: np.ndarray, y: np.ndarray) -> Predictor:
    """Fit a linear model, one pseudo-observation a weight, whose residual is a Gaussian for every column."""
    design, penalty = _with_bias(x), np.eye(x.shape[1] + 1)
    penalty[-1, -1] = 0
    weights = np.linalg.solve(design.T @ design + penalty, design.T @ y.astype(float))
    variance = np.square(y - design @ weights).mean(0)
    return lambda x, y: gaussian_nll(y - _with_bias(x) @ weights, np.diag(variance))


def frequencies(y: np.ndarray, classes: int) -> Predictor:
    """Fit every class's frequency, whatever the inputs."""
    counts = np.bincount(y[:, 0].astype(int), minlength=classes) + 1.0
    nll = -np.log(counts / counts.sum())
    return lambda x, y: nll[y[:, 0].astype(int)]


def logistic(
    x: np.ndarray, y: np.ndarray, classes: int, penalty: float = 1.0, steps: int = FITTED_STEPS, updates: int = 2000
) -> Predictor:
    """Fit a multinomial logistic regression to at most so many steps, in at most so many updates.

    ``penalty`` is how many pseudo-observations a weight has.
    """
    rows = np.linspace(0, len(x) - 1, min(len(x), steps)).astype(int)
    design, labels = _with_bias(x[rows]), y[rows, 0].astype(int)
    rows = np.arange(len(design))

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(design.shape[1], classes)
        log_p = log_softmax(design @ weights, axis=1)
        errors = np.exp(log_p)
        errors[rows, labels] -= 1
        penalised = np.concatenate([weights[:-1], np.zeros((1, classes))])
        nll = -log_p[rows, labels].sum() + 0.5 * penalty * np.square(penalised).sum()
        return nll / len(design), ((design.T @ errors + penalty * penalised) / len(design)).ravel()

    start = np.zeros(design.shape[1] * classes)
    limits = {"maxiter": updates, "maxfun": 2 * updates, "ftol": 1e-15, "gtol": 1e-7}
    weights = minimize(loss, start, jac=True, method="L-BFGS-B", options=limits).x.reshape(-1, classes)

    def predict(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        nll = np.empty(len(x))
        for start in range(0, len(x), CHUNK_STEPS):
            chunk = slice(start, start + CHUNK_STEPS)
            log_p = log_softmax(_with_bias(x[chunk]) @ weights, axis=1)
            nll[chunk] = -log_p[np.arange(len(log_p)), y[chunk, 0].astype(int)]
        return nll

    return predict
