"""Cells against each other: every pair of a comparison group, with Holm's adjustment over those that the study tests."""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import blocks, margins, repetitions, style
from gatebench.report.remembered import name_of, once
from gatebench.report.stats import crossed, looks
from gatebench.report.stats.crossed import SequenceScores
from gatebench.report.stats.estimates import Difference, Estimate, mean_interval, welch_difference
from gatebench.report.stats.holm import holm
from gatebench.report.stats.mann_whitney import probability_lower

LEVEL = 0.05
"""Two cells are said to differ, or to be equivalent, where Holm's adjusted p of that is below this level."""
Verdict = Literal["better", "equivalent", "undecided", "untested"]
"""What is said of two cells: that the lower is better, that they are equivalent within the margin, or neither; or that they
are no contrast of the study's family, so that nothing is said."""


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
    margin: float
    """Difference in nats up to which the two are equivalent; NaN where there is no margin."""
    p_holm: float
    """The p-value, adjusted for all contrasts of the group and for looks at the study; NaN if a cell has a single
    repetition, and of a pair that is not tested."""
    p_equivalent: float
    """The p-value of a difference of the margin or more, adjusted alike; NaN, too, where there is no margin."""
    probability: Estimate
    """Probability that a new repetition of ``lower`` scores lower than a new one of ``other``, on these test sequences."""
    n: tuple[int, int]
    """Number of repetitions of each."""
    interval: str
    """What the interval of the difference is over, such as ``pipelines and sequences``."""
    tested: bool = True
    """Whether the two are a contrast of the study's family."""

    @property
    def differ(self) -> bool:
        """Return whether there is a difference at `LEVEL`; never so between single runs."""
        return self.p_holm < LEVEL

    @property
    def verdict(self) -> Verdict:
        """Return what is said of the two: a difference that is smaller than the margin for sure makes no better cell."""
        if not self.tested:
            return "untested"
        if self.p_equivalent < LEVEL:
            return "equivalent"
        return "better" if self.differ else "undecided"


def sequence_scores(frame: Frame, trials: pd.DataFrame) -> SequenceScores | None:
    """Return the test NLL of every sequence for each repetition, from the confirming trials of one cell on test.

    None if a record has no sequences, or a trial no score: a cell is never scored on the seeds that are left.
    """
    return once(frame, ("sequences", name_of(trials)), lambda: _sequence_scores(frame, trials))


def _sequence_scores(frame: Frame, trials: pd.DataFrame) -> SequenceScores | None:
    rows = pd.Index(trials.key).get_indexer(frame.sequences.key.to_numpy())
    sequences = frame.sequences[rows >= 0]
    numbers, columns = np.unique(sequences.sequence.to_numpy(int), return_inverse=True)
    by_seed, steps = np.full((len(trials), len(numbers)), np.nan), np.zeros(len(numbers))
    by_seed[rows[rows >= 0], columns] = sequences.nll  # a trial that belongs to several points is there several times
    steps[columns] = sequences.steps
    if not len(numbers) or np.isnan(by_seed).any():
        return None
    return SequenceScores(repetitions.averaged(trials, by_seed), steps)


def block_scores(frame: Frame, trials: pd.DataFrame) -> SequenceScores | None:
    """Return the same of the blocks that the sequences stand in, where they do not stand for themselves."""
    scores = sequence_scores(frame, trials)
    return None if scores is None else blocks.scores(frame, str(trials.task.iloc[0]), scores)


def interval(frame: Frame, trials: pd.DataFrame) -> Estimate:
    """Return the mean test NLL of one cell's trials, with its interval over repetitions and sequences, or blocks of them.

    The interval is over repetitions alone where records have no sequences.
    """
    scores = block_scores(frame, trials)
    return crossed.mean(scores) if scores else mean_interval(repetitions.scores(trials))


def ranked(trials_by_cell: dict[str, pd.DataFrame]) -> list[str]:
    """Return the cells of which every run has a score, the one with the lowest mean NLL first."""
    scored = [cell for cell, trials in trials_by_cell.items() if trials.nll.notna().all()]
    return sorted(scored, key=lambda cell: repetitions.scores(trials_by_cell[cell]).mean())


def pairs(frame: Frame) -> list[Pair]:
    """Compare every two cells of every comparison group. Cells with a run that has no score are left out.

    The pairs of a group that the study tests (`gatebench.records.contrasts`) are one family: of its differences, and of its
    equivalences, Holm's adjustment lets at most one in twenty studies have a wrong one.
    """
    return once(frame, "pairs", lambda: _pairs(frame))


def _pairs(frame: Frame) -> list[Pair]:
    all_pairs = []
    for group, rows in comparison_groups(frame.confirmed("test")):
        trials_by_cell = style.by_cell(rows)
        cells = ranked(trials_by_cell)
        scores = {cell: block_scores(frame, trials_by_cell[cell]) for cell in cells}
        unadjusted = [_pair(frame, group, lower, other, trials_by_cell, scores) for lower, other in combinations(cells, 2)]
        margin = (
            margins.margin(frame, group, float(repetitions.scores(trials_by_cell[cells[0]]).mean())) if cells else np.nan
        )
        tested = [(pair.lower, pair.other) in frame.declared.contrasts for pair in unadjusted]
        differ = adjusted([pair.difference.p for pair in unadjusted], tested, frame.looks)
        alike = adjusted([pair.difference.p_equivalent(margin) for pair in unadjusted], tested, frame.looks)
        all_pairs += [
            replace(pair, margin=margin, p_holm=p, p_equivalent=p_alike, tested=is_tested)
            for pair, p, p_alike, is_tested in zip(unadjusted, differ, alike, tested, strict=True)
        ]
    return all_pairs


def against(pairs: list[Pair], group: ComparisonGroup, beside: str) -> dict[str, tuple[Difference, Pair]]:
    """Return each other cell of a group: its mean minus that of the cell ``beside``, and the pair that this is from."""
    of_group = [pair for pair in pairs if pair.group == group]
    lower = {pair.lower: (pair.difference, pair) for pair in of_group if pair.other == beside}
    return lower | {pair.other: (-pair.difference, pair) for pair in of_group if pair.lower == beside}


def adjusted(p_values: list[float], tested: list[bool], look: int) -> list[float]:
    """Return the p-values of one family, adjusted by Holm and for the look; NaN of those that are not tested."""
    of_family = [p if is_tested else np.nan for p, is_tested in zip(p_values, tested, strict=True)]
    return [looks.adjusted(float(p), look) for p in holm(of_family)]


def _pair(
    frame: Frame,
    group: ComparisonGroup,
    lower: str,
    other: str,
    trials_by_cell: dict[str, pd.DataFrame],
    scores: dict[str, SequenceScores | None],
) -> Pair:
    a, b = trials_by_cell[lower], trials_by_cell[other]
    means = repetitions.scores(a), repetitions.scores(b)
    over = " and ".join(sorted({f"{repetitions.unit(a)}s", f"{repetitions.unit(b)}s"}))
    first, second = scores[lower], scores[other]
    if first and second:
        difference, over = crossed.difference(first, second), f"{over} and {blocks.name(frame, group.task)}"
    else:
        difference = welch_difference(*means)
    n = (len(means[0]), len(means[1]))
    return Pair(group, lower, other, difference, np.nan, np.nan, np.nan, probability_lower(*means), n, over)
