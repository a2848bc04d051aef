"""The decision which columns are read, and as what: amounts, codes, categories; what is left out, and why."""

import shlex
from dataclasses import dataclass, field

import numpy as np

from gatebench.core.errors import shorten
from gatebench.data import long_arrays
from gatebench.ingest import dates, identifiers, long_texts, numbering, rising, unread
from gatebench.ingest.cells import CodedTexts, Column, codes_of
from gatebench.ingest.choices import NONE, Choices
from gatebench.ingest.keys import Arrangement
from gatebench.ingest.question import Reading, ask

GROUP_NAMES = ("group", "subject", "subject_id", "speaker", "speaker_id", "patient", "patient_id", "user", "user_id")
"""Names of a column that is taken to say which sequences belong together."""
MOST_CATEGORIES = 32
"""Different texts of a column that is read as categories beside numbers, at the most."""
MOST_CODES = 256
"""Different values of a column that is named as one of codes, at the most."""
CODES = range(3, 21)
"""How many different whole numbers may be codes."""
ROWS_OF_A_CODE = 10
"""Rows for each different whole number from which on they may be codes."""
MANY_TEXTS = "different texts"
"""How the reason ends for which a column of texts is left out that are no categories."""
FAR = 5.0
"""Ranges of all other values from which on a value that comes again and again is far from them."""
USUAL_MARKS = (-99, -999, -9999, -99999, 999, 9999, 99999)
"""Numbers that often stand for what is missing: one of them is asked about also where it stands once."""
FEWEST_OTHERS = 5
"""Different other values, at the least, for one to be far from them."""


@dataclass
class ColumnUses:
    """What becomes of the columns that are no key, order or target."""

    group: str | None = None
    """The column that says which sequences belong together."""
    numbers: list[str] = field(default_factory=list)
    """Columns of amounts, as they are."""
    categories: list[str] = field(default_factory=list)
    """Columns of codes or texts, a column for each different one."""
    symbols: str | None = None
    """The only input, which holds texts."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Column -> why it is not read."""

    @property
    def names(self) -> list[str]:
        """All columns that are read."""
        return [self.symbols] if self.symbols else [*self.numbers, *self.categories]

    def lines(self, columns: dict[str, Column], is_long: bool = True) -> list[str]:
        """Return what was decided, for the user; of one long table a column may tell sequences apart."""
        lines = [f"columns: {shorten(', '.join(self.names))} (--columns A,B)"]
        roles = ("without", "label", "sequence") if is_long else ("without", "label")
        for name in self.categories:
            different = columns[name].different
            shown = shorten(", ".join(map(str, different[:8]))) + (", ..." if len(different) > 8 else "")
            others = "; ".join(f"--{role} {shlex.quote(name)}" for role in roles)
            lines.append(f"categories: {name} of {len(different)} ({shown}), one-hot ({others})")
        lines += [
            f"numbers: {name}, {columns[name].written}"
            for name in self.numbers if columns[name].written and columns[name].kind == "number"
        ]  # fmt: skip
        lines += [f"left out: {name}, which {why} (--columns A,B)" for name, why in self.left_out.items()]
        return lines


def decide(columns: dict[str, Column], arrangement: Arrangement, choices: Choices) -> ColumnUses:
    """Return what columns are read as; `Undecided` where one can be read in several ways.

    Parameters
    ----------
    columns
        Name -> column, but keys, orders and the target.
    arrangement
        The sequences.
    choices
        What the user chose.

    """
    uses = ColumnUses()
    uses.group = _find_group(columns, arrangement, choices)
    possible = [
        column for name, column in columns.items()
        if name != uses.group and (choices.columns is None or name in choices.columns)
    ]  # fmt: skip
    for column in possible:
        _place(uses, column, arrangement, choices, possible)
        column.release()
    texts = [name for name in uses.categories if columns[name].kind == "text" and name not in (choices.codes or [])]
    free = [name for name, why in uses.left_out.items() if why.endswith(MANY_TEXTS)]
    if not uses.numbers and len(uses.categories) == len(texts) and len(texts) + len(free) == 1:
        uses.symbols = (texts + free)[0]
        uses.categories, uses.left_out = [], {n: why for n, why in uses.left_out.items() if n != uses.symbols}
    _ask_about_long_texts(uses, columns, arrangement, choices)
    if uses.symbols:
        unread.refuse_single_symbols(columns[uses.symbols])
    return uses


