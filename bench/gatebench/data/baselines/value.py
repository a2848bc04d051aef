"""Baselines of values, in standardised units."""

from gatebench.data import series
from gatebench.data.baselines import autoregression, lags, penalties, predictors, regression
from gatebench.data.baselines.scoring import Baseline, concatenate, of_predictor
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import target
from gatebench.data.origins import Origins


def fit(card: Card, arrays: Arrays, origins: Origins) -> dict[str, Baseline]:
    """Return Gaussians whose mean is the same always, or linear in the inputs.

    *gaussian*: the same always. *linear*: linear in the inputs at the step, or in their mean over the sequence. Of a step,
    *linear_lags*: linear in the inputs at the last p steps (`autoregression`). Of a sequence, *linear_summary*: linear in
    what it is like as a whole (`summaries.summarise`), its penalty chosen in folds of train.
    """
    splits = regression.pair(card, arrays)
    x, y = concatenate(splits["train"])
    baselines = {
        "gaussian": of_predictor(splits, predictors.marginal(y)),
        "linear": of_predictor(splits, predictors.ridge(x, y)),
    }
    framed = target.frame(card, arrays).splits
    if target.predicted_per(card) == "step":
        rows = lags.stack(series.mark(framed, origins))
        width, outputs = x.shape[1], y.shape[1]
        regressed = autoregression.fit(rows["train"], [*range(width)], [], [*range(outputs)])
        return {**baselines, "linear_lags": autoregression.baseline(framed, rows, [regressed])}
    summarised = regression.summarised(framed)
    if summarised is None:
        return baselines
    return {**baselines, "linear_summary": of_predictor(summarised, penalties.ridge(*concatenate(summarised["train"])))}
