"""The split that each row of a table is in, where a column or the names of files give it."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.ingest import given, keys, numbering
from gatebench.ingest.cells import Column, codes_of
from gatebench.ingest.choices import Choices
from gatebench.ingest.keys import Arrangement
from gatebench.ingest.tabular import Table


@dataclass(frozen=True)
class RowSplits:
    """A split that is given for every row."""

    column: str | None
    """The column that says so; None: the names of the files do."""
    of_rows: np.ndarray
    """The split of each row ``[N]``."""
    line: str
    """What is said about it."""


def find(table: Table, columns: dict[str, Column], choices: Choices) -> RowSplits | None:
    """Return the split that a column gives, the named one or one of words for splits alone, or that files give."""
    if choices.split_column is not None:
        name = choices.split_column
        if name not in columns:
            raise BadInput(f"--split-column {shorten(name)} is no column{did_you_mean(name, list(columns))}")
        return _of_column(table, columns[name])
    if table.splits is not None:
        words = np.array(table.splits)[table.files_of(np.arange(len(table.rows)))]
        return RowSplits(None, words, "split: by the names of the files (--split sequence)")
    named = {
        choices.label,
        choices.group,
        choices.sequence,
        choices.order,
        *(choices.columns or []),
        *(choices.without or []),
    }
    texts = [c for n, c in columns.items() if n not in named and c.kind == "text" and not c.missing.any()]
    fitting = [column for column in texts if given.are_splits(column.different)]
    return _of_column(table, fitting[0]) if fitting else None


def _of_column(table: Table, column: Column) -> RowSplits:
    splits = {word: given.split_of(word) for word in column.different}
    if column.missing.any() or None in splits.values():
        row = int(column.missing.argmax()) if column.missing.any() else [*map(splits.get, column.values)].index(None)
        raise BadInput(
            f"{table.where(row)}, column {column.name} has {shorten(repr(table.rows[column.name].iloc[row]))}; expected "
            "train, valid or test: correct it, or use another: --split-column COLUMN"
        )
    of_rows = np.array([*map(splits.get, column.values)], str)
    return RowSplits(column.name, of_rows, f"split: by column {column.name} (--split-column COLUMN, --split sequence)")


def arrange(columns: dict[str, Column], table: Table, splits: RowSplits | None, choices: Choices) -> Arrangement:
    """Return how rows make sequences, none of which is in two splits.

    Parameters
    ----------
    columns
        Name -> column, but those that are named for something else.
    table
        The rows.
    splits
        The split of each row, if it is given. Keys and orders are then looked for in train alone: numbers of sequences
        may begin anew in every split.
    choices
        What the user chose.

    """
    if splits is None:
        return keys.arrange(columns, table.codes, choices, table.where, table.each)
    train = np.flatnonzero(splits.of_rows == "train")
    in_train = {n: replace(c.take(train), spoilt=None) for n, c in columns.items()}
    codes = None if table.codes is None else pd.factorize(table.codes[train])[0]
    arrangement = keys.arrange(in_train, codes, choices, lambda row: table.where(int(train[row])), table.each)
    of_all = table.codes if table.codes is not None else np.zeros(len(splits.of_rows), np.int64)
    if arrangement.sequence:
        of_all = codes_of([columns[name] for name in arrangement.sequence])
    refined = numbering.pair(of_all, pd.factorize(splits.of_rows)[0])
    lines = (
        splits.line,
        *arrangement.lines[:1],
        f"sequences: these are of train; {refined.max() + 1:,} in all splits",
        *arrangement.lines[1:],
    )
    return replace(arrangement, codes=refined, lines=lines)