def _ask_about_long_texts(uses: ColumnUses, columns: dict[str, Column], arrangement: Arrangement, choices: Choices) -> None:
    """Ask about long texts, one a row, which would be symbols of one series, or be left out of one that says little else."""
    if arrangement.codes.any() or choices.columns is not None:
        return
    texts = [uses.symbols] if uses.symbols else [name for name, why in uses.left_out.items() if why.endswith(MANY_TEXTS)]
    amounts = [name for name in uses.numbers if len(columns[name].different) > CODES.stop]
    for name in texts if not amounts else []:
        column = columns[name]
        count = int((~column.missing).sum())
        if long_texts.are_long(column.different, count):
            others = [] if uses.symbols else [other for other in uses.names if other != name]
            raise long_texts.question(name, column.different, count, others, choices)


def _find_group(columns: dict[str, Column], arrangement: Arrangement, choices: Choices) -> str | None:
    if choices.group is not None:
        return None if choices.group == NONE else choices.group
    if not arrangement.codes.any():
        return None  # one series is no group of sequences
    needed = {*(choices.columns or []), *(choices.numbers or []), *(choices.codes or [])}
    lower = {name.lower(): name for name in columns if name not in needed}
    return next((lower[name] for name in GROUP_NAMES if name in lower), None)


def _place(uses: ColumnUses, column: Column, arrangement: Arrangement, choices: Choices, possible: list[Column]) -> None:
    """Enter one of the possible columns where it belongs."""
    name, explicit = column.name, choices.columns is not None
    if name in (choices.codes or []):
        uses.categories.append(name)
        return
    if name in (choices.numbers or []):
        uses.numbers.append(name)
        return
    why = _why_left_out(column, arrangement)
    if not explicit and (why is None or why.endswith(MANY_TEXTS)):
        _ask_about_names(column, arrangement, choices)
    if not explicit and why is not None and why.endswith(MANY_TEXTS):
        unread.refuse_amounts(column)
    if why and not (explicit and column.kind in ("number", "text")):
        uses.left_out[name] = why
        return
    if not explicit:
        _ask_about_counting_down(column, arrangement, choices)
        _ask_about_rest(column, arrangement, choices)
    if column.kind == "text":
        (uses.numbers if column.spoilt is not None else uses.categories).append(name)
        return
    if column.kind == "number":
        _ask_about_far_values(column, choices)
        # A column alone is symbols or amounts, which is decided, and said, with the kind of the data.
        if not explicit and sum(_why_left_out(other, arrangement) is None for other in possible) != 1:
            _ask_about_codes(column, possible, choices)
    uses.numbers.append(name)


def _why_left_out(column: Column, arrangement: Arrangement) -> str | None:
    """Return why a column says nothing that is to be read, or None."""
    column.release()
    if column.kind == "empty":
        return "is empty"
    if (only := _only_value(column)) is not None:
        return f"is {shorten(only)} everywhere"
    if column.kind == "date":
        if column.written == dates.OF_A_DAY:
            return f"holds times of day; if they are durations: --numbers {shlex.quote(column.name)}"
        return "holds dates"
    if column.kind == "number":
        if rising.counts(arrangement.codes, column) or rising.counts(np.broadcast_to(0, len(column.missing)), column):
            return "counts the rows"
        if column.is_whole and arrangement.codes.any() and _same_parts(column, arrangement):
            return "tells the same sequences apart"
        return None
    if arrangement.codes.any() and not column.missing.any() and _same_parts(column, arrangement):
        return "tells the same sequences apart"
    different = column.different
    many = len(different) > MOST_CATEGORIES or len(different) * 2 > int((~column.missing).sum())
    return f"has {len(different):,} {MANY_TEXTS}" if many and column.spoilt is None else None


