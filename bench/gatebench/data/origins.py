"""Where sequences come from: which are windows of one series, one after the other, and which belong to one group."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data.contents import Arrays


@dataclass(frozen=True)
class Origins:
    """What the sequences of a data set come from; empty where that is not known.

    Windows of one series follow one another without a gap, in the order of `SPLITS` and within a split in its order.
    """

    series: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Split -> the number of the series of each sequence, ``[N]``."""
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Split -> the number of the group of each sequence, ``[N]``."""

    def check(self, name: str, arrays: Arrays) -> None:
        """Raise ``BadInput`` unless there is one number for each sequence of a data set."""
        for what, numbers in (("series", self.series), ("groups", self.groups)):
            for split in numbers:
                if len(numbers[split]) != len(arrays[split]):
                    raise BadInput(
                        f"dataset {name}: split '{split}' has {len(arrays[split]):,} sequences, but {what} of "
                        f"{len(numbers[split]):,}; correct the file, or add the data again"
                    )


NO_ORIGINS = Origins()
"""The origins of sequences that stand for themselves."""
