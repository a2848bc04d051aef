"""What a convention of averaging does to a score: the same runs, averaged differently."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from gatebench.core.documentation import address
from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import comparisons, published, repetitions, style
from gatebench.report.stats.crossed import SequenceScores

ORDER = 140
TITLE = "The same runs, averaged in other ways"
CAPTION = (
    "Mean test NLL over repetitions. Per step: sum over the split over its predicted steps, the headline of all other "
    "tables. Per sequence: mean of each sequence's own mean. Padded: the sum over padded steps, as a loss does that masks "
    "what it sums and forgets to mask what it divides by, in batches of 10 in the order of the file. First frame counted: a "
    "score per frame read rather than per frame predicted. What else was tried to explain "
    f"the distance from the published values: {address('docs/table2.md')}"
)
BATCH = 10
"""Number of sequences that a padded average takes as one batch."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated."""
    return [repetitions.note(frame.confirmed("test"))]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each cell of a task that Table 2 of Chung et al. has.

    None where there is no such task, or the records have no sequences.
    """
    rows = []
    for group, trials in comparison_groups(frame.confirmed("test")):
        for cell, cell_trials in style.by_cell(trials).items():
            scores, paper = comparisons.sequence_scores(frame, cell_trials), published.TABLE_2.get((group.task, cell))
            if scores is None or paper is None or group.task in published.STANDS_IN:
                continue
            rows.append({
                "data": frame.datasets[group.task],
                "cell": cell,
                "published test": f"{paper[1]:.2f}",
                **{name: f"{average(scores):.3f}" for name, average in CONVENTIONS.items()},
                "n": str(len(scores.nll)),
                "budget": group.budget,
                "training": group.training,
            })  # fmt: skip
    return pd.DataFrame(rows) if rows else None


def _per_step(scores: SequenceScores) -> float:
    return float(scores.means.mean())


def _per_sequence(scores: SequenceScores) -> float:
    return float((scores.nll / scores.steps).mean())


def _padded(scores: SequenceScores) -> float:
    steps = [scores.steps[i : i + BATCH] for i in range(0, len(scores.steps), BATCH)]
    return float(scores.nll.sum(1).mean() / np.sum([batch.max() * len(batch) for batch in steps]))


def _first_frame_counted(scores: SequenceScores) -> float:
    return float(scores.nll.sum(1).mean() / (scores.steps + 1).sum())


CONVENTIONS: dict[str, Callable[[SequenceScores], float]] = {
    "per step": _per_step,
    "per sequence": _per_sequence,
    "padded": _padded,
    "first frame counted": _first_frame_counted,
}
"""Name of a convention -> the mean over repetitions of the test NLL, averaged by it."""