def _only_value(column: Column) -> object:
    """Return the value that all cells of a column have which are not missing; None where they differ."""
    if column.kind == "text":
        different = column.different
        return different[0] if len(different) == 1 else None
    values = column.present
    return values[0] if all((block == values[0]).all() for _, block in long_arrays.rows_of(values)) else None


def _same_parts(column: Column, arrangement: Arrangement) -> bool:
    codes = codes_of([column])
    return int(codes.max()) == int(arrangement.codes.max()) and bool((codes == numbering.number(arrangement.codes)).all())


def _rests(column: Column, arrangement: Arrangement) -> bool:
    """Whether a column is the same in all steps of each of several sequences."""
    if not arrangement.codes.any():
        return False
    first = slice(long_arrays.NUMBERS)
    cells = column.stored.codes[first] if isinstance(column.stored, CodedTexts) else column.stored[first]
    differ = (cells[1:] != cells[:-1]) & ((cells[1:] == cells[1:]) | (cells[:-1] == cells[:-1]))
    if (rising.within(arrangement.codes[first]) & differ).any():
        return False
    return len(long_arrays.distinct(numbering.pair(arrangement.codes, column.codes()))) == len(
        long_arrays.distinct(arrangement.codes)
    )


def _more(chosen: list[str] | None, name: str) -> list[str]:
    return [*(chosen or []), name]


def _ask_about_rest(column: Column, arrangement: Arrangement, choices: Choices) -> None:
    """Ask what a column is that has one value a sequence: a target, a group, an input."""
    if not _rests(column, arrangement):
        return
    name = column.name
    sequences = len(long_arrays.distinct(arrangement.codes))
    values = int(codes_of([column]).max()) + 1
    shared = values < sequences and (column.kind == "text" or column.is_whole)
    if choices.label is not None and not shared:
        return  # an input beside the target, which it does not name
    readings = [Reading("it is to be predicted", {"label": name})] if choices.label is None else []
    if shared and choices.group is None:
        readings.append(Reading("sequences that share it belong together", {"group": name}))
    as_input = "numbers" if column.kind == "number" else "codes"
    readings.append(Reading("it is an input", {as_input: _more(getattr(choices, as_input), name)}))
    readings.append(Reading("it is left out", {"without": _more(choices.without, name)}))
    share = f", shared by {sequences / values:.3g} sequences on average" if shared else ""
    raise ask(f"column {name} has one value a sequence, {values:,} different ones{share}", *readings)


def _ask_about_names(column: Column, arrangement: Arrangement, choices: Choices) -> None:
    """Ask about a column that tells things apart by its name, or many by blocks of rows, where all rows are one series."""
    if arrangement.codes.any() or choices.sequence is not None or not (column.is_whole or column.kind == "text"):
        return
    codes = codes_of([column])
    values = int(codes.max()) + 1
    if not 1 < values <= len(codes) // identifiers.ROWS_OF_A_THING or column.missing.any():
        return
    if identifiers.NAME.search(column.name):
        why = f"is called like what has a series of its own, and has {values:,} different values"
    elif column.kind == "text" and values > MOST_CATEGORIES and identifiers.stand_in_blocks(codes):
        why = f"has {values:,} different texts, each in the rows of one block"
    else:
        return
    as_category = Reading("one series, beside which it is a category", {"codes": _more(choices.codes, column.name)})
    raise ask(
        f"column {column.name} {why}",
        Reading(f"{values:,} sequences", {"sequence": column.name}),
        *([as_category] if values <= MOST_CODES else []),
        Reading("one series, and it is left out", {"without": _more(choices.without, column.name)}),
    )


