"""The decision which columns put the steps of a sequence in order."""

import shlex
from collections.abc import Callable, Sequence

import numpy as np

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.data import long_arrays
from gatebench.ingest import date_parts, identifiers, numbering, rising, shuffled
from gatebench.ingest.cells import CodedTexts, Column, codes_of
from gatebench.ingest.choices import NONE, Choices
from gatebench.ingest.dates import OF_A_DAY
from gatebench.ingest.question import Reading, as_typed, ask

Where = Callable[[int], str]
"""What a message calls a row."""
ORDER_NAMES = ("time", "t", "step", "date", "datetime", "timestamp")
"""Names of a column that is taken to put steps in order."""
DAY = 86_400 * 10**9
"""Nanoseconds of a day."""


def candidates(columns: dict[str, Column], choices: Choices) -> list[tuple[str, ...]]:
    """Return sets of columns that may put rows in order, the likeliest first, before sequences are known."""
    if choices.order == NONE or (choices.order is None and len(columns) < 2):
        return []
    if choices.order is not None:
        names = (choices.order,) if choices.order in columns else tuple(choices.order.split(","))
        return [names] if all(name in columns for name in names) else []
    numbers = set(choices.numbers or [])
    dates = [name for name, column in columns.items() if column.kind == "date"]
    named = [name for name in _by_name(columns) if name not in dates and name not in numbers]
    parts = date_parts.find({name: column for name, column in columns.items() if name not in numbers})
    if parts and not dates:
        return [parts]
    with_hour = [pair for name in dates if (pair := _with_hour(columns, name))]
    singles = [(name,) for name in (*dates, *named)]
    if singles:
        return [*with_hour, *singles]
    return [(name,) for name, column in columns.items() if name not in numbers and rising.restarts(column)]


def decide(
    columns: dict[str, Column], codes: np.ndarray, choices: Choices, where: Where, sequence: tuple[str, ...] | None = ()
) -> tuple[tuple[str, ...], list[str]]:
    """Return the columns that put the steps of each sequence in order, and the line that says so.

    Parameters
    ----------
    columns
        Name -> column, but keys and those that are named for something else.
    codes
        The number of each row's sequence ``[N]``.
    choices
        What the user chose.
    where
        What a message calls a row.
    sequence
        The columns that tell sequences apart, for messages; None: no column may, since each file or row is a sequence.

    """
    if choices.order == NONE:
        return (), []
    if choices.order is not None:
        names = (choices.order,) if choices.order in columns else tuple(choices.order.split(","))
        for name in names:
            if name not in columns:
                raise BadInput(f"--order {name} is no column{did_you_mean(name, list(columns))}")
        _check_sortable(columns, names, where)
        refuse_repeats(columns, codes, names, sequence)
        return names, [f"order: by column {', '.join(names)} (--order COLUMN)"]
    numbers = set(choices.numbers or [])
    dates = [name for name, column in columns.items() if column.kind == "date" and name not in numbers]
    if dates:
        return _by_dates(columns, codes, dates, where, sequence)
    parts = date_parts.find({name: column for name, column in columns.items() if name not in numbers})
    if parts:
        refuse_repeats(columns, codes, parts, sequence)
        return parts, [
            f"order: by columns {', '.join(parts)}, the parts of a date ({_otherwise(parts, sequence, '--order A,B')})"
        ]
    for name in _by_name(columns):
        if name not in numbers:
            return _by_named(columns, codes, name, where, sequence)
    free = [name for name, column in columns.items() if column.kind == "number" and name not in numbers]
    return _by_numbers(columns, codes, free, bool(choices.columns or []), sequence)


def _otherwise(names: tuple[str, ...], sequence: tuple[str, ...] | None, option: str = "") -> str:
    """Return the options that decide otherwise about an order by several columns, the first of which may part sequences."""
    if sequence is None:
        return option or "--order A,B"
    apart = f"--sequence {shlex.quote(names[0])} --order {shlex.quote(','.join(names[1:]))}: a sequence each {names[0]}"
    return "; ".join(filter(None, (option, apart)))


def _by_name(columns: dict[str, Column]) -> list[str]:
    lower = {name.lower(): name for name in columns}
    named = [lower[name] for name in ORDER_NAMES if name in lower]
    return [name for name in named if columns[name].kind in ("number", "date") or columns[name].spoilt is not None]


def _by_dates(
    columns: dict[str, Column], codes: np.ndarray, dates: list[str], where: Where, sequence: tuple[str, ...] | None
) -> tuple[tuple[str, ...], list[str]]:
    days = [name for name in dates if not _is_time_of_day(columns[name])] or dates
    preferred = [name for name in _by_name(columns) if name in days] or days
    name = preferred[0]
    _check_sortable(columns, (name,), where)
    if columns[name].written == OF_A_DAY and not (rising.steps(codes, columns[name].values) > 0).all():
        raise ask(
            f"column {name} has times without a day, which do not rise from row to row",
            *_durations(name),
            Reading("they put the rows in order", {"order": name}),
        )
    pair = _with_hour(columns, name)
    if pair and not is_unique_within(columns, codes, (name,)) and is_unique_within(columns, codes, pair):
        return pair, [f"order: by columns {', '.join(pair)}, the hours of days ({_otherwise(pair, sequence)})"]
    refuse_repeats(columns, codes, (name,), sequence)
    written = columns[name].written or "dates"
    return (name,), [f"order: by column {name} (--order COLUMN)" + ("" if written == "dates" else f", {written}")]


