"""MATLAB 5 files of piano rolls: cell arrays ``traindata``, ``validdata``, ``testdata`` of 0/1 matrices ``[T, 88]``."""

from pathlib import Path

import numpy as np

from bench.data.cards import SPLITS, Arrays, Card


def read(card: Card, paths: list[Path]) -> Arrays:
    """The three splits of the one file. Nothing in the format is executed on loading."""
    from scipy.io import loadmat

    (path,) = paths
    variables = loadmat(path)
    sequences = {split: [np.asarray(roll) for roll in variables[f"{split}data"].ravel()] for split in SPLITS}
    for split, rolls in sequences.items():
        for i, roll in enumerate(rolls):
            if not np.isin(roll, (0, 1)).all():
                raise ValueError(f"sequence {i} of split '{split}' has values other than 0 and 1")
    return {split: [roll.astype(np.uint8) for roll in rolls] for split, rolls in sequences.items()}
