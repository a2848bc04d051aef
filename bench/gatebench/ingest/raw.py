"""Sequences as a reader of files hands them on, before anything is decided about them."""

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from gatebench.data.contents import Kind, Target


@dataclass(frozen=True)
class RawData:
    """Sequences as they stand in files. Lists have an entry for each sequence."""

    sequences: list[np.ndarray]
    """The inputs of each sequence, ``[T, X]``."""
    time_step: str
    """What a step is, for the card."""
    origins: list[str]
    """Where each sequence comes from, for messages."""
    kind: Kind | None = None
    """What the inputs are; None: it follows from the numbers."""
    names: tuple[str, ...] = ()
    """Names of the input columns; of symbols, the symbol of each number."""
    only_read: tuple[str, ...] = ()
    """Names of input columns that are read and never predicted, such as one that says where another is missing."""
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a category -> its values, whose columns are one-hot: ``name=value`` for each, or for the second of two."""
    differenced: tuple[str, ...] = ()
    """Names of input columns that are changes from the step before."""
    targets: list[np.ndarray] | None = None
    """The target of each sequence, ``[T, Y]``, a row for every step."""
    target: Target | None = None
    """What the target is."""
    groups: list[Hashable] | None = None
    """The group of each sequence; None: there are no groups."""
    splits: list[str] | None = None
    """The split of each sequence, where the data gives one; None: it is decided here."""
    files: list[int] | None = None
    """The number of the file that each sequence is from, where there are several; None: that is not known."""
    is_filled_by_train: bool = False
    """Whether NaN at the beginning of sequences waits for the mean of train."""
    rate: int | None = None
    """Samples of audio a second."""
    decisions: list[str] = field(default_factory=list)
    """What the reader decided, a line for each decision."""

    @property
    def has_one_target(self) -> bool:
        """Whether a whole sequence has one target."""
        return self.target is not None and self.target.of == "sequence"