def _ask_about_counting_down(column: Column, arrangement: Arrangement, choices: Choices) -> None:
    """Ask about a column that falls by one constant: what is left until an end is often a target."""
    if column.kind != "number" or column.missing.any():
        return
    first = slice(long_arrays.NUMBERS)
    if not rising.rises(arrangement.codes[first], -column.values[first].astype(float)):
        return
    falling = Column(column.name, "number", -column.values.astype(float), column.missing)
    if rising.counts(arrangement.codes, falling):
        readings = [Reading("it is to be predicted", {"label": column.name})] if choices.label is None else []
        raise ask(
            f"column {column.name} falls by one constant from row to row",
            *readings,
            Reading("it is left out", {"without": _more(choices.without, column.name)}),
            Reading("it is an input", {"numbers": _more(choices.numbers, column.name)}),
        )


def _ask_about_codes(column: Column, possible: list[Column], choices: Choices) -> None:
    """Ask whether few different whole numbers are amounts or stand for something; once for all columns that share them."""
    different = _codes_of(column)
    if different is None:
        return
    decided = {*(choices.codes or []), *(choices.numbers or [])}
    codes = {other.name: _codes_of(other) for other in possible if other.name not in decided}
    alike = [name for name, values in codes.items() if values is not None and np.array_equal(values, different)]
    shown = ", ".join(str(int(value)) for value in different[:4])
    have = f"column {column.name} has" if len(alike) == 1 else f"columns {shorten(', '.join(alike))} have"
    raise ask(
        f"{have} {len(different)} different whole numbers ({shown}, ...)",
        Reading("codes, each of which stands for something", {"codes": [*(choices.codes or []), *alike]}),
        Reading("amounts", {"numbers": [*(choices.numbers or []), *alike]}),
    )


def _codes_of(column: Column) -> np.ndarray | None:
    """Return the different numbers of a column, in order, where they may be codes; else None."""
    if not column.is_whole:
        return None
    different = long_arrays.distinct(column.values)
    column.release()
    enough = len(column.values) >= ROWS_OF_A_CODE * len(different)
    return different if len(different) in CODES and enough else None


def _ask_about_far_values(column: Column, choices: Choices) -> None:
    """Ask whether a value that comes again and again, far from all others, stands for what is missing."""
    if choices.na is not None or not all(np.isfinite(block).all() for _, block in long_arrays.rows_of(column.present)):
        return
    ordered = column.present.astype(float)
    column.release()
    ordered.sort()
    for value, others in (
        (ordered[0], ordered[np.searchsorted(ordered, ordered[0], "right") :]),
        (ordered[-1], ordered[: np.searchsorted(ordered, ordered[-1], "left")]),
    ):
        count = len(ordered) - len(others)
        if not len(others) or (count < 2 and value not in USUAL_MARKS):
            continue
        with np.errstate(over="ignore"):
            distance = min(abs(others[0] - value), abs(others[-1] - value))
            far = distance > FAR * (others[-1] - others[0])
        if far and len(long_arrays.distinct(others)) >= FEWEST_OTHERS and not _is_rare(count, ordered):
            written = f"{value:.10g}"
            raise ask(
                f"column {column.name} has {written} in {count:,} rows, far from all other values, which lie between "
                f"{others[0]:.4g} and {others[-1]:.4g}",
                Reading("it stands for what is missing", {"na": [written], "missing": choices.missing or "last"}),
                Reading("it is measured", {"na": [NONE]}),
            )


def _is_rare(count: int, ordered: np.ndarray) -> bool:
    """Whether a value that stands so often is no more frequent than half of the most frequent one, where that is often."""
    ends = np.flatnonzero(np.concatenate([ordered[1:] != ordered[:-1], [True]]))
    most = int(np.diff(ends, prepend=-1).max())
    return count <= most / 2 and most > 20
