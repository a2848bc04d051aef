"""Every pair of cells: by how much, how sure, how often."""

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import comparisons

ORDER = 50
TITLE = "Differences between cells"
CAPTION = (
    "Mean test NLL of the lower cell minus that of the other, in nats per time step (per sequence, where a whole one has "
    "a label), with its 95% interval. Where the records have the test sequences the interval holds for new seeds and new "
    "sequences (bootstrap over both, cells paired by sequence, Student's t with Satterthwaite's degrees of freedom), "
    "otherwise for new seeds alone (Welch). p is two-sided; Holm's is adjusted for all pairs of the comparison group, "
    "and a difference counts where it is below 0.05. P(lower) is the probability that a new run of the first scores "
    "lower than a new run of the second (Mann and Whitney, interval of Newcombe): a difference of means may be certain "
    "and still be met in few single runs."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each pair; None where no comparison group has two cells."""
    rows = []
    for pair in comparisons.pairs(frame):
        lower = pair.probability
        rows.append({
            "data": frame.datasets[pair.group.task],
            "lower": pair.lower,
            "other": pair.other,
            "difference": str(pair.difference),
            "p": _p(pair.difference.p),
            "p, Holm": _p(pair.p_holm),
            "P(lower)": f"{lower.mean:.2f}" + ("" if lower.n == 1 else f" [{lower.low:.2f}, {lower.high:.2f}]"),
            "n": f"{pair.n[0]}, {pair.n[1]}",
            "interval over": "" if np.isnan(pair.difference.p) else pair.interval,
            "budget": pair.group.budget,
            "training": pair.group.training,
        })  # fmt: skip
    return pd.DataFrame(rows) if rows else None


def _p(p: float) -> str:
    return "" if np.isnan(p) else "< 0.0001" if p < 1e-4 else f"{p:.4f}"