def _by_named(
    columns: dict[str, Column], codes: np.ndarray, name: str, where: Where, sequence: tuple[str, ...] | None
) -> tuple[tuple[str, ...], list[str]]:
    """Return a column that is called like a time, if its contents are not those of a measurement."""
    _check_sortable(columns, (name,), where)
    refuse_repeats(columns, codes, (name,), sequence)
    values = values_of(columns, (name,))
    if not (rising.steps(codes, values) > 0).all() and not rising.rises_regularly(codes, values):
        raise ask(
            f"column {name} is called like a time, but its numbers neither rise from row to row nor are they evenly apart",
            Reading("it puts the rows in order", {"order": name}),
            Reading("it is measured", {"order": NONE, "numbers": [name]}),
        )
    return (name,), [f"order: by column {name} (--order COLUMN)"]


def _by_numbers(
    columns: dict[str, Column], codes: np.ndarray, free: list[str], chosen: bool, sequence: tuple[str, ...] | None
) -> tuple[tuple[str, ...], list[str]]:
    """Return a column of numbers that count steps, or rise with them; the rows stand in its order anyway."""
    if len(free) < 2 or chosen:
        return (), []
    counters = [name for name in free if rising.counts(codes, columns[name])]
    if counters:
        return (counters[0],), [f"order: by column {counters[0]}, which counts the steps (--order COLUMN; --numbers COLUMN)"]
    with_rows = [name for name in free if not columns[name].missing.any() and rising.rises(codes, columns[name].values)]
    sequences = len(long_arrays.distinct(codes))
    if len(with_rows) == 1 and len(codes) >= rising.FEWEST_STEPS * sequences and (
        sequences > 1 or free[0] == with_rows[0]
    ):  # fmt: skip
        measured = as_typed("--numbers", with_rows[0])
        line = f"order: by column {with_rows[0]}, which rises from row to row (if it is measured: {measured})"
        return (with_rows[0],), [line]
    for name in free:
        column = columns[name]
        if not column.is_whole or is_unique_within(columns, codes, (name,)) or not sequence or not rising.restarts(column):
            continue
        if keys := _missing_keys(columns, codes, (name,)):
            raise ask(
                f"column {name} begins anew again and again within {', '.join(sequence)}",
                *(
                    Reading(f"{key} tells sequences apart, too", {"sequence": ",".join((*sequence, key)), "order": name})
                    for key in keys
                ),
                Reading("it is measured", {"sequence": ",".join(sequence), "order": NONE, "numbers": [name]}),
            )
    for name in with_rows or [name for name in free if rising.is_shuffled_count(codes, columns[name])]:
        rise = (
            "rises from row to row" if with_rows else "has numbers that are all different and evenly apart, but not in order"
        )
        raise ask(
            f"column {name} {rise}",
            Reading("it puts the rows in order", {"order": name}),
            Reading("it is measured, and rows are in order as they stand", {"order": NONE, "numbers": [name]}),
        )
    shuffled.ask_about(columns, codes, free)
    return (), []


def _check_sortable(columns: dict[str, Column], names: tuple[str, ...], where: Where) -> None:
    for name in names:
        column = columns[name]
        row = column.spoilt or 0 if column.kind == "text" else int(column.missing.argmax()) if column.missing.any() else None
        if row is not None:
            cell = "nothing" if column.missing[row] else shorten(repr(column.values[row]))
            raise BadInput(
                f"{where(row)}, column {name} has {cell}; expected numbers or dates, to put steps in order: correct it, or "
                "use another: --order COLUMN"
            )


