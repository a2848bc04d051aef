"""Predictors that are fitted in one go, to inputs ``x [N, X]`` and outputs ``y [N, Y]``.

Nothing here is tuned: one pseudo-count an outcome, one pseudo-observation a weight.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

Means = Callable[[np.ndarray], np.ndarray]
"""Inputs ``[N, X]`` -> what is predicted of each: probabilities of classes or ones, or expected values, ``[N, P]``."""

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


@dataclass(frozen=True)
class Predictor:
    """A fitted predictor of outputs ``[N, Y]`` from inputs ``[N, X]``."""

    mean: Means
    """Inputs -> what is predicted of them, ``[N, P]``."""
    of_outputs: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """Inputs and outputs -> NLL of each output, ``[N, Y]``; ``[N, 1]`` of outputs that are predicted together."""

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the NLL ``[N]`` of outputs given inputs."""
        return self.of_outputs(x, y).sum(1)


def bernoulli(probability: Means) -> Predictor:
    """Return what predicts that each output is one with a probability."""
    return Predictor(probability, lambda x, y: bernoulli_nll(probability(x), y))


def normal(mean: Means, variance: np.ndarray) -> Predictor:
    """Return what predicts each output by a Gaussian of its own, with variances ``[Y]``."""
    if variance.min() < SINGULAR_VARIANCE:
        variance = variance + LEAST_VARIANCE
    return Predictor(mean, lambda x, y: 0.5 * ((y - mean(x)) ** 2 / variance + np.log(2 * np.pi * variance)))


def joint_normal(mean: Means, covariance: np.ndarray) -> Predictor:
    """Return what predicts all outputs by one Gaussian."""
    return Predictor(mean, lambda x, y: gaussian_nll(y - mean(x), covariance)[:, None])


def smooth(on: np.ndarray, total: np.ndarray | int) -> np.ndarray:
    """Return the probability of what was on so often out of ``total``, with one pseudo-count an outcome."""
    return (on + 1.0) / (np.asarray(total) + 2.0)


def bernoulli_nll(probability: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the NLL ``[N, Y]`` of zeros and ones ``[N, Y]`` whose ones have these probabilities."""
    return -np.log(np.where(y == 1, probability, 1 - probability))


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
    return joint_normal(_linear(weights), covariance) if full else normal(_linear(weights), np.diag(covariance))


def _linear(weights: np.ndarray) -> Means:
    return lambda x: _with_bias(x) @ weights


def by_level(x: np.ndarray, y: np.ndarray, full: bool) -> Predictor:
    """Fit `least_squares` anew in each of `LEVELS` equally large classes of the local level of the inputs."""
    count = min(LEVELS, max(1, len(x) // STEPS_PER_LEVEL))
    bounds = np.quantile(_local_level(x), np.arange(1, count) / count)
    classes = np.searchsorted(bounds, _local_level(x))
    predictors = [least_squares(x[classes == c], y[classes == c], full) for c in range(count)]

    def by_class(x: np.ndarray, predict: Callable[[Predictor, np.ndarray], np.ndarray]) -> np.ndarray:
        classes = np.searchsorted(bounds, _local_level(x))
        rows = [np.flatnonzero(classes == c) for c in range(count)]
        parts = [predict(predictor, of_class) for predictor, of_class in zip(predictors, rows, strict=True)]
        return np.concatenate(parts)[np.argsort(np.concatenate(rows))]

    return Predictor(
        lambda x: by_class(x, lambda one, rows: one.mean(x[rows])),
        lambda x, y: by_class(x, lambda one, rows: one.of_outputs(x[rows], y[rows])),
    )


def _local_level(x: np.ndarray) -> np.ndarray:
    """Return the root mean square difference ``[N]`` of neighbouring samples."""
    return np.sqrt((np.diff(x.astype(float), axis=1) ** 2).mean(1))


def _with_bias(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x.astype(float), np.ones((len(x), 1))], 1)


def marginal(y: np.ndarray) -> Predictor:
    """Fit a Gaussian for every column, whatever the inputs."""
    mean, variance = y.mean(0, dtype=float), y.var(0, dtype=float)
    return normal(lambda x: np.broadcast_to(mean, (len(x), len(mean))), variance)


def ridge(x: np.ndarray, y: np.ndarray) -> Predictor:
    """Fit a linear model, one pseudo-observation a weight, whose residual is a Gaussian for every column."""
    design, penalty = _with_bias(x), np.eye(x.shape[1] + 1)
    penalty[-1, -1] = 0
    weights = np.linalg.solve(design.T @ design + penalty, design.T @ y.astype(float))
    variance = np.square(y - design @ weights).mean(0)
    return normal(_linear(weights), variance)


def frequencies(y: np.ndarray, classes: int) -> Predictor:
    """Fit every class's frequency, whatever the inputs."""
    counts = np.bincount(y[:, 0].astype(int), minlength=classes) + 1.0
    p = counts / counts.sum()
    return Predictor(lambda x: np.broadcast_to(p, (len(x), classes)), lambda x, y: -np.log(p)[y.astype(int)])


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

    def log_p(x: np.ndarray) -> np.ndarray:
        return log_softmax(_with_bias(x) @ weights, axis=1)

    def of_outputs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        parts = [slice(start, start + CHUNK_STEPS) for start in range(0, len(x), CHUNK_STEPS)]
        return np.concatenate([-np.take_along_axis(log_p(x[part]), y[part].astype(int), 1) for part in parts])

    return Predictor(lambda x: np.exp(log_p(x)), of_outputs)
