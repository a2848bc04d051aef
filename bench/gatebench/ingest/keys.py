"""The decision which rows make a sequence, and in which order they stand: keys and orders are known by their contents."""

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.data import long_arrays
from gatebench.ingest import ordering, rising
from gatebench.ingest.cells import Column, codes_of
from gatebench.ingest.choices import NONE, Choices
from gatebench.ingest.question import Reading, ask

SEQUENCE_NAMES = ("sequence", "sequence_id", "seq", "seq_id", "series", "series_id", "unique_id", "trial", "trial_id",
                  "session", "session_id", "episode", "episode_id", "id")  # fmt: skip
"""Names of a column that is taken to tell sequences apart."""
FEWEST_ROWS = 2
"""Rows of a sequence on average, at the least, for a column to be its key."""
FEWEST_BLOCKS = 3
"""Blocks of rows with a value each from which on a column may be a key, though no other column restarts."""
GRID = 0.8
"""Share of all pairs of two columns that occur, at the least, for them to be sequences and steps."""
MOST_KEYS = 12
"""Columns that are tried as keys, two at a time, at the most."""


@dataclass(frozen=True)
class Arrangement:
    """Which rows make a sequence, and their order in it."""

    sequence: tuple[str, ...]
    """The columns that tell sequences apart; none: one series, or a file each."""
    order: tuple[str, ...]
    """The columns that put the steps in order, the coarsest first; none: as the rows stand."""
    codes: np.ndarray
    """The number of each row's sequence ``[N]``."""
    lines: tuple[str, ...]
    """What was decided, for the user."""


def arrange(
    columns: dict[str, Column],
    given_codes: np.ndarray | None,
    choices: Choices,
    where: Callable[[int], str],
    each: str = "a file each",
) -> Arrangement:
    """Return how rows make sequences; `Undecided` where that can be read in several ways.

    Parameters
    ----------
    columns
        Name -> column, but those that are named for something else.
    given_codes
        The number of each row's sequence, where that needs no column: every file is one, or every line.
    choices
        What the user chose.
    where
        What a message calls a row.
    each
        What such a sequence is, for the user.

    """
    rows = len(next(iter(columns.values())).missing)
    if given_codes is not None:
        count = int(given_codes.max()) + 1
        order, lines = ordering.decide(columns, given_codes, choices, where, None)
        return Arrangement((), order, given_codes, (f"sequences: {count:,}, {each}", *lines))
    sequence, line = _named(columns, choices)
    if sequence is None and choices.sequence != NONE:
        sequence, line = _by_contents(columns, choices)
    if not sequence:
        one_series = f"sequences: one series of {rows:,} rows, since no column is called sequence (--sequence COLUMN)"
        codes = np.broadcast_to(0, rows)
        order, lines = ordering.decide(columns, codes, choices, where)
        return Arrangement((), order, codes, (line or one_series, *lines))
    for name in sequence:
        if columns[name].missing.any():
            row = where(int(columns[name].missing.argmax()))
            raise BadInput(f"{row} has no {name}; expected one in each row: fill it, or remove the row")
    codes = codes_of([columns[name] for name in sequence])
    others = {name: column for name, column in columns.items() if name not in sequence}
    order, lines = ordering.decide(others, codes, choices, where, sequence)
    line = line or f"sequences: {codes.max() + 1:,}, by column {', '.join(sequence)} (--sequence COLUMN)"
    return Arrangement(sequence, order, codes, (line, *lines))


