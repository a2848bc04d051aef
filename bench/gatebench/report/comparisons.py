"""Cells against each other: every pair of a comparison group, with Holm's adjustment over all pairs of the group."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats import looks
from gatebench.report.stats.bootstrap import DRAWS, SequenceScores, bootstrap_difference, bootstrap_mean
from gatebench.report.stats.estimates import Difference, Estimate, mean_interval, welch_difference
from gatebench.report.stats.holm import holm
from gatebench.report.stats.mann_whitney import probability_lower

LEVEL = 0.05
"""Two cells are said to differ where Holm's adjusted p is below this level."""
BOTH = "seeds and sequences"
"""What an interval is over where the records have every test sequence's NLL."""
SEEDS = "seeds"
"""What an interval is over where the records have no test sequences."""


@dataclass(frozen=True)
class Pair:
    """Two cells of a comparison group, the one with the lower mean test NLL first."""

    group: ComparisonGroup
    """Task, budget and protocol within which the two are compared."""
    lower: str
    """Name of the cell with the lower mean."""
    other: str
    """Name of the cell with the higher mean."""
    difference: Difference
    """Mean of ``lower`` minus mean of ``other``, at most zero."""
    p_holm: float
    """The p-value, adjusted for all pairs of the group and for looks at the study; NaN if a cell has a single seed."""
    probability: Estimate
    """Probability that a new run of ``lower`` scores lower than a new run of ``other``."""
    n: tuple[int, int]
    """Number of seeds of each."""
    interval: str
    """What the interval of the difference is over: `BOTH` or `SEEDS`."""

    @property
    def differ(self) -> bool:
        """Return whether there is a difference at `LEVEL`; never so between single runs."""
        return self.p_holm < LEVEL


def sequence_scores(frame: Frame, trials: pd.DataFrame) -> SequenceScores | None:
    """Return the test NLL of every sequence for these confirming trials of one cell.

    None if a record has no sequences, or a trial no score: a cell is never scored on the seeds that are left.
    """
    sequences = frame.sequences[frame.sequences.key.isin(trials.key)]
    sequences = sequences.drop_duplicates(["key", "sequence"])  # a trial may belong to several points
    if sequences.key.nunique() < trials.key.nunique() or sequences.nll.isna().any():
        return None
    by_seed = sequences.pivot(index="key", columns="sequence", values="nll").loc[trials.key].to_numpy(float)
    steps = sequences.drop_duplicates("sequence").sort_values("sequence").steps.to_numpy(float)
    return SequenceScores(by_seed, steps)


def interval(frame: Frame, trials: pd.DataFrame) -> Estimate:
    """Return the mean test NLL of one cell's trials, with its interval over seeds and sequences.

    The interval is over seeds alone where records have no sequences.
    """
    scores = sequence_scores(frame, trials)
    return bootstrap_mean(scores) if scores else mean_interval(trials.nll.to_numpy())


def ranked(trials_by_cell: dict[str, pd.DataFrame]) -> list[str]:
    """Return the cells of which every run has a score, the one with the lowest mean NLL first."""
    scored = [cell for cell, trials in trials_by_cell.items() if trials.nll.notna().all()]
    return sorted(scored, key=lambda cell: trials_by_cell[cell].nll.mean())


def pairs(frame: Frame, draws: int = DRAWS) -> list[Pair]:
    """Compare every two cells of every comparison group by ``draws`` bootstrap draws.

    Cells with a run that has no score are left out.
    """
    all_pairs = []
    for group, rows in comparison_groups(frame.confirmed("test")):
        trials_by_cell = style.by_cell(rows)
        unadjusted = [
            _pair(frame, group, lower, other, trials_by_cell, draws)
            for lower, other in combinations(ranked(trials_by_cell), 2)
        ]
        adjusted = holm([pair.difference.p for pair in unadjusted])
        p_values = [looks.adjusted(float(p), frame.looks) for p in adjusted]
        all_pairs += [replace(pair, p_holm=p) for pair, p in zip(unadjusted, p_values, strict=True)]
    return all_pairs


def _pair(
    frame: Frame, group: ComparisonGroup, lower: str, other: str, trials_by_cell: dict[str, pd.DataFrame], draws: int
) -> Pair:
    a, b = trials_by_cell[lower], trials_by_cell[other]
    difference, kind = _difference(frame, a, b, draws)
    probability = probability_lower(a.nll.to_numpy(), b.nll.to_numpy())
    return Pair(group, lower, other, difference, np.nan, probability, (len(a), len(b)), kind)


def _difference(frame: Frame, a: pd.DataFrame, b: pd.DataFrame, draws: int) -> tuple[Difference, str]:
    first, second = sequence_scores(frame, a), sequence_scores(frame, b)
    if first and second:
        return bootstrap_difference(first, second, draws=draws), BOTH
    return welch_difference(a.nll.to_numpy(), b.nll.to_numpy()), SEEDS
