"""What a study says of every two of its cells, kept to be held against what a later study says of the same two."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gatebench.records.former import CONCLUSIONS
from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import comparisons
from gatebench.report.comparisons import Pair

NOT_REPEATED = "not repeated"
"""What became of a conclusion on cells that the later study does not compare, or test, on that task and budget."""


@dataclass(frozen=True)
class ConclusionOutcome:
    """One pair of cells in an earlier study, and what became of what was said of it."""

    conclusion: pd.Series
    """The pair as it was, with the columns `CONCLUSIONS`."""
    pair: Pair | None
    """The pair as it is now; None where it was not compared again."""
    became: str
    """``survived``, ``weakened``, ``withdrawn`` or `NOT_REPEATED`; empty where nothing was concluded."""


def of_study(frame: Frame) -> pd.DataFrame:
    """Return every pair of cells of a study with its verdict, as the columns `CONCLUSIONS`."""
    rows = []
    for pair in comparisons.pairs(frame):
        d = pair.difference
        verdict = "" if np.isnan(d.p) or not pair.tested else pair.verdict
        rows.append((*pair.group, pair.lower, pair.other, d.mean, d.low, d.high, verdict, min(pair.n), pair.interval))
    return pd.DataFrame(rows, columns=CONCLUSIONS)


def outcomes(frame: Frame, conclusions: pd.DataFrame) -> list[ConclusionOutcome]:
    """Return what became of every pair of an earlier study in this one."""
    pairs = {(pair.group, frozenset((pair.lower, pair.other))): pair for pair in comparisons.pairs(frame)}
    groups = list(dict.fromkeys(group for group, _ in pairs))
    all_outcomes = []
    for _, conclusion in conclusions.iterrows():
        again = _again(ComparisonGroup(conclusion.task, conclusion.budget, conclusion.training), groups)
        pair = pairs.get((again, frozenset((str(conclusion.lower), str(conclusion.other))))) if again else None
        all_outcomes.append(ConclusionOutcome(conclusion, pair, _became(conclusion, pair)))
    return all_outcomes


def _again(group: ComparisonGroup, groups: list[ComparisonGroup]) -> ComparisonGroup | None:
    """Return the group of the same task and budget, if possible of the same protocol, or of one that has its name."""
    same = [other for other in groups if (other.task, other.budget) == (group.task, group.budget)]
    name = group.training.partition(" ")[0]
    return min(
        same,
        key=lambda other: (other.training != group.training, other.training.partition(" ")[0] != name),
        default=None,
    )


def _became(conclusion: pd.Series, pair: Pair | None) -> str:
    """Say what became of a conclusion: withdrawn where the opposite is shown, weakened where nothing is shown any more."""
    if conclusion.verdict not in ("better", "equivalent"):
        return ""
    if pair is None or not pair.tested or np.isnan(pair.difference.p):
        return NOT_REPEATED
    if pair.verdict == "undecided":
        return "weakened"
    is_reversed = conclusion.verdict == "better" and pair.lower != conclusion.lower
    return "withdrawn" if is_reversed or pair.verdict != conclusion.verdict else "survived"