def split_names(option: str, text: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that an option names, with commas between several; ``BadInput`` if one is none."""
    names = tuple(columns)
    listed = (text,) if text in names else tuple(text.split(","))
    for name in listed:
        if name not in names:
            raise BadInput(f"--{option} {shorten(name)} is no column{did_you_mean(name, list(names))}")
    return listed


def _named(columns: dict[str, Column], choices: Choices) -> tuple[tuple[str, ...] | None, str]:
    """Return the key that the user names, or else the first column of a usual name whose contents allow it."""
    if choices.sequence == NONE:
        return None, "sequences: one series, as asked"
    if choices.sequence is not None:
        return split_names("sequence", choices.sequence, columns), ""
    lower = {name.lower(): name for name in columns}
    name = next((lower[usual] for usual in SEQUENCE_NAMES if usual in lower), None)
    if (
        name is None
        or columns[name].kind == "date"
        or len(long_arrays.distinct(columns[name].codes())) == len(columns[name].missing)
    ):
        return None, ""
    return (name,), ""


def _by_contents(columns: dict[str, Column], choices: Choices) -> tuple[tuple[str, ...] | None, str]:
    """Return the key that another column's repeats or restarts show, with the line that says so."""
    order = ordering.candidates(columns, choices)
    if choices.order == NONE:
        return _by_blocks(columns, order)
    for names in order:
        if _is_unique(columns, (), names):
            return None, ""
    for names in order:
        keys = _keys_of(columns, names)
        if len(keys) == 1:
            count = codes_of([columns[name] for name in keys[0]]).max() + 1
            repeats = f"since {', '.join(names)} begins anew with each"
            return keys[0], f"sequences: {count:,}, by column {', '.join(keys[0])}, {repeats} (--sequence COLUMN)"
        if keys:
            raise ask(
                f"column {', '.join(names)} begins anew {_repeats(columns, names):,} times, and several columns may say why",
                *(Reading(_sequences(columns, key), {"sequence": ",".join(key), "order": ",".join(names)}) for key in keys),
            )
        ordering.refuse_repeats(columns, np.broadcast_to(0, len(columns[names[0]].missing)), names, ())
    if not order:
        _ask_about_grid(columns, choices)
    return _by_blocks(columns, order)


def _ask_about_grid(columns: dict[str, Column], choices: Choices) -> None:
    """Ask about two or three columns of whole numbers or texts that occur together once each, however rows stand."""
    possible = [name for name in _possible_keys(columns, ()) if name not in (choices.numbers or [])][:MOST_KEYS]
    counts = {name: int(codes_of([columns[name]]).max()) + 1 for name in possible}
    rows = len(next(iter(columns.values())).missing)
    for names in (*combinations(possible, 2), *combinations(possible, 3)):
        of_grid = math.prod(counts[name] for name in names)
        if not rows <= of_grid <= rows / GRID or not _is_unique(columns, names, ()):
            continue
        whole = [name for name in names if columns[name].is_whole]
        fitting = [(tuple(name for name in names if name != step), step) for step in whole]
        fitting = [(key, step) for key, step in fitting if _is_key(columns, key, (step,))]
        # The steps of sequences rather count up than name something; of several such the one of most values does.
        fitting.sort(key=lambda key_and_step: -counts[key_and_step[1]])
        if not fitting:
            continue
        readings = [
            Reading(f"{_sequences(columns, key)}, in the order of {step}", {"sequence": ",".join(key), "order": step})
            for key, step in fitting
        ]
        measured = {"numbers": [*(choices.numbers or []), *whole]}
        if codes := [name for name in names if name not in whole]:
            measured["codes"] = [*(choices.codes or []), *codes]
        raise ask(
            f"columns {', '.join(names[:-1])} and {names[-1]} occur together once each, as sequences and their steps do",
            *readings,
            Reading("they are inputs of one series", {"sequence": NONE, **measured}),
        )


def _sequences(columns: dict[str, Column], key: tuple[str, ...]) -> str:
    return f"{codes_of([columns[name] for name in key]).max() + 1:,} sequences by {', '.join(key)}"


def _repeats(columns: dict[str, Column], names: tuple[str, ...]) -> int:
    return int(np.bincount(codes_of([columns[name] for name in names])).max())


def _is_unique(columns: dict[str, Column], key: tuple[str, ...], order: tuple[str, ...]) -> bool:
    first, *others = (*key, *order)
    of_all = codes_of([columns[name] for name in key]) if key else np.broadcast_to(0, len(columns[first].missing))
    return ordering.is_unique_within(columns, of_all, tuple(order or (first, *others)))


def _keys_of(columns: dict[str, Column], order: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the smallest sets of columns with which an order is unique; of columns that part alike, the first one."""
    possible = _possible_keys(columns, order)
    for size in (1, 2):
        sets = [key for key in combinations(possible[:MOST_KEYS], size) if _is_key(columns, key, order)]
        different: dict[bytes, tuple[str, ...]] = {}
        for key in sets:
            different.setdefault(_digest(codes_of([columns[name] for name in key])), key)
        if different:
            return list(different.values())
    return []


def _digest(codes: np.ndarray) -> bytes:
    digest = hashlib.sha256()
    for _, block in long_arrays.rows_of(codes):
        digest.update(block.tobytes())
    return digest.digest()


def _is_key(columns: dict[str, Column], key: tuple[str, ...], order: tuple[str, ...]) -> bool:
    codes = codes_of([columns[name] for name in key])
    count = int(codes.max()) + 1
    if not _is_unique(columns, key, order) or count * FEWEST_ROWS > len(codes):
        return False
    if all(columns[name].kind == "text" for name in key):
        return True
    # Measured whole numbers may by chance never repeat at one time; steps of a sequence follow one another.
    return rising.rises_regularly(codes, ordering.values_of(columns, order))


def _possible_keys(columns: dict[str, Column], order: tuple[str, ...]) -> list[str]:
    rows = len(next(iter(columns.values())).missing)

    def possible(column: Column) -> bool:
        if column.name in order or not (column.is_whole or (column.kind == "text" and not column.missing.any())):
            return False
        return 1 < int(codes_of([column]).max()) + 1 <= rows // FEWEST_ROWS

    return [name for name, column in columns.items() if possible(column)]


def _by_blocks(columns: dict[str, Column], order: list[tuple[str, ...]]) -> tuple[tuple[str, ...] | None, str]:
    """Ask about a column whose values stand in blocks of rows, each value in one: a key, or a measurement that rests."""
    if order and any(_is_unique(columns, (), names) for names in order):
        return None, ""
    for name in _possible_keys(columns, ()):
        codes = codes_of([columns[name]])
        blocks = int((np.diff(codes) != 0).sum()) + 1
        if blocks == int(codes.max()) + 1 >= FEWEST_BLOCKS and blocks * 4 <= len(codes):
            raise ask(
                f"column {name} has {blocks:,} values, each in the rows of one block",
                Reading(f"{blocks:,} sequences", {"sequence": name}),
                Reading("one series, of which it is an input", {"sequence": NONE}),
            )
    return None, ""
