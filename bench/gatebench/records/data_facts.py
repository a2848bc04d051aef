"""What a record says of the data that its trial was trained on."""

from dataclasses import dataclass, field
from typing import Literal

from gatebench.records.decoding import Natural


@dataclass(frozen=True)
class Blocks:
    """What the sequences of the test split stand together in, so that scores of blocks and not of sequences are independent.

    Records of versions that did not say it are of sequences that each stand for themselves.
    """

    kind: Literal["sequence", "group", "series", "stretch"] = "sequence"
    """What a block is: a sequence by itself, those of a group or of a series, or windows of a series in a row."""
    numbers: list[Natural] = field(default_factory=list)
    """The number of the block of each sequence; stretches with consecutive numbers follow one another. Empty of sequences
    by themselves."""


@dataclass(frozen=True)
class DataFacts:
    """What a score means that was reached on a data set."""

    kind: str = "piano_roll"
    """A kind of `gatebench.data.contents`."""
    time_step: str = ""
    """What a step is, in words."""
    outputs: Natural = 0
    """Numbers that are predicted at once."""
    rate: Natural | None = None
    """Samples of audio a second."""
    mean: float | list[float] | None = None
    """What was subtracted from the targets; of several columns one each."""
    std: float | list[float] | None = None
    """What the targets were then divided by."""
    read_mean: float | list[float] | None = None
    """What was subtracted from the inputs; None in records of versions that had one scale for both."""
    read_std: float | list[float] | None = None
    """What the inputs were then divided by."""
    names: list[str] = field(default_factory=list)
    """The classes of a label, or the predicted columns of real numbers, where they have names."""
    horizon: Natural = 1
    """Steps ahead that are predicted at once."""
    outside: float = 0.0
    """The largest share of a column's numbers in test that lie outside train's range; of what is no amount, 0."""
    blocks: Blocks = field(default_factory=Blocks)
    """What the test sequences stand together in."""
