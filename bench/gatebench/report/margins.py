"""How far apart two cells may be and still be equivalent: declared here, for all studies."""

import numpy as np

from gatebench.records.frame import ComparisonGroup, Frame

NATS = dict.fromkeys(("jsb_chorales", "piano_midi", "nottingham", "muse_data"), 0.05)
"""Task -> margin in nats per time step."""
SHARE = 0.1
"""Margin of every other task, as a share of the distance between the best baseline and the best cell."""
RULE = (
    "Two cells are equivalent where two one-sided tests show that they differ by less than the margin. That is 0.05 "
    "nats per time step on the four sets of music, otherwise a tenth of the distance between the best baseline and "
    "the best cell"
)
"""What captions say of it."""


def distance(frame: Frame, group: ComparisonGroup, best: float) -> float:
    """Return how far the lowest mean test NLL of a comparison group is below the lowest baseline; NaN if it is not."""
    baselines = frame.baselines[(frame.baselines.task == group.task) & (frame.baselines.split == "test")].nll
    below = float(baselines.min()) - best
    return below if below > 0 else np.nan


def margin(frame: Frame, group: ComparisonGroup, best: float) -> float:
    """Return the margin of a comparison group in nats, of which ``best`` is the lowest mean; NaN if there is none."""
    task = group.task.partition(" ")[0]  # what was overridden inside of it follows
    return NATS[task] if task in NATS else SHARE * distance(frame, group, best)
