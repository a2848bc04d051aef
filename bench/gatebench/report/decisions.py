"""Which cell to take in each comparison group, and what it costs if that is wrong."""

from dataclasses import dataclass

import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import baselines, comparisons, costs, durations, repetitions, style
from gatebench.report.comparisons import Pair
from gatebench.report.stats.estimates import Difference, Estimate
from gatebench.report.stats.regret import largest_regret


@dataclass(frozen=True)
class Decision:
    """The cell to take in a comparison group, beside the best of the others."""

    group: ComparisonGroup
    cell: str
    """The cell with the lowest mean or, where others are equivalent to that one, the cheapest of those of them that are
    below the best baseline."""
    trials: pd.DataFrame
    """Confirming trials of the cell on the test split."""
    next: str
    """The other cell with the lowest mean."""
    lower: Difference
    """Mean of ``next`` minus mean of ``cell``: below zero, where a cheaper cell was taken than the lowest."""
    probability: Estimate
    """Probability that a new repetition of ``cell`` scores lower than a new one of ``next``."""
    n: tuple[int, int]
    """Number of repetitions of each."""
    beaten: list[str]
    """Other cells than which the lowest is better."""
    untested: list[str]
    """Other cells that the study does not test the lowest against."""
    undecided: list[str]
    """Other cells of which it is not decided whether the lowest is better."""
    equivalent: list[str]
    """Other cells that are among the equivalent ones; empty where there are none."""
    not_below: list[str]
    """Which of the equivalent ones are not shown to be below the best baseline: none of these is to be taken."""
    regret: float
    """By how much the cell is above the best of those that learned, at the most; NaN where one has a single repetition.

    A cell with a repetition above the best baseline did not learn in all of them, and how far astray that one went says
    nothing of how low another could be.
    """
    baseline: tuple[str, float] | None
    """The best baseline and its NLL, where no cell is shown to be below it, so that none is to be taken."""
    core_seconds: float
    """Mean core-seconds of a confirming trial of the cell; NaN where they cannot be compared with those of other cells."""


def decisions(frame: Frame) -> list[Decision]:
    """Return a decision for each comparison group that has two cells with scores."""
    pairs = comparisons.pairs(frame)
    all_decisions = []
    for group, rows in comparison_groups(frame.scored()):
        of_group = [pair for pair in pairs if pair.group == group]
        if of_group:
            all_decisions.append(_decision(frame, group, of_group, style.by_cell(rows)))
    return all_decisions


def _decision(frame: Frame, group: ComparisonGroup, pairs: list[Pair], trials: dict[str, pd.DataFrame]) -> Decision:
    lowest = pairs[0].lower  # pairs begin with the lowest cell, beside the others in their order
    cells = [lowest, *(pair.other for pair in pairs if pair.lower == lowest)]
    beaten, untested, undecided, equivalent = (
        [pair.other for pair in pairs if pair.lower == lowest and pair.verdict == verdict]
        for verdict in ("better", "untested", "undecided", "equivalent")
    )
    alike = [lowest, *equivalent] if equivalent else []
    baseline = baselines.lowest(frame, group.task)
    able = [name for name in alike if baseline is None or baselines.is_below(trials[name], baseline[1])]
    cell = min(able or [lowest], key=lambda name: costs.expense(trials[name]))
    others = comparisons.against(pairs, group, cell)
    second = next(name for name in cells if name != cell)
    difference, pair = others[second]
    return Decision(
        group=group,
        cell=cell,
        trials=trials[cell],
        next=second,
        lower=difference,
        probability=pair.probability if pair.lower == cell else _complement(pair.probability),
        n=pair.n if pair.lower == cell else (pair.n[1], pair.n[0]),
        beaten=beaten,
        untested=untested,
        undecided=undecided,
        equivalent=[name for name in alike if name != cell],
        not_below=[name for name in alike if name not in able],
        regret=largest_regret([-other for name, (other, _) in others.items() if _learned(trials[name], baseline)]),
        baseline=None if baseline is None or baselines.is_below(trials[lowest], baseline[1]) else baseline,
        core_seconds=durations.means(frame, trials)[cell],
    )


def _learned(trials: pd.DataFrame, baseline: tuple[str, float] | None) -> bool:
    """Return whether each repetition of a cell is below the best baseline."""
    return baseline is None or bool((repetitions.scores(trials) < baseline[1]).all())


def _complement(probability: Estimate) -> Estimate:
    return Estimate(1 - probability.mean, 1 - probability.high, 1 - probability.low, probability.n)
