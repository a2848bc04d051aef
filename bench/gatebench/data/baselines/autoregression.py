"""Linear regression on the last p steps, p chosen by an information criterion: AR(p), of each column or of all together."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gatebench.data.baselines.lags import Rows, chunks
from gatebench.data.baselines.predictors import LEAST_VARIANCE
from gatebench.data.baselines.scoring import Baseline
from gatebench.data.sequences import Sequence

ORDERS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
"""Numbers of steps that are looked back, of which one is chosen."""
MOST_FEATURES = 240
"""Numbers that a regression has, at the most: fewer steps are looked back where many columns are read."""
PENALTY = 1e-10
"""Pseudo-observations of a weight for each prediction: so few that what hardly changes from step to step is followed, and
enough that columns may hang together."""
ROWS_OF_A_FEATURE = 5
"""Predictions of train for each number of a regression, at the least."""


@dataclass(frozen=True)
class Fit:
    """A regression of one order."""

    order: int
    weights: np.ndarray
    """``[F + 1, Y]``, the constant last."""
    variance: np.ndarray
    """The variance of what is left over, ``[Y]``."""
    rows: int
    """Predictions that it was fitted to."""

    @property
    def criterion(self) -> float:
        """Return Schwarz's criterion, of which the least is the best."""
        fitted = self.rows * float(np.log(self.variance).sum())
        return fitted + math.log(self.rows) * self.weights.size


@dataclass(frozen=True)
class Autoregression:
    """A regression of the outputs on columns of the last steps; where fewer are known, on as many as there are."""

    columns: list[int]
    """Columns that are read at the last steps."""
    beside: list[int]
    """Columns that are read at the step alone, such as what is known ahead."""
    outputs: list[int]
    """Columns of the output."""
    fits: list[Fit]
    """One of each order up to the one that was chosen, rising."""

    @property
    def order(self) -> int:
        """Return the order that was chosen."""
        return self.fits[-1].order

    def of_outputs(self, rows: Rows) -> np.ndarray:
        """Return the NLL of each output of every row that is scored, ``[M, Y]``."""
        nll = np.empty((len(rows.scored), len(self.outputs)))
        for fit, places in self._parts(rows, rows.scored):
            left = _outputs(self, rows, rows.scored[places]) - _predicted(self, rows, rows.scored[places], fit)
            nll[places] = 0.5 * (left**2 / fit.variance + np.log(2 * np.pi * fit.variance))
        return nll

    def mean(self, rows: Rows, part: np.ndarray) -> np.ndarray:
        """Return the expected outputs of some rows, ``[R, Y]``."""
        mean = np.empty((len(part), len(self.outputs)))
        for fit, places in self._parts(rows, part):
            mean[places] = _predicted(self, rows, part[places], fit)
        return mean

    def _parts(self, rows: Rows, part: np.ndarray) -> Iterator[tuple[Fit, np.ndarray]]:
        """Yield each fit with places of the rows that it predicts: the longest one that they can look back for."""
        fitting = np.searchsorted([fit.order for fit in self.fits], rows.positions[part] + 1, side="right") - 1
        for place, fit in enumerate(self.fits):
            for places in chunks(np.flatnonzero(fitting == place), fit.weights.size + fit.order):
                yield fit, places


def baseline(splits: dict[str, list[Sequence]], rows: dict[str, Rows], regressions: list[Autoregression]) -> Baseline:
    """Return regressions side by side, each of outputs of its own."""
    outputs = [output for one in regressions for output in one.outputs]
    order, test = np.argsort(outputs), rows["test"]

    def nll(split: str) -> np.ndarray:
        return np.concatenate([one.of_outputs(rows[split]) for one in regressions], 1)[:, order]

    def mean(part: slice) -> np.ndarray:
        return np.concatenate([one.mean(test, test.scored[part]) for one in regressions], 1)[:, order]

    return Baseline(splits, nll, lambda: mean, len(outputs))


def fit(rows: Rows, columns: list[int], beside: list[int], outputs: list[int]) -> Autoregression:
    """Fit regressions to train by least squares; the order is that of least Schwarz's criterion.

    Orders are compared on the same predictions, those that all of them can look back from. Of few predictions, or of many
    columns, only low orders are.
    """
    fitting = [order for order in ORDERS if _is_fitting(rows, order, len(columns) * order + len(beside))] or [1]
    regression = Autoregression(columns, beside, outputs, [])
    highest = _moments(regression, rows, fitting[-1])
    chosen = min(
        (highest.of(order * len(columns), len(beside) + 1).solve(order) for order in fitting), key=lambda fit: fit.criterion
    ).order
    fits = [_moments(regression, rows, order).solve(order) for order in fitting if order <= chosen]
    return Autoregression(columns, beside, outputs, fits)


def _is_fitting(rows: Rows, order: int, features: int) -> bool:
    """Whether enough predictions can look back so far, and are enough for so many numbers."""
    reaching = int((rows.positions >= order - 1).sum())
    return features <= MOST_FEATURES and 2 * reaching >= len(rows) and reaching >= ROWS_OF_A_FEATURE * (features + 1)


@dataclass(frozen=True)
class _Moments:
    """Sums of products over predictions of train, which a regression follows from."""

    gram: np.ndarray
    """Of the numbers of a regression, ``[F + 1, F + 1]``: the last steps, the latest first, what is beside them, and one."""
    moment: np.ndarray
    """Of them and the outputs, ``[F + 1, Y]``."""
    square: np.ndarray
    """Of the outputs, ``[Y]``."""
    rows: int

    def of(self, lags: int, others: int) -> "_Moments":
        """Return the part of a lower order, which has so many numbers of the last steps, and others."""
        numbers = [*range(lags), *range(len(self.gram) - others, len(self.gram))]
        return _Moments(self.gram[np.ix_(numbers, numbers)], self.moment[numbers], self.square, self.rows)

    def solve(self, order: int) -> Fit:
        """Return the regression of least squares."""
        penalty = PENALTY * self.rows * np.eye(len(self.gram))
        penalty[-1, -1] = 0
        weights = np.linalg.solve(self.gram + penalty, self.moment)
        left = self.square - 2 * (weights * self.moment).sum(0) + (weights * (self.gram @ weights)).sum(0)
        return Fit(order, weights, np.maximum(left / self.rows, LEAST_VARIANCE), self.rows)


def _moments(regression: Autoregression, rows: Rows, order: int) -> _Moments:
    """Return the sums over predictions that can look back so far."""
    fitted = rows.fitted(order - 1)
    width = order * len(regression.columns) + len(regression.beside) + 1
    gram, moment = np.zeros((width, width)), np.zeros((width, len(regression.outputs)))
    square = np.zeros(len(regression.outputs))
    for part in chunks(fitted, width):
        design, y = _design(regression, rows, part, order), _outputs(regression, rows, part)
        gram += design.T @ design
        moment += design.T @ y
        square += np.square(y).sum(0)
    return _Moments(gram, moment, square, len(fitted))


def _design(regression: Autoregression, rows: Rows, part: np.ndarray, order: int) -> np.ndarray:
    beside = rows.x[part][:, regression.beside].astype(float)
    return np.concatenate([rows.lagged(part, regression.columns, order), beside, np.ones((len(part), 1))], 1)


def _outputs(regression: Autoregression, rows: Rows, part: np.ndarray) -> np.ndarray:
    return rows.y[part][:, regression.outputs].astype(float)


def _predicted(regression: Autoregression, rows: Rows, part: np.ndarray, fit: Fit) -> np.ndarray:
    return _design(regression, rows, part, fit.order) @ fit.weights
