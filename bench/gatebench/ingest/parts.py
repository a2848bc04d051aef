"""Sequences that are split and perhaps cut, each with the sequence of the data that it is a part of."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gatebench.data.contents import SPLITS, Arrays
from gatebench.data.origins import Origins
from gatebench.ingest.raw import RawData


@dataclass(frozen=True)
class Parts:
    """The sequences of each split. Parts of one series stand in the order of time, in a split and from one to the next."""

    arrays: Arrays
    """Split -> arrays ``[T, X]``, the target's columns last."""
    sources: dict[str, list[int]]
    """Split -> the number of the sequence in the data that each array is from."""
    breaks: bool = False
    """Whether steps between the parts of two splits are left out, so that those of one do not follow those of the other."""

    def origins(self, raw: RawData) -> Origins:
        """Return what is written of where the parts are from: their series, if one has several, and their groups."""
        numbers = {split: np.array(self.sources[split], np.int64) for split in SPLITS}
        groups, series = {}, numbers
        if raw.groups is not None:
            of_sequences = pd.factorize(pd.Series(raw.groups, dtype=object))[0].astype(np.int64)
            groups = {split: of_sequences[numbers[split]] for split in SPLITS}
        if self.breaks:
            series = {split: numbers[split] + place * len(raw.sequences) for place, split in enumerate(SPLITS)}
        counts = Counter(np.concatenate([*series.values()]).tolist())
        return Origins(series if max(counts.values()) > 1 else {}, groups)
