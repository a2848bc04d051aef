"""Every pair of cells: by how much, how sure, how often."""

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import blocks, comparisons, families, margins, repetitions

ORDER = 50
TITLE = "Differences between cells"
BY_GROUP = True
CAPTION = (
    "Mean test NLL of the lower cell minus that of the other, in nats per time step (per sequence, where a whole one "
    "has a label), with the 95% interval of this difference alone. Where the records have the test sequences the "
    "interval holds for new repetitions and new sequences. It is of random effects of both, crossed, cells paired by "
    "sequence, by Student's t with Satterthwaite's degrees of freedom. Otherwise it holds for new repetitions alone "
    "(Welch). The verdict counts all pairs of the comparison group (Holm): better, where p of no difference is below "
    f"0.05; equivalent, where p of a difference of the margin or more is; otherwise undecided. {margins.RULE}. "
    "P(lower) is the probability that a new repetition of the first scores lower on these test sequences than one of "
    "the second (Mann and Whitney, interval of Newcombe). A difference of means may be certain and still be met in "
    "few single runs."
)
MOST = 300
"""Pairs that a table has, tested or not."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, what hangs together, and what is tested."""
    left_out = len(comparisons.pairs(frame)) - len(_shown(frame))
    of_pairs = [f"{left_out:,} pairs that are not tested are left out here."] if left_out else []
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame), *families.note(frame), *of_pairs]


def _shown(frame: Frame) -> list[comparisons.Pair]:
    """Return the pairs that the table has: all, but of more than `MOST` those that are tested."""
    pairs = comparisons.pairs(frame)
    return pairs if len(pairs) <= MOST else [pair for pair in pairs if pair.tested]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each pair; None where no comparison group has two cells."""
    rows = []
    for pair in _shown(frame):
        lower = pair.probability
        rows.append({
            "data": frame.datasets[pair.group.task],
            "lower": pair.lower,
            "other": pair.other,
            "difference": str(pair.difference),
            "verdict": "" if np.isnan(pair.difference.p) else "not tested" if not pair.tested else pair.verdict,
            "p": _p(pair.difference.p),
            "p, Holm": _p(pair.p_holm),
            "margin": "" if np.isnan(pair.margin) else f"{pair.margin:.3g}",
            "p of margin, Holm": _p(pair.p_equivalent),
            "P(lower)": f"{lower.mean:.2f}" + ("" if lower.n == 1 else f" [{lower.low:.2f}, {lower.high:.2f}]"),
            "n": f"{pair.n[0]}, {pair.n[1]}",
            "interval over": "" if np.isnan(pair.difference.p) else pair.interval,
            "budget": pair.group.budget,
            "training": pair.group.training,
        })  # fmt: skip
    return pd.DataFrame(rows) if rows else None


def _p(p: float) -> str:
    return "" if np.isnan(p) else "< 0.0001" if p < 1e-4 else f"{p:.4f}"
