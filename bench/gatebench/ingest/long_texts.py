"""Columns of long texts, each in a row of its own: which hold them, and what is asked about them."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import tokens, unread
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Reading, Undecided, ask

CHARACTERS = 20
"""Characters of a long text on average, at the least."""
WORDS = 3
"""Words of a text on average from which on words may be its symbols."""
BLANK, LINE_END = "\u2423", "\u2424"
"""What is written for a blank, and for the end of a line."""
LOOKED_AT = 1000
"""Different texts that are looked at."""


def are_long(different: Iterable[object], count: int) -> bool:
    """Whether texts, of which so many stand in all cells, are long ones that hardly come again."""
    texts = [*map(str, different)]
    return 2 * len(texts) > count and _mean(map(len, texts[:LOOKED_AT])) >= CHARACTERS


def split(rows: pd.DataFrame, where: str, choices: Choices) -> pd.DataFrame:
    """Return rows whose long texts are lists of symbols, where the user says what those are; else the rows as they are."""
    if choices.tokens is None:
        return rows
    others = {choices.label, choices.group, choices.split_column, *(choices.without or [])}
    names = [
        name for name in rows.columns
        if name not in others and (choices.columns is None or name in choices.columns) and _holds_long_texts(rows[name])
    ]  # fmt: skip
    if len(names) != 1:
        raise BadInput(
            f"--tokens {choices.tokens} is given, but {where} has {shorten(', '.join(names)) or 'no column'} of long texts; "
            + ("expected one: choose it: --columns COLUMN" if names else "expected one: remove it")
        )
    (name,) = names
    listed = [_symbols(text, choices.tokens) if isinstance(text, str) else None for text in rows[name]]
    return rows.assign(**{name: pd.Series(listed, rows.index, object)})


def _symbols(text: str, kind: str) -> list[str]:
    """Return the symbols of a text, blanks and line ends as signs, since a cell of a table that is blank is empty."""
    return [(LINE_END if "\n" in token else BLANK) if token.isspace() else token for token in tokens.split(text, kind)]


def _holds_long_texts(column: pd.Series) -> bool:
    cells = column.dropna()
    return pd.api.types.is_string_dtype(cells) and are_long(cells.unique(), len(cells))


def question(name: str, different: np.ndarray, count: int, others: Sequence[str], choices: Choices) -> Undecided:
    """Return what is asked about long texts of which each may be a sequence.

    Parameters
    ----------
    name
        Their column.
    different
        The different ones of them.
    count
        How many there are.
    others
        The columns that are read where texts are left out; none: texts would be symbols.
    choices
        What the user chose.

    """
    texts = [*map(str, different[:LOOKED_AT])]
    readings = [Reading("each is a sequence of characters", {"tokens": "character"})]
    if _mean(len(text.split()) for text in texts) >= WORDS:
        readings.insert(0, Reading("each is a sequence of words", {"tokens": "word"}))
    if others:
        left_out: dict[str, object] = {"without": [*(choices.without or []), name]}
        readings.append(Reading(f"they are left out, and {shorten(', '.join(others))} is one series", left_out))
    elif len(different) <= unread.MOST_ONCE * count:
        readings.append(Reading("all are one series, and each is a symbol", {"columns": [name]}))
    return ask(
        f"column {name} has {len(different):,} different texts of {_mean(map(len, texts)):.0f} characters on average, as "
        f"{shorten(repr(texts[0][:30]))}",
        *readings,
    )


def _mean(numbers: Iterable[int]) -> float:
    counted = [*numbers]
    return sum(counted) / max(len(counted), 1)
