"""MATLAB 5 files of piano rolls: cell arrays ``traindata``, ``validdata``, ``testdata`` of 0/1 matrices ``[T, 88]``."""

from pathlib import Path

import numpy as np

from gatebench.data import mat
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return the three splits of the one file. Nothing in the format is executed on loading."""
    (path,) = paths
    names = [f"{split}data" for split in SPLITS]
    cells = {name: value for name, value in mat.variables(path.read_bytes()) if name in names and isinstance(value, list)}
    missing = [name for name in names if name not in cells]
    if missing:
        raise ValueError(f"{path} has no cell array {missing[0]}")
    sequences = {split: cells[f"{split}data"] for split in SPLITS}
    for split, rolls in sequences.items():
        for i, roll in enumerate(rolls):
            if not np.isin(roll, (0, 1)).all():
                raise ValueError(f"sequence {i} of split '{split}' has values other than 0 and 1")
    return {split: [roll.astype(np.uint8) for roll in rolls] for split, rolls in sequences.items()}
