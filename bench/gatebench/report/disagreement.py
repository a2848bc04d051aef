"""Whether what people decide by says the same of cells as NLL does, in a line of the verdict."""

import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import baselines, metrics, words
from gatebench.report.comparisons import Pair
from gatebench.report.metrics import MetricPair, MetricScores
from gatebench.report.words import listed


def line(frame: Frame, trials_by_cell: dict[str, pd.DataFrame], pairs: list[Pair]) -> str | None:
    """Return what other metrics say of cells that were compared by NLL; None where the records have none.

    Parameters
    ----------
    frame
        Trials of one comparison group.
    trials_by_cell
        Cell -> its confirming trials on the test split, the cell with the lowest mean NLL first.
    pairs
        Every two of them, compared by NLL.

    """
    scores = [one for one in metrics.of_cells(frame, trials_by_cell) if one.metric.column is None]
    if not scores or len(trials_by_cell) < 2:
        return None
    lowest = next(iter(trials_by_cell))
    agreeing = [one for one in scores if one.best == lowest]
    parts = [_other_best(one, lowest) for one in scores if one.best != lowest]
    others = [_other_verdict(one, pair) for one in agreeing for pair in pairs if _differs(one, pair)]
    if len(others) > words.MOST:
        others = [others[0], f"{len(others) - 1} more such comparisons stand in the table of metrics of the report"]
    parts += others
    parts += _beside_baselines(frame, trials_by_cell, scores)
    start = f"By other measures: {lowest}, which has the lowest NLL, is the best"
    if not parts:
        return f"{start} by {listed([_labelled(one) for one in agreeing])}, too."
    first = [f"{start} by {listed([_labelled(one) for one in agreeing])}"] if agreeing else []
    return f"{words.sentences([*first, *parts])}." if agreeing else f"By other measures: {words.sentences(parts)}."


def _beside_baselines(frame: Frame, trials_by_cell: dict[str, pd.DataFrame], scores: list[MetricScores]) -> list[str]:
    """Say by which metrics cells are beyond baselines where by NLL they are not, or the reverse."""
    lowest, trials = next(iter(trials_by_cell.items()))
    task = str(trials.task.iloc[0])
    of_nll = baselines.lowest(frame, task)
    if of_nll is None:
        return []
    is_below, parts = baselines.is_below(trials, of_nll[1]), []
    for one in scores:
        best = baselines.best(frame, task, one.metric) if one.metric.has_worth else None
        if best is None or is_below == baselines.is_beyond(frame, trials_by_cell[one.best], one.metric, best[1]):
            continue
        predictor = f"the best baseline ({best[0]}, {best[1]:.4g})"
        parts.append(
            f"by {one.metric.label} no cell is shown to be better than {predictor}, where by NLL {lowest} is below all"
            if is_below
            else f"by {_labelled(one)} {one.best} is better than {predictor}, where by NLL no cell is shown to be below all"
        )
    return parts


def _labelled(scores: MetricScores) -> str:
    """Write a metric with the score of its best cell."""
    best = scores.estimates[scores.best]
    return f"{scores.metric.label} ({words.measured(best.mean, best.low, best.high)})"


def _other_best(scores: MetricScores, lowest: str) -> str:
    """Say which other cell is the best by a metric, and by how much."""
    pair = scores.pair(scores.best, lowest)
    shown = "" if pair.differ else ", which is no difference shown" if pair.tested else ", which is not tested"
    return f"by {_labelled(scores)} {scores.best} is the best, {_apart(scores, pair)} {lowest}{shown}"


def _differs(scores: MetricScores, pair: Pair) -> bool:
    """Return whether a metric tells the cell with the lowest NLL from another one where NLL does not, or the reverse."""
    return (
        pair.tested
        and pair.lower == scores.best
        and scores.pair(pair.lower, pair.other).differ != (pair.verdict == "better")
    )


def _other_verdict(scores: MetricScores, pair: Pair) -> str:
    """Say what a metric shows of two cells that NLL does not, or does not show that NLL does."""
    of_metric = scores.pair(pair.lower, pair.other)
    apart = f"by {scores.metric.label} {pair.lower} is {_apart(scores, of_metric)} {pair.other}"
    if of_metric.differ:
        of_nll = "equivalent" if pair.verdict == "equivalent" else "not told apart"
        return f"{apart}, where by NLL the two are {of_nll}"
    return f"{apart}, which is no difference shown, where by NLL it is better"


def _apart(scores: MetricScores, pair: MetricPair) -> str:
    """Write by how much the better of two cells is above or below the other one."""
    d = pair.difference
    side = "above" if scores.metric.higher_is_better else "below"
    sign = 1 if scores.metric.higher_is_better else -1
    low, high = sorted((sign * d.low, sign * d.high))
    return f"by {words.measured(sign * d.mean, low, high)} {side}"
