"""What intervals are over beside repetitions: test sequences or, where these hang together, the blocks they stand in."""

import numpy as np

from gatebench.records.data_facts import Blocks
from gatebench.records.frame import Frame
from gatebench.report.stats.crossed import SequenceScores
from gatebench.report.words import listed

NAMES = {"sequence": "sequences", "group": "groups", "series": "series", "stretch": "stretches of windows"}
"""Kind of block -> what several are called."""


def name(frame: Frame, task: str) -> str:
    """Return what intervals on a task are over beside repetitions, as `NAMES` has it."""
    return NAMES[frame.blocks.get(task, Blocks()).kind]


def of_test(frame: Frame, task: str) -> str:
    """Return the same with the word ``test``, of how many there are or would have to be."""
    return f"test {name(frame, task)}"


def scores(frame: Frame, task: str, of_sequences: SequenceScores) -> SequenceScores:
    """Return the scores of what intervals on a task are over, from those of all its test sequences."""
    blocks = frame.blocks.get(task)
    if blocks is None:
        return of_sequences
    return of_sequences.in_blocks(np.array(blocks.numbers), blocks.kind == "stretch")


def note(frame: Frame) -> list[str]:
    """Return a sentence about what new sequences are where they do not stand for themselves, for whole figures."""
    parts = [
        f"on {frame.datasets[task]}, {NAMES[blocks.kind]} (n = {len(set(blocks.numbers))})"
        for task, blocks in frame.blocks.items()
    ]
    return [f"Sequences hang together in blocks, over which intervals are: {listed(parts)}."] if parts else []
