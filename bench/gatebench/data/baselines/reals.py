"""Baselines of real numbers, in standardised units, dequantised like a model's data, with a Gaussian for every column."""

from collections.abc import Callable

import numpy as np

from gatebench.data import columns, framings, series
from gatebench.data.baselines import autoregression, lags, predictors, seasons
from gatebench.data.baselines.gaussians import Mean, normal_nll
from gatebench.data.baselines.lags import Rows
from gatebench.data.baselines.scoring import Baseline, MeansOfPart, of_predictor
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.forecasts import ForecastColumns, forecast
from gatebench.data.origins import Origins
from gatebench.data.sequences import Sequence


def fit(card: Card, arrays: Arrays, origins: Origins) -> dict[str, Baseline]:
    """Return baselines of steps ``[T, X]``: Gaussians around a mean that follows from the steps before.

    *gaussian*: the same at every step. *last_value*: that of the step before. *last_change*: that, and the last change once
    more. *linear_diagonal*: linear in what is read at a step. *ar*: linear in each column's own last steps, and in what is
    known ahead. *var*: linear in all columns of the last steps. Where something comes again after a period,
    *seasonal_naive*: that of a period before, and *seasonal_mean*: the mean of train at this place of the period.
    """
    width = columns.input_width(card)
    of = forecast.columns(card) if card.forecast else ForecastColumns([*range(width)], [], 1)
    splits = series.mark(framings.find(framings.name_of(card), card).frame(card, arrays).splits, origins)
    rows = lags.stack(splits)
    train = rows["train"]
    outputs, beside = [*range(train.y.shape[1])], [*range(width, train.x.shape[1])]
    regressions = [
        autoregression.fit(train, [column], beside, outputs[i :: len(of.predicted)]) for i, column in enumerate(of.predicted)
    ]
    baselines = {
        "gaussian": of_predictor(splits, predictors.marginal(train.y)),
        "last_value": _around(splits, rows, lambda part: _last_value(part, of)),
        "last_change": _around(splits, rows, lambda part: _last_change(part, of)),
        "linear_diagonal": of_predictor(splits, predictors.ridge(train.x, train.y)),
        "ar": autoregression.baseline(splits, rows, regressions),
    }
    if width > 1:
        baselines["var"] = autoregression.baseline(
            splits, rows, [autoregression.fit(train, [*range(width)], beside, outputs)]
        )
    whole = [np.concatenate([splits["train"][i].x for i in run]) for run in series.runs(splits["train"])]
    period = card.season or seasons.find_period([x[:, of.predicted] for x in whole])
    if period:
        means = seasons.seasonal_means(train, period)
        baselines |= {
            "seasonal_naive": _around(splits, rows, lambda part: seasons.naive(part, of, period)),
            "seasonal_mean": _around(splits, rows, lambda part: Mean(means[seasons.phases(part, period)])),
        }
    return baselines


def _last_value(rows: Rows, of: ForecastColumns) -> Mean:
    return Mean(np.tile(rows.x[:, of.predicted].astype(float), of.horizon))


def _last_change(rows: Rows, of: ForecastColumns) -> Mean:
    """Return the last value and its change as often as a step is ahead; the last value alone where there was no change."""
    has_change = rows.positions > 0
    last = rows.x[:, of.predicted].astype(float)
    change = np.where(has_change[:, None], last - np.roll(last, 1, 0), 0)
    return Mean(np.concatenate([last + h * change for h in range(1, of.horizon + 1)], 1), has_change)


def _around(splits: dict[str, list[Sequence]], rows: dict[str, Rows], mean_of: Callable[[Rows], Mean]) -> Baseline:
    """Return a Gaussian around means, whose variances are those of train."""
    fitted = mean_of(rows["train"])
    left = np.square(rows["train"].y - fitted.values)
    variances = {case: left[fitted.cases == case].mean(0) for case in np.unique(fitted.cases)}

    def nll(split: str) -> np.ndarray:
        mean, nll = mean_of(rows[split]), np.empty(rows[split].y.shape)
        for case in np.unique(mean.cases):
            at = mean.cases == case
            nll[at] = normal_nll(rows[split].y[at] - mean.values[at], variances.get(case, left.mean(0)))
        return nll[rows[split].scored]

    def means() -> MeansOfPart:
        values = mean_of(rows["test"]).values[rows["test"].scored]
        return lambda part: values[part]

    return Baseline(splits, nll, means, left.shape[1])
