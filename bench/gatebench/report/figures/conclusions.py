"""What became of the conclusions of earlier studies."""

from collections import Counter

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import conclusions, words
from gatebench.report.conclusions import NOT_REPEATED, ConclusionOutcome

ORDER = 160
TITLE = "What became of earlier conclusions"
CAPTION = (
    "Every two cells that an earlier study called better and worse, or equivalent, on a task and budget of this one. "
    "There is the difference of their mean test NLL (first minus second) as it was and as it is here, with 95% "
    "intervals. The verdict here is by the same tests. Survived: the same is shown here. Weakened: nothing is shown "
    "here, neither this nor the opposite. Withdrawn: the opposite is shown here, which of a difference is that it is "
    "the other way round or smaller than the margin, and of an equivalence that one of the two is better. Intervals "
    "over seeds of one search do not hold what another search would select; those over pipelines do. A protocol with "
    "an arrow is another one here."
)
COLUMNS = ["study", "data", "conclusion", "was", "over", "is", "over here", "verdict here", "became", "budget", "training"]
"""Columns of the table."""


def notes(frame: Frame) -> list[str]:
    """Return how many conclusions of each earlier study survived, and what there is of pairs on which it made none."""
    return [_counted(study, conclusions.outcomes(frame, pairs)) for study, pairs in frame.former.items()]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each conclusion of which the cells were compared again; None where there is none."""
    rows = [
        {"study": study} | _row(frame, outcome)
        for study, pairs in frame.former.items()
        for outcome in conclusions.outcomes(frame, pairs)
        if outcome.became not in ("", NOT_REPEATED)
    ]
    return pd.DataFrame(rows, columns=COLUMNS) if rows else None


def _row(frame: Frame, outcome: ConclusionOutcome) -> dict[str, str]:
    conclusion, pair = outcome.conclusion, outcome.pair
    assert pair is not None
    group, is_as_before = pair.group, pair.lower == conclusion.lower
    now = pair.difference if is_as_before else -pair.difference
    relation = "better than" if conclusion.verdict == "better" else "equivalent to"
    return {
        "data": frame.datasets[group.task],
        "conclusion": f"{conclusion.lower} {relation} {conclusion.other}",
        "was": words.interval(conclusion.difference, conclusion.low, conclusion.high),
        "over": f"{conclusion.n} {conclusion.interval}",
        "is": words.interval(now.mean, now.low, now.high),
        "over here": f"{min(pair.n)} {pair.interval}",
        "verdict here": f"{pair.lower} better" if pair.verdict == "better" else pair.verdict,
        "became": outcome.became,
        "budget": group.budget,
        "training": group.training
        if group.training == conclusion.training
        else f"{conclusion.training} -> {group.training}",
    }


def _counted(study: str, outcomes: list[ConclusionOutcome]) -> str:
    counts = Counter(outcome.became for outcome in outcomes if outcome.became)
    parts = [f"{counts[became]} {became}" for became in ("survived", "weakened", "withdrawn", NOT_REPEATED)]
    undecided = [one.pair for one in outcomes if one.conclusion.verdict == "undecided" and one.pair and one.pair.tested]
    decided = Counter(pair.verdict for pair in undecided if not np.isnan(pair.difference.p))
    return (
        f"Of {counts.total()} conclusions of {study}: {words.listed(parts)}. Of {len(undecided)} pairs that it left "
        f"undecided and that are compared here, {decided['better']} differ and {decided['equivalent']} are equivalent."
    )
