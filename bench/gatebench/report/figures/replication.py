"""The replication: the study computed a second time, noise of the machine beside noise of the seed."""

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import repetitions, style
from gatebench.report.stats.estimates import mean_interval, welch_difference

ORDER = 150
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
    """Return a row for each cell that was confirmed in both runs; None where there was no second one."""
    if frame.replication is None:
        return None
    rows = []
    replicated = dict(comparison_groups(frame.replication.confirmed("test")))
    for group, trials in comparison_groups(frame.confirmed("test")):
        if group not in replicated:
            continue
        second_by_cell = style.by_cell(replicated[group])
        for cell, first in style.by_cell(trials).items():
            if cell not in second_by_cell:
                continue
            second = second_by_cell[cell]
            both = first.merge(second, on="key", suffixes=("", "_replication"))
            rows.append({
                "data": frame.datasets[group.task],
                "cell": cell,
                "first run": str(mean_interval(repetitions.scores(first))),
                "second run": str(mean_interval(repetitions.scores(second))),
                "difference": str(welch_difference(repetitions.scores(second), repetitions.scores(first))),
                "same setting": "yes" if len(both) else "no",
                "same trial": f"{np.sqrt(((both.nll_replication - both.nll) ** 2).mean()):.4f}" if len(both) else "",
                "seeds": f"{first.nll.std():.4f}" if len(first) > 1 else "",
                "engines": f"{_engines(first)}; {_engines(second)}",
                "budget": group.budget,
                "training": group.training,
            })  # fmt: skip
    return pd.DataFrame(rows) if rows else None


def _engines(trials: pd.DataFrame) -> str:
    """Name the engines that ran these trials, each with the size of its populations."""
    engines = sorted(set(zip(trials.engine, trials.population_size, strict=True)))
    return ", ".join(f"{engine} x {size}" for engine, size in engines)
