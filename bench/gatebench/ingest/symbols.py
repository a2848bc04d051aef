"""The decision which symbols there are: those of train, and one for all others."""

from dataclasses import replace

import numpy as np

from gatebench.data.contents import SPLITS, Arrays
from gatebench.ingest.raw import RawData
from gatebench.ingest.split import join

UNKNOWN = "\ufffd"
"""The symbol that stands for those that train lacks."""


def decide(raw: RawData, arrays: Arrays) -> tuple[RawData, Arrays, list[str]]:
    """Return the data and its arrays with numbers for the symbols that train has, and a line if others have one more."""
    in_train = np.unique(np.concatenate(arrays["train"])[:, 0]).astype(int)  # beside a value, even symbols are floats
    anywhere = np.unique(np.concatenate([array for split in SPLITS for array in arrays[split]])[:, 0])
    lacking = len(anywhere) - len(in_train)
    names = [raw.names[i] for i in in_train]
    if lacking:
        names.append(UNKNOWN)
    numbers = np.full(len(raw.names), len(in_train))
    numbers[in_train] = np.arange(len(in_train))

    def renumber(array: np.ndarray) -> np.ndarray:
        return join(numbers[array[:, :1].astype(int)], array[:, 1:])

    renumbered = {split: [renumber(array) for array in arrays[split]] for split in arrays}
    line = f"unknown: {lacking} symbol(s) that train lacks are read as one"
    return replace(raw, names=tuple(names)), renumbered, [line] if lacking else []
