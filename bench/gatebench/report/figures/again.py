"""The study computed a second time: noise of the machine beside noise of the seed."""

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats.intervals import difference_of_means, mean_interval

TITLE = "Computed again"
CAPTION = (
    "The same study, run a second time by itself, search and selection included. Where both runs selected the same setting "
    "they have the same trials, and 'same trial' is the root mean square of what test NLL differs by within a "
    "trial: rounding, "
    "which training amplifies. It stands beside the standard deviation over seeds, which it is a part of. Where "
    "they selected "
    "other settings, the difference of the means is that of the whole procedure."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """A row for each cell that was confirmed in both runs; None where there was no second one."""
    if frame.again is None:
        return None
    rows = []
    there = dict(comparison_groups(frame.again.confirmed("test")))
    for panel, part in comparison_groups(frame.confirmed("test")):
        second = there.get(panel)
        if second is None:
            continue
        for cell in style.cells(part):
            a, b = part[part.cell == cell], second[second.cell == cell]
            if b.empty:
                continue
            both = a.merge(b, on="key", suffixes=("", "_again"))
            d = difference_of_means(b.nll.to_numpy(), a.nll.to_numpy())
            rows.append({
                "data": frame.datasets[panel.task],
                "cell": cell,
                "first run": str(mean_interval(a.nll.to_numpy())),
                "second run": str(mean_interval(b.nll.to_numpy())),
                "difference": f"{d.mean:.3f}" + (" (one seed)" if np.isnan(d.p) else f" [{d.low:.3f}, {d.high:.3f}]"),
                "same setting": "yes" if len(both) else "no",
                "same trial": f"{np.sqrt(((both.nll_again - both.nll) ** 2).mean()):.4f}" if len(both) else "",
                "seeds": f"{a.nll.std():.4f}" if len(a) > 1 else "",
                "engines": f"{_who(a)}; {_who(b)}",
                "budget": panel.budget,
                "training": panel.training,
            })  # fmt: skip
    return pd.DataFrame(rows) if rows else None


def _who(trials: pd.DataFrame) -> str:
    return ", ".join(
        f"{engine} x {size}" for engine, size in sorted(set(zip(trials.engine, trials.population_size, strict=True)))
    )
