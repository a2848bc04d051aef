"""Blocks of test sequences: what a split holds independent ones of, so that intervals are over them.

Windows of one series resemble their neighbours, and sequences of one person or machine resemble each other: they say less
of new data than as many sequences that have nothing to do with one another.
"""

import math
from typing import Literal, NamedTuple

from gatebench.data import series
from gatebench.data.sequences import Sequence

FEWEST_GROUPS = 2
"""Groups from which on they are the blocks."""
FEWEST_SERIES = 5
"""Series from which on they are the blocks; fewer are cut into stretches."""
FEWEST_STRETCHES = 5
"""Stretches that series are cut into, at the least; fewer windows stand for themselves."""


class BlocksOfSplit(NamedTuple):
    """What the sequences of a split stand together in."""

    kind: Literal["sequence", "group", "series", "stretch"]
    """What a block is: a sequence by itself, those of a group or of a series, or windows in a row."""
    numbers: list[int]
    """The number of the block of each sequence, from 0; of stretches, those that follow one another count on, and between
    two series a number is left out. Empty where each sequence is a block by itself."""


def of(sequences: list[Sequence]) -> BlocksOfSplit:
    """Return the blocks of a split: its groups, if there are several, or else its series, or else stretches of windows."""
    groups = [sequence.group for sequence in sequences]
    if None not in groups and len(set(groups)) >= FEWEST_GROUPS:
        return BlocksOfSplit("group", _numbered(groups))
    numbers = [sequence.series for sequence in sequences]
    if None not in numbers and len(set(numbers)) >= FEWEST_SERIES:
        return BlocksOfSplit("series", _numbered(numbers))
    if None not in numbers and len(sequences) >= FEWEST_STRETCHES:
        return BlocksOfSplit("stretch", _stretches(sequences))
    return BlocksOfSplit("sequence", [])


def _numbered(names: list[int | None]) -> list[int]:
    """Return the number of each name, in the order in which they come first."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return [numbers[name] for name in names]


def _stretches(sequences: list[Sequence]) -> list[int]:
    """Return the stretch of each window: of about 2 sqrt(n) of n windows, or of a fifth of them where that is fewer.

    A stretch must be long beside what its windows share with their neighbours, and there must be several. Shorter ones than
    these hold too little where that is much (`gatebench.report.stats.crossed`).
    """
    count = len(sequences)
    wanted = max(FEWEST_STRETCHES, math.isqrt(count) // 2)
    numbers, first = [0] * count, 0
    for run in series.runs(sequences):
        stretches = math.ceil(wanted * len(run) / count)
        for place, i in enumerate(run):
            numbers[i] = first + place * stretches // len(run)
        first += stretches + 1
    return numbers
