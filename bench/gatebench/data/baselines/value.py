"""Baselines of values, in standardised units."""

from gatebench.data import series
from gatebench.data.baselines import autoregression, lags, penalties, predictors, regression
from gatebench.data.baselines.scoring import concatenate, evaluate, score
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import target
from gatebench.data.origins import Origins


def compute(card: Card, arrays: Arrays, origins: Origins) -> Baselines:
    """Return Gaussians whose mean is the same always, or linear in the inputs.

    *gaussian*: the same always. *linear*: linear in the inputs at the step, or in their mean over the sequence. Of a step,
    *linear_lags*: linear in the inputs at the last p steps (`autoregression`). Of a sequence, *linear_summary*: linear in
    what it is like as a whole (`summaries.summarise`), its penalty chosen in folds of train.
    """
    splits = regression.pair(card, arrays)
    x, y = concatenate(splits["train"])
    baselines = {"gaussian": evaluate(splits, predictors.marginal(y)), "linear": evaluate(splits, predictors.ridge(x, y))}
    framed = target.frame(card, arrays).splits
    if target.predicted_per(card) == "step":
        rows = lags.stack(series.mark(framed, origins))
        width, outputs = x.shape[1], y.shape[1]
        regressed = autoregression.fit(rows["train"], [*range(width)], [], [*range(outputs)])
        return {**baselines, "linear_lags": score(framed, lambda split: regressed.nll(rows[split]))}
    summarised = regression.summarised(framed)
    if summarised is None:
        return baselines
    return {**baselines, "linear_summary": evaluate(summarised, penalties.ridge(*concatenate(summarised["train"])))}
