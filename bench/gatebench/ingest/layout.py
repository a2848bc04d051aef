"""The decision what a row of a table is: a step, as usual, or a whole series; or whether every column is a series."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import long_arrays
from gatebench.ingest import calendar_grid, delimited, inputs, keys, ordering, rising, scratch, target
from gatebench.ingest.cells import Column
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Reading, ask
from gatebench.ingest.raw import RawData

FEWEST_COLUMNS = 8
"""Columns of like numbers from which on a row may be a series."""
MANY_COLUMNS = 50
"""Columns from which on those of one series may spread differently, as those of a pulse do."""
MOST_OTHERS = 3
"""Other columns beside them, at the most."""
SMOOTHER = 0.6
"""Steps along a row, relative to steps from row to row, below which a row looks like a series."""
NAMELESS = r"column\d+"
"""What a column is called that has no name."""
ALIKE = 5.0
"""How many times as far as those of another the numbers of like columns may spread."""


@dataclass(frozen=True)
class WideTable:
    """A table whose rows may be series."""

    steps: list[str]
    """The columns that would be steps."""
    others: list[str]
    """The columns beside them."""
    label: str | None
    """The column beside them that may be a label."""
    why: str
    """What speaks for it."""


def decide(columns: dict[str, Column], where: Callable[[int], str], name: str, choices: Choices) -> RawData | None:
    """Return the series of a table that has one in a row or in a column, or None where a row is a step.

    Parameters
    ----------
    columns
        Name -> column.
    where
        Row -> what a message calls it.
    name
        The file, for messages.
    choices
        What the user chose. `Undecided` if nothing, and a row may be a series.

    """
    if choices.layout == "series-a-row":
        return series_of_rows(columns, where, name, choices)
    if choices.layout == "series-a-column":
        return _series_of_columns(columns, where, name, choices)
    wide = None if says_what_a_row_is(choices) else look(columns, choices)
    if wide is None:
        return None
    rows = len(next(iter(columns.values())).missing)
    label = choices.label or wide.label
    raise ask(
        f"{rows:,} rows of {len(wide.steps)} like columns ({wide.steps[0]} to {wide.steps[-1]}), {wide.why}",
        Reading(
            f"{rows:,} series of {len(wide.steps)} steps" + (f", labelled by {label}" if label else ""),
            {"layout": "series-a-row", "label": label},
        ),
        Reading(f"one series of {rows:,} steps of {len(wide.steps)} columns", {"layout": "step-a-row"}),
    )


def says_what_a_row_is(choices: Choices) -> bool:
    """Whether something is chosen that leaves one reading of what a row is."""
    roles = (choices.sequence, choices.order, choices.columns, choices.layout, choices.numbers, choices.codes)
    return any(role is not None for role in roles)


def look(columns: dict[str, Column], choices: Choices) -> WideTable | None:
    """Return what speaks for series in rows, or None."""
    if any(column.kind == "date" for column in columns.values()):
        return None
    if any(name.lower() in ordering.ORDER_NAMES for name in columns):
        return None
    if any(name.lower() in keys.SEQUENCE_NAMES[:-1] and not _names_rows(column) for name, column in columns.items()):
        return None
    # Counts of what is rare are few whole numbers as labels are, and still steps where columns are called so.
    called = [name for name, column in columns.items() if column.kind == "number"]
    numbers = [name for name in called if not _is_label_like(columns[name])]
    steps = _dated(called) or _steps(numbers)
    others = [name for name, column in columns.items() if name not in steps and _says_something(column)]
    labels = [name for name in others if _may_be_label(columns[name])]
    label = labels[0] if len(labels) == 1 else None
    if _dated(called):
        return WideTable(steps, others, label, "called by dates")
    rows = len(next(iter(columns.values())).missing)
    row_names = next((name for name in others if _names_rows(columns[name])), None)
    if row_names is not None and (numbered := _numbered(called)) is not None:
        others = [name for name in others if name not in numbered]
        labels = [name for name in labels if name in others]
        why = f"numbered one after the other, beside {row_names}, which names each row"
        return WideTable(numbered, others, labels[0] if len(labels) == 1 else None, why)
    block, _ = _block(columns, called, choices)
    beside = [name for name in others if name not in block or not _is_padding(columns[name])]
    if len(steps) < FEWEST_COLUMNS or len(beside) > MOST_OTHERS or rows < 2:
        return None
    lines = _changes(columns, steps)
    if lines is None:
        return None
    spreads, along, across = lines
    like = len(steps) >= MANY_COLUMNS or bool(spreads.max() <= ALIKE * np.median(spreads))
    numbered = _numbered(numbers) is not None
    # As many steps as there are once it is chosen that a row is a series.
    labels = [name for name in labels if name not in block] or labels
    label = labels[0] if len(labels) == 1 else None
    block = [name for name in block if name != (choices.label or label)]
    if like and along < SMOOTHER * across:
        return WideTable(block, others, label, "whose numbers change less along a row than from row to row")
    if numbered and label is not None and like and not across < SMOOTHER * along:
        return WideTable(block, others, label, f"numbered one after the other, beside {label}")
    return None


def _says_something(column: Column) -> bool:
    """Whether a column has not the same everywhere."""
    return column.kind == "number" or len(column.different) > 1


def _names_rows(column: Column) -> bool:
    """Whether each row has a text of its own."""
    return column.kind == "text" and column.spoilt is None and len(column.different) == len(column.missing)


def _changes(columns: dict[str, Column], steps: list[str]) -> tuple[np.ndarray, float, float] | None:
    """Return how far each of like columns spreads, and the mean step along a row and from row to row.

    None where a row or a column has nothing.
    """
    rows = len(columns[steps[0]].missing)
    size = max(2, long_arrays.NUMBERS // len(steps))
    along = across = 0.0
    count, sums, squares, shift = (np.zeros(len(steps)) for _ in range(4))
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, rows, size):
            # One row of the block before is needed for the steps from row to row.
            of_columns = [columns[name].values[max(0, start - 1) : start + size].astype(float) for name in steps]
            matrix = np.stack(of_columns, 1)
            matrix = np.where(np.isfinite(matrix), matrix, np.nan)
            new = matrix[1 if start else 0 :]
            filled = ~np.isnan(new)
            if not filled.any(1).all():
                return None
            along += float(np.nansum(np.abs(np.diff(new, axis=1))))
            across += float(np.nansum(np.abs(np.diff(matrix, axis=0))))
            if not start:
                shift = np.nansum(new, 0) / np.maximum(filled.sum(0), 1)
            count += filled.sum(0)
            sums += np.nansum(new - shift, 0)
            squares += np.nansum(np.square(new - shift), 0)
        if not count.all():
            return None
        spreads = np.sqrt(np.maximum(squares / count - np.square(sums / count), 0))
    return spreads, along / (rows * (len(steps) - 1)), across / ((rows - 1) * len(steps))


def _is_label_like(column: Column) -> bool:
    """Whether texts come again, or numbers are few, whole, and come again and again."""
    if column.kind == "text":
        return len(column.different) * 2 <= len(column.missing)
    if not column.is_whole:
        return False
    different = len(long_arrays.distinct(column.values))
    return different <= target.FEW_CLASSES and different * 3 <= len(column.missing)


def _is_padding(column: Column) -> bool:
    """Whether most numbers are 0, as those behind the end of most series are."""
    if column.kind != "number":
        return False
    return 2 * sum(int((block == 0).sum()) for _, block in long_arrays.rows_of(column.values)) > len(column.missing)


def _may_be_label(column: Column) -> bool:
    """Whether a column of which no value is missing looks like a label, and is not the same everywhere."""
    return not column.missing.any() and _is_label_like(column) and len(column.different) > 1


def _block(columns: dict[str, Column], numbers: list[str], choices: Choices) -> tuple[list[str], list[str]]:
    """Return the columns of numbers that are steps if a row is a series, and others in front of them or behind them.

    Columns that have names of their own, or none at all, may stand at an end of the steps and yet be a label, or count
    the rows.
    """
    steps, ends = [*_steps(numbers)], list[str]()
    if _dated(numbers) or (steps != numbers and not re.fullmatch(NAMELESS, steps[0])):
        return steps, ends
    chosen = {*(choices.columns or []), *(choices.numbers or [])}
    if (
        steps
        and steps[0] not in chosen
        and rising.counts(np.broadcast_to(0, len(columns[steps[0]].missing)), columns[steps[0]])
    ):
        ends.append(steps.pop(0))
    if 2 * sum(_is_label_like(columns[name]) for name in steps) < len(steps):
        ends += [
            name for name in dict.fromkeys((steps[0], steps[-1])) if name not in chosen and _may_be_label(columns[name])
        ]
    return [name for name in steps if name not in ends], ends


def _steps(numbers: list[str]) -> list[str]:
    """Return the columns of numbers that are steps of a series if a row is one."""
    if grid := calendar_grid.cell_names(numbers):
        return grid[0]
    return _dated(numbers) or _numbered(numbers) or numbers


def _dated(names: list[str]) -> list[str]:
    """Return the columns that are called by dates, if there are enough."""
    dated = [name for name in names if delimited.DATE.fullmatch(name)]
    return dated if len(dated) >= FEWEST_COLUMNS else []


def _numbered(names: list[str]) -> list[str] | None:
    """Return the columns that are numbered one after the other behind one text, if there are enough."""
    by_stem: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        matched = re.fullmatch(r"(.*?)(\d+)", name)
        if matched:
            by_stem.setdefault(matched[1], []).append((int(matched[2]), name))
    longest = max(by_stem.values(), key=len, default=[])
    places = [place for place, _ in longest]
    if len(longest) < FEWEST_COLUMNS or set(np.diff(sorted(places))) != {1}:
        return None
    return [name for _, name in sorted(longest)]


def series_of_rows(columns: dict[str, Column], where: Callable[[int], str], name: str, choices: Choices) -> RawData:
    """Return a sequence for each row, its label beside it."""
    _check_names(columns, choices)
    beside = {choices.label, choices.group, *(choices.without or [])}
    numbers = [n for n, c in columns.items() if c.kind == "number" and n in (choices.columns or columns)]
    steps, ends = ([n for n in names if n not in beside] for names in _block(columns, numbers, choices))
    if choices.label is None:
        _ask_about_labels(columns, steps, [n for n in ends if _may_be_label(columns[n])], choices)
    if len(steps) < 2:
        raise BadInput(
            f"{name} has {len(steps)} column(s) of numbers; expected the steps of a series in each row: use --step-a-row"
        )
    left_out = [n for n in columns if n not in steps and n not in beside]
    matrix = scratch.stacked([columns[n].values for n in steps])
    line = f"sequences: {len(matrix):,}, a row each, of {len(steps)} steps (--step-a-row)"
    lines = [line, *([f"left out: {shorten(', '.join(left_out))} (--label COLUMN)"] if left_out else [])]
    groups = columns[choices.group].values.tolist() if choices.group else None
    raw = RawData(
        [row[:, None] for row in matrix],
        "a column",
        [where(row) for row in range(len(matrix))],
        groups=groups,
        decisions=lines,
    )
    return _with_label(raw, columns, choices)


def _ask_about_labels(columns: dict[str, Column], steps: list[str], labels: list[str], choices: Choices) -> None:
    """Ask about columns at an end of the steps that look like a label, which nobody named."""
    if not labels:
        return
    different = np.sort(columns[labels[0]].different)
    shown = ", ".join(f"{value:g}" for value in different[:4]) + (", ..." if len(different) > 4 else "")
    have = f"column {labels[0]} has" if len(labels) == 1 else f"columns {', '.join(labels)} have"
    few = f"{len(different)} different whole numbers ({shown})" if len(labels) == 1 else "few different whole numbers"
    raise ask(
        f"{have} {few}, unlike the {len(steps)} columns from {steps[0]} to {steps[-1]}",
        *(Reading(f"{name} is the label of series of {len(steps)} steps", {"label": name}) for name in labels),
        Reading(f"a series has {len(steps) + len(labels)} steps", {"numbers": [*(choices.numbers or []), *labels]}),
        Reading(f"series of {len(steps)} steps without a label", {"without": [*(choices.without or []), *labels]}),
    )


def _with_label(raw: RawData, columns: dict[str, Column], choices: Choices) -> RawData:
    if choices.label is None:
        return raw
    column = columns[choices.label]
    if column.missing.any():
        raise BadInput(f"{raw.origins[int(column.missing.argmax())]} has no {column.name}; expected one in each: fill it")
    values = [np.full((len(row), 1), value) for row, value in zip(raw.sequences, column.values.tolist(), strict=True)]
    if column.kind == "text":
        values = [array.astype(str) for array in values]
    targets, what, line = target.decide(values, (choices.label,), choices.as_target)
    return replace(raw, targets=targets, target=what, decisions=[*raw.decisions, line])


def _check_names(columns: dict[str, Column], choices: Choices) -> None:
    for option in ("label", "group"):
        named = getattr(choices, option)
        if named is not None:
            keys.split_names(option, named, columns)


def _series_of_columns(columns: dict[str, Column], where: Callable[[int], str], name: str, choices: Choices) -> RawData:
    """Return a sequence for each column of numbers, in the order of dates or of what counts the rows."""
    if choices.label is not None:
        raise BadInput("--label names a column, but a column is a series with --series-a-column; remove one of the two")
    free = {n: c for n, c in columns.items() if n not in (choices.without or [])}
    order, lines = ordering.decide(free, np.broadcast_to(0, len(next(iter(columns.values())).missing)), choices, where)
    series = [n for n, c in free.items() if c.kind == "number" and n not in order and n in (choices.columns or free)]
    if len(series) < 2:
        raise BadInput(
            f"{name} has {len(series)} column(s) of numbers; expected several, a series each: remove --series-a-column"
        )
    rows = np.argsort(ordering.values_of(free, order), kind="stable") if order else slice(None)
    others = [n for n in free if n not in (*series, *order)]
    decisions = [f"sequences: {len(series):,}, a column each (--step-a-row)", *lines]
    if others:
        decisions.append(f"left out: {shorten(', '.join(others))}")
    sequences = [columns[n].values[rows].astype(float)[:, None] for n in series]
    return RawData(sequences, "a row", [f"{name}, column {n}" for n in series], decisions=decisions)


def mention(columns: dict[str, Column], decided: inputs.ColumnUses, sequences: int) -> list[str]:
    """Return a line that names the other reading of several columns of numbers of one series."""
    if sequences > 1 or len(decided.numbers) < 2 or decided.categories:
        return []
    count = sum(columns[name].kind == "number" for name in decided.numbers)
    return [f"series: one, of {count} columns ({count} series: --series-a-column)"]
