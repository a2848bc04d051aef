"""What a target is regressed on."""

import numpy as np

from gatebench.data.baselines import lags, summaries
from gatebench.data.baselines.lags import Rows
from gatebench.data.baselines.summaries import Standard
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import target
from gatebench.data.sequences import Sequence

Splits = dict[str, list[Sequence]]
"""Split -> its sequences."""
STEPS = 5
"""Steps that a label of a step is regressed on, at the most."""
MOST_FEATURES = 240
"""Numbers of these steps, at the most."""


def pair(card: Card, arrays: Arrays) -> Splits:
    """Return the target of a step beside the inputs at it, that of a sequence beside the mean of its inputs over time."""
    splits = target.frame(card, arrays).splits
    return splits if target.predicted_per(card) == "step" else means(splits)


def means(splits: Splits) -> Splits:
    """Return of each sequence the mean of its inputs over time, beside its target."""
    return {
        split: [Sequence(sequence.x.mean(0, dtype=float)[None], sequence.y) for sequence in sequences]
        for split, sequences in splits.items()
    }


def summarised(splits: Splits) -> Splits | None:
    """Return of each sequence what it is like as a whole, beside its target; None where there are too many columns."""
    if not summaries.can_summarise(splits["train"]):
        return None
    return _standardised(splits, {split: summaries.summarise(splits[split]) for split in splits})


def courses(splits: Splits) -> Splits | None:
    """Return of each sequence its course, beside its target; None where there are too many columns."""
    points = summaries.points_of_course(splits["train"])
    if not points:
        return None
    return _standardised(splits, {split: summaries.course(splits[split], points) for split in splits})


def last_steps(splits: Splits) -> Splits | None:
    """Return of each step the inputs at it and at those before, beside its target; None where there are too many columns.

    Before the beginning of a sequence, or of the series that it is a window of, there are zeros.
    """
    width = splits["train"][0].x.shape[1]
    steps = min(STEPS, MOST_FEATURES // width)
    if steps < 2:
        return None

    def lagged(rows: Rows) -> np.ndarray:
        back = rows.scored[:, None] - np.arange(steps)
        reaches = rows.positions[rows.scored, None] >= np.arange(steps)
        return np.where(reaches[..., None], rows.x[np.maximum(back, 0)], 0).reshape(len(back), steps * width)

    x = {split: lagged(rows) for split, rows in lags.stack(splits).items()}
    ends = {split: np.cumsum([len(s) for s in splits[split]])[:-1] for split in splits}
    return {
        split: [Sequence(part, s.y) for part, s in zip(np.split(x[split], ends[split]), splits[split], strict=True)]
        for split in splits
    }


def _standardised(splits: Splits, features: dict[str, np.ndarray]) -> Splits:
    """Return features in standard deviations of train, a row for each sequence, beside its target."""
    standard = Standard(features["train"])
    return {
        split: [Sequence(row[None], s.y) for row, s in zip(standard(features[split]), splits[split], strict=True)]
        for split in splits
    }
