"""What became of the claims of earlier studies."""

from collections import Counter

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import claims, words
from gatebench.report.claims import NOT_REPEATED, ClaimOutcome

ORDER = 160
TITLE = "What became of earlier claims"
CAPTION = (
    "Every two cells that an earlier study called better and worse, or equivalent, on a task and budget of this one: the "
    "difference of their mean test NLL (first minus second) as it was and as it is here, with 95% intervals, and the "
    "verdict here, by the same tests. Survived: the same is shown here. Weakened: nothing is shown here, neither this nor "
    "the opposite. Withdrawn: the opposite is shown here, which of a difference is that it is the other way round or "
    "smaller than the margin, and of an equivalence that one of the two is better. Intervals over seeds of one search do "
    "not hold what another search would select; those over pipelines do. A protocol with an arrow is another one here."
)
COLUMNS = ["study", "data", "claim", "was", "over", "is", "over here", "verdict here", "became", "budget", "training"]
"""Columns of the table."""


def notes(frame: Frame) -> list[str]:
    """Return how many claims of each earlier study survived, and what there is of pairs on which it made none."""
    return [_counted(study, claims.outcomes(frame, pairs)) for study, pairs in frame.former.items()]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each claim of which the cells were compared again; None where there is none."""
    rows = [
        {"study": study} | _row(frame, outcome)
        for study, pairs in frame.former.items()
        for outcome in claims.outcomes(frame, pairs)
        if outcome.became not in ("", NOT_REPEATED)
    ]
    return pd.DataFrame(rows, columns=COLUMNS) if rows else None


def _row(frame: Frame, outcome: ClaimOutcome) -> dict[str, str]:
    claim, pair = outcome.claim, outcome.pair
    assert pair is not None
    group, is_as_before = pair.group, pair.lower == claim.lower
    now = pair.difference if is_as_before else -pair.difference
    relation = "better than" if claim.verdict == "better" else "equivalent to"
    return {
        "data": frame.datasets[group.task],
        "claim": f"{claim.lower} {relation} {claim.other}",
        "was": words.interval(claim.difference, claim.low, claim.high),
        "over": f"{claim.n} {claim.interval}",
        "is": words.interval(now.mean, now.low, now.high),
        "over here": f"{min(pair.n)} {pair.interval}",
        "verdict here": f"{pair.lower} better" if pair.verdict == "better" else pair.verdict,
        "became": outcome.became,
        "budget": group.budget,
        "training": group.training if group.training == claim.training else f"{claim.training} -> {group.training}",
    }


def _counted(study: str, outcomes: list[ClaimOutcome]) -> str:
    counts = Counter(outcome.became for outcome in outcomes if outcome.became)
    parts = [f"{counts[became]} {became}" for became in ("survived", "weakened", "withdrawn", NOT_REPEATED)]
    undecided = [one.pair for one in outcomes if one.claim.verdict == "undecided" and one.pair]
    decided = Counter(pair.verdict for pair in undecided if not np.isnan(pair.difference.p))
    return (
        f"Of {counts.total()} claims of {study}: {words.listed(parts)}. Of {len(undecided)} pairs that it left undecided "
        f"and that are compared here, {decided['better']} differ and {decided['equivalent']} are equivalent."
    )
