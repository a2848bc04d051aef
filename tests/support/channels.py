"""Series with a channel a file, a line a series."""

from pathlib import Path

import numpy as np

WAVES = np.random.default_rng(0).standard_normal((40, 24, 3)).cumsum(1).round(3)
"""Sequence, step, channel."""
CHANNELS = ("acc_x", "acc_y", "acc_z")


def write(folder: Path, series: np.ndarray, end: str = "_train.txt") -> Path:
    """A file a channel, a line a series, as windows of sensors are published."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, channel in enumerate(CHANNELS):
        lines = (" ".join(f"{value: .6e}" for value in row) for row in series[:, :, place])
        (folder / f"{channel}{end}").write_text("\n".join(lines) + "\n")
    return folder
