"""Every pair of cells: by how much, how sure, how often."""

import pandas as pd

from bench.records.frame import Frame, Panel
from bench.report import compare

TITLE = "Differences between cells"
CAPTION = (
    "Mean test NLL of the lower cell minus that of the other, in nats per time step, with its 95% interval. Where the "
    "records have the test sequences the interval holds for new seeds and new sequences (bootstrap over both, cells "
    "paired by sequence, Student's t with Satterthwaite's degrees of freedom), otherwise for new seeds alone (Welch). p is "
    "two-sided; Holm's is adjusted for all pairs of the panel, and a difference counts where it is below 0.05. P(lower) is "
    "the probability that a new run of the first scores lower than a new run of the second (Mann and Whitney, interval "
    "of Newcombe): a difference of means may be certain and still be met in few single runs."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """A row for each pair; None where there is one cell a panel."""
    found = compare.pairs(frame)
    if found.empty:
        return None
    rows = []
    for r in found.itertuples():
        alone = r.p != r.p
        rows.append({
            "data": frame.datasets[str(r.task)],
            "lower": r.better,
            "other": r.worse,
            "difference": f"{r.difference:.3f}" + (" (one seed)" if alone else f" [{r.low:.3f}, {r.high:.3f}]"),
            "p": "" if alone else _p(r.p),
            "p, Holm": "" if alone else _p(r.p_holm),
            "P(lower)": f"{r.probability:.2f}" if alone else f"{r.probability:.2f} [{r.probability_low:.2f}, {r.probability_high:.2f}]",
            "n": f"{r.n_better}, {r.n_worse}",
            "interval over": "" if alone else r.interval,
            **{name: getattr(r, name) for name in Panel._fields[1:]},
        })  # fmt: skip
    return pd.DataFrame(rows)


def _p(p: "float | object") -> str:
    value = float(p)  # pyright: ignore
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
