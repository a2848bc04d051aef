"""The decision whether blocks of rows, which blank lines part, are sequences."""

from dataclasses import replace

import numpy as np

from gatebench.ingest import keys, ordering
from gatebench.ingest.cells import Column
from gatebench.ingest.choices import BLANK, NONE, Choices
from gatebench.ingest.numbering import pair
from gatebench.ingest.question import Reading, ask
from gatebench.ingest.tabular import Table

FEWEST_ROWS = 2
"""Rows of a block on average, at the least."""
FEWEST_OF_ONE = 5
"""Blocks of a single column, where an empty line is else a value that is missing, at the least."""


def are_answered(table: Table, choices: Choices) -> bool:
    """Whether a choice of what tells sequences apart is about blank lines that the table has."""
    return table.blocks is not None and choices.sequence in (BLANK, NONE)


def decide(table: Table, columns: dict[str, Column], choices: Choices) -> tuple[Table, Choices]:
    """Return a table whose blocks are its sequences, where that is chosen, and the choices that remain.

    `Undecided` where nothing is chosen, and no column says that rows go on from block to block or names the blocks.
    """
    if table.blocks is None or (choices.sequence == BLANK and BLANK in columns):
        return table, choices
    if choices.sequence == BLANK:
        each = "a block between blank lines each (--sequence none)"
        return replace(table, codes=table.blocks, each=each), replace(choices, sequence=None)
    if choices.sequence == NONE and table.codes is not None:
        return table, replace(choices, sequence=None)
    if choices.sequence is not None or choices.layout in ("series-a-row", "series-a-column"):
        return table, choices
    blocks = table.blocks
    if len(columns) == 1:
        (column,) = columns.values()
        blocks = blocks[~column.missing]
        if choices.missing is not None or len(np.unique(blocks)) < FEWEST_OF_ONE or np.bincount(blocks).min() < 2:
            return table, choices
    counts = np.bincount(blocks)
    several = (counts > 1).sum() > 1 and len(blocks) >= FEWEST_ROWS * len(counts)
    if not several or _says_otherwise(table, table.blocks, columns, choices):
        return table, choices
    one = "one series" if table.codes is None else f"sequences are {table.each}"
    raise ask(
        f"blank lines part {len(blocks):,} rows into {len(counts):,} blocks",
        Reading(f"{len(counts):,} sequences, a block each", {"sequence": BLANK}),
        Reading(f"{one}, and blank lines say nothing", {"sequence": NONE}),
    )


def _says_otherwise(table: Table, blocks: np.ndarray, columns: dict[str, Column], choices: Choices) -> bool:
    """Whether a column has a value of its own in each block or is called as one that does, or time goes on through all."""
    if any(name.lower() in keys.SEQUENCE_NAMES for name in columns):
        return True
    files = table.files_of(np.arange(len(blocks)))
    if any(ordering.is_unique_within(columns, files, names) for names in ordering.candidates(columns, choices)):
        return True
    return any(
        int(codes.max()) == int(blocks.max()) == int(pair(blocks, codes).max())
        for codes in (column.codes() for column in columns.values())
    )