def refuse_repeats(
    columns: dict[str, Column], codes: np.ndarray, names: tuple[str, ...], sequence: tuple[str, ...] | None
) -> None:
    """Raise `Undecided` or ``BadInput`` where a sequence has several rows at one time."""
    for name in names:
        if lacking := int(columns[name].missing.sum()):
            raise BadInput(
                f"column {name} has nothing in {lacking:,} of {len(codes):,} rows; expected numbers or dates, to put steps "
                f"in order: fill it (with the value above, if cells were merged), or leave it out: "
                f"{as_typed('--without', name)}"
            )
    if is_unique_within(columns, codes, names):
        return
    counts_of_one = np.bincount(numbering.pair(codes, codes_of([columns[name] for name in names])))
    most = int(counts_of_one.max())
    times = f"{int((counts_of_one > 1).sum()):,} times stand in several rows, at most {most:,}"
    within = f" within {', '.join(sequence)}" if sequence else ""
    order = ",".join(names)
    keys = [] if sequence is None else _missing_keys(columns, codes, names)
    if not keys and len(names) == 1 and columns[order].written == OF_A_DAY:
        raise ask(
            f"column {order} has times without a day, which do not tell rows apart{within}: {times}", *_durations(order)
        )
    if keys:
        raise ask(
            f"column {order} does not tell rows apart{within}: {times}",
            *(
                Reading(f"{key} tells sequences apart", {"sequence": ",".join((*(sequence or ()), key)), "order": order})
                for key in keys
            ),
            Reading("rows are in order as they stand", {"order": NONE, **({} if sequence else {"sequence": NONE})}),
        )
    if sequence is None:
        raise BadInput(
            f"column {order} does not tell the rows of a sequence apart: {times}; expected a time once in each: correct it, "
            "or, for rows as they stand: --order none"
        )
    key = ",".join((*sequence, "COLUMN"))
    merged = [
        name for name, column in columns.items()
        if (filled := identifiers.filled_from_above(column)) and _missing_keys({**columns, name: filled}, codes, names)
    ]  # fmt: skip
    if merged:
        raise BadInput(
            f"column {order} does not tell rows apart{within}: {times}; column {merged[0]} would if it were not empty in "
            f"{int(columns[merged[0]].missing.sum()):,} rows: fill these with the value above (cells were merged?), and "
            f"name it: {as_typed('--sequence', ','.join((*sequence, merged[0])))}"
        )
    raise BadInput(
        f"column {order} does not tell rows apart{within}: {times}; expected a time once in each sequence: several "
        f"sequences? add the column that tells them apart and name it, --sequence {shlex.quote(key)}; or, for rows as they "
        "stand: --order none"
    )


def _durations(name: str) -> tuple[Reading, Reading]:
    """Return what times without a day may be that put no rows in order."""
    return (
        Reading("they are durations, which are amounts", {"numbers": [name]}),
        Reading("they are left out, and rows are in order as they stand", {"order": NONE, "without": [name]}),
    )


def _missing_keys(columns: dict[str, Column], codes: np.ndarray, names: tuple[str, ...]) -> list[str]:
    """Return columns of which each, with what parts sequences already, leaves every time once."""
    possible = [
        name for name, column in columns.items()
        if name not in names and (column.is_whole or column.kind == "text") and not column.missing.any()
    ]  # fmt: skip

    def parts(name: str) -> bool:
        values = columns[name].codes()
        if values.max() + 1 > len(values) // 2:
            return False
        combined = numbering.pair(codes, values)
        regular = columns[name].kind == "text" or rising.rises_regularly(combined, values_of(columns, names))
        return (regular or identifiers.may_tell_apart(columns[name])) and is_unique_within(columns, combined, names)

    return [name for name in possible if parts(name)]


def _is_time_of_day(column: Column) -> bool:
    """Whether times are all of one day, as hours and minutes without a date are read."""
    if column.kind != "date":
        return False
    return all((block // DAY == column.values[0] // DAY).all() for _, block in long_arrays.rows_of(column.values))


def _with_hour(columns: dict[str, Column], date: str) -> tuple[str, str] | None:
    """Return a column of days with one of their hours or times beside it, if there is one."""
    times = columns[date].values
    if any((block % DAY != times[0] % DAY).any() for _, block in long_arrays.rows_of(times)):
        return None
    for name, column in columns.items():
        is_time = name != date and _is_time_of_day(column)
        hours = column.values if column.is_whole else np.array([-1])
        is_hour = bool((hours >= 0).all() and (hours <= 24).all() and len(np.unique(hours)) in (23, 24, 25))
        called = name.lower() in ("hour", "hr", "hours", "time", "stunde", "heure", "hora")
        is_named_hour = called and bool((hours >= 0).all() and (hours <= 24).all())
        if is_time or is_hour or is_named_hour:
            return date, name
    return None


def values_of(columns: dict[str, Column], names: Sequence[str]) -> np.ndarray:
    """Return numbers ``[N]`` that put rows in order: those of one column, or of the days and hours of two."""
    if len(names) == 1:
        return columns[names[0]].values
    day, hour = columns[names[0]], columns[names[1]]
    if day.kind == "date":
        return day.values + (hour.values % DAY if hour.kind == "date" else (hour.values * (DAY // 24)).astype(np.int64))
    ranks = [np.searchsorted(long_arrays.distinct(columns[name].values), columns[name].values) for name in names]
    combined = ranks[0]
    for more in ranks[1:]:
        combined = combined * (more.max() + 1) + more
    return combined


def is_unique_within(columns: dict[str, Column], codes: np.ndarray, names: tuple[str, ...]) -> bool:
    """Whether no two rows of a sequence are the same in some columns."""
    column = columns[names[0]]
    plain = len(names) == 1 and not isinstance(column.stored, CodedTexts) and column.kind in ("number", "date")
    values = column.values if plain else codes_of([columns[name] for name in names])
    if values.dtype.kind == "f" and column.missing.any():
        values = column.codes()
    return rising.are_different(codes, values)
