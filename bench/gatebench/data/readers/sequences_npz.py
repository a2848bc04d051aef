"""Sequences as ``gatebench data add`` writes them: of each split an array of all steps, and the lengths of its sequences."""

from pathlib import Path

import numpy as np

from gatebench.data import npz
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return the three splits of the one file."""
    (path,) = paths
    stored = npz.read(path)
    expected = {name for split in SPLITS for name in (split, f"{split}_lengths")}
    if set(stored) != expected:
        raise ValueError(f"{path} has other arrays than {', '.join(sorted(expected))}")
    return {split: _cut(path, split, stored[split], stored[f"{split}_lengths"]) for split in SPLITS}


def _cut(path: Path, split: str, steps: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    if steps.ndim != 2 or lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 1).any():
        raise ValueError(f"{path}: split '{split}' is no table of steps with a list of lengths")
    ends = np.cumsum(lengths, dtype=object)  # whole numbers that no sum overflows
    if not len(ends) or ends[-1] != len(steps):
        raise ValueError(f"{path}: the lengths of split '{split}' do not add up to its {len(steps):,} steps")
    return np.split(steps, ends[:-1].astype(int))


def write(path: Path, sequences: Arrays) -> None:
    """Write the file that `read` reads, which is not there yet; the same bytes for the same sequences."""
    lengths = {f"{split}_lengths": np.array([len(array) for array in sequences[split]], np.int64) for split in SPLITS}
    steps = {split: np.concatenate(sequences[split]) for split in SPLITS}
    with path.open("xb") as file:
        np.savez_compressed(file, allow_pickle=False, **steps, **lengths)
