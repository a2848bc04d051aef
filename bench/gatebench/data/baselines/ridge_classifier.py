"""A ridge classifier of many features of few sequences, with probabilities."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from gatebench.data.baselines.summaries import Standard

MOST_FITTED = 2048
"""Sequences of train that it is fitted to, at the most, evenly taken."""
SHARES = np.logspace(-4, 2, 13)
"""Penalties as shares of the mean eigenvalue of the features' products, of which one is chosen."""
STEEPEST = 100.0
"""How many nats a score of one is, at the most."""


class RidgeClassifier:
    """Least squares on every class with a penalty; one factor makes of scores what multiplies the odds of train.

    Penalty and factor are those that predict each sequence of train best from the others, whose scores have a closed form.
    One pseudo-observation of the frequencies of train keeps probabilities above zero.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, classes: int) -> None:
        """Fit to features ``[N, F]`` and labels ``[N]`` of train."""
        self._rows = np.linspace(0, len(labels) - 1, min(len(labels), MOST_FITTED)).astype(int)
        self._standard, labels = Standard(features[self._rows]), labels[self._rows]
        x, y = self._standard(features[self._rows]), np.eye(classes)[labels]
        self._weight_of_prior, self._prior = 1 / (len(y) + 1), (y.sum(0) + 1) / (len(y) + classes)
        y -= y.mean(0)
        eigenvalues, vectors = np.linalg.eigh(x @ x.T)
        eigenvalues, projected = np.maximum(eigenvalues, 0), vectors.T @ y
        least = np.inf
        for penalty in SHARES * max(float(eigenvalues.mean()), 1e-12):
            shrinkage = eigenvalues / (eigenvalues + penalty)
            leverage = np.square(vectors) @ shrinkage + 1 / len(y)
            residual = y - vectors @ (shrinkage[:, None] * projected)
            of_others = y - residual / np.maximum(1 - leverage, 1e-6)[:, None]
            factor = self._best_factor(of_others, labels)
            if (nll := self._nll(of_others, factor, labels).mean()) < least:
                least, self._factor, self._of_others = nll, factor, of_others
                self._weights = x.T @ (vectors @ (projected / (eigenvalues + penalty)[:, None]))

    def nll(self, features: np.ndarray, labels: np.ndarray, of_train: bool) -> np.ndarray:
        """Return the NLL of labels ``[N]``; of those of train that it is fitted to, each is predicted from the others."""
        scores = self._scores(features)
        if of_train:
            scores[self._rows] = self._of_others
        return self._nll(scores, self._factor, labels)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return the probability of every class ``[N, C]``."""
        return self._mixed(self._scores(features), self._factor)

    def _scores(self, features: np.ndarray) -> np.ndarray:
        return self._standard(features) @ self._weights

    def _mixed(self, scores: np.ndarray, factor: float) -> np.ndarray:
        p = np.exp(log_softmax(np.log(self._prior) + factor * scores, axis=1))
        return (1 - self._weight_of_prior) * p + self._weight_of_prior * self._prior

    def _nll(self, scores: np.ndarray, factor: float, labels: np.ndarray) -> np.ndarray:
        return -np.log(np.take_along_axis(self._mixed(scores, factor), labels[:, None], 1)[:, 0])

    def _best_factor(self, scores: np.ndarray, labels: np.ndarray) -> float:
        result = minimize_scalar(
            lambda log: self._nll(scores, np.exp(log), labels).mean(), bounds=(-5, np.log(STEEPEST)), method="bounded"
        )
        return float(np.exp(result.x))
