"""Sequences as ``gatebench data add`` writes them: of each split an array of all steps, and the lengths of its sequences.

Beside them may stand the number of the series that each is a window of, and that of its group.
"""

from pathlib import Path

import numpy as np

from gatebench.data import npz
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays
from gatebench.data.origins import NO_ORIGINS, Origins

ORIGINS = ("series", "groups")
"""What may stand beside the sequences of each split: the fields of `Origins`."""


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return the three splits of the one file."""
    (path,) = paths
    stored = npz.read(path)
    expected = {name for split in SPLITS for name in (split, f"{split}_lengths")}
    if set(stored) - {f"{split}_{what}" for split in SPLITS for what in ORIGINS} != expected:
        raise ValueError(f"{path} has other arrays than {', '.join(sorted(expected))}")
    return {split: _cut(path, split, stored[split], stored[f"{split}_lengths"]) for split in SPLITS}


def read_origins(card: Card, paths: list[Path]) -> Origins:
    """Return what the card says that the file has: series and groups of the sequences of the three splits."""
    (path,) = paths
    asked = [what for what, is_there in zip(ORIGINS, (card.has_series, card.has_groups), strict=True) if is_there]
    names = [f"{split}_{what}" for split in SPLITS for what in asked]
    stored = npz.read(path, names=names)
    for name in names:
        numbers = stored.get(name)
        if numbers is None or numbers.ndim != 1 or numbers.dtype.kind not in "iu":
            raise ValueError(f"{path} has no list of whole numbers called {name}")
    return Origins(**{what: {split: stored[f"{split}_{what}"] for split in SPLITS} for what in asked})


def _cut(path: Path, split: str, steps: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    if steps.ndim != 2 or lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 1).any():
        raise ValueError(f"{path}: split '{split}' is no table of steps with a list of lengths")
    ends = np.cumsum(lengths, dtype=object)  # whole numbers that no sum overflows
    if not len(ends) or ends[-1] != len(steps):
        raise ValueError(f"{path}: the lengths of split '{split}' do not add up to its {len(steps):,} steps")
    return np.split(steps, ends[:-1].astype(int))


def write(path: Path, sequences: Arrays, origins: Origins = NO_ORIGINS) -> None:
    """Write the file that `read` reads, which is not there yet; the same bytes for the same sequences."""
    lengths = {f"{split}_lengths": [np.array([len(array) for array in sequences[split]], np.int64)] for split in SPLITS}
    numbers = {
        f"{split}_{what}": [of_split.astype(np.int64)]
        for what, of_splits in zip(ORIGINS, (origins.series, origins.groups), strict=True)
        for split, of_split in of_splits.items()
    }
    npz.write(path, {**{split: sequences[split] for split in SPLITS}, **lengths, **numbers})
