"""Tables in text, csv or its like: one long one, a single series, or a file a sequence; its columns say which."""

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.data import long_arrays
from gatebench.ingest import (
    blocks,
    calendar_grid,
    cells,
    channels,
    inputs,
    keys,
    layout,
    limits,
    missing,
    named,
    numbering,
    ordering,
    rising,
    scratch,
    spacing,
    split_rows,
    tabular,
    target,
)
from gatebench.ingest.cells import CodedTexts, Column
from gatebench.ingest.choices import COLUMNS, Choices
from gatebench.ingest.inputs import ColumnUses
from gatebench.ingest.question import as_typed
from gatebench.ingest.raw import RawData
from gatebench.ingest.split_rows import RowSplits
from gatebench.ingest.tabular import Table

SUFFIXES = (".csv", ".tsv", ".tab", ".dat", ".csv.gz", ".tsv.gz", ".zip")
MOST_FILES = None
IS_STREAMED = True
"""Whether one large file is read a part at a time."""
LARGEST = 1e150
"""Numbers that are larger cannot be squared."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one table, or of a table for each."""
    streamed = choices if len(files) == 1 else None
    return arrange(tabular.read(files, lambda file: tabular.read_delimited(file, streamed), choices), choices)


def arrange(table: Table, choices: Choices) -> RawData:
    """Return the sequences of a table, with their target and groups where columns have them.

    Raises
    ------
    BadInput
        A cell is not as it should be.
    Undecided
        The table can be read in several ways.

    """
    choices.check_only("a table", *COLUMNS)
    table, choices = calendar_grid.unroll(table, _with_given(table, choices))
    labels = named.several_labels(table, choices)
    if labels:  # all but the first are no inputs either
        choices = replace(choices, label=labels[0], without=[*(choices.without or []), *labels[1:]])
    if table.codes is not None and choices.sequence and not blocks.are_answered(table, choices):
        raise BadInput(
            f"--sequence is for one long table, but in {table.files[0].name} a sequence is {table.each}: remove it"
        )
    named.check(table, choices)
    columns = named.with_nominal(table, cells.read_all(table.rows, choices, table.columns or {}), choices)
    splits = split_rows.find(table, columns, choices)
    columns = {name: column for name, column in columns.items() if splits is None or name != splits.column}
    _check_cells(table, columns, choices)
    table, choices = blocks.decide(table, columns, choices)
    wide = channels.decide(table, columns, choices)
    if wide is not None and labels:
        raise BadInput(
            f"--label {shorten(','.join(labels))} are several labels, but a row is a series here; expected one: use the "
            "first alone, or write a row for each step"
        )
    if wide is not None:
        return wide if splits is None else replace(wide, splits=splits.of_rows.tolist())
    free = {name: column for name, column in columns.items() if name not in named.named_otherwise(choices)}
    arrangement = split_rows.arrange(free or columns, table, splits, choices)
    roles = {*arrangement.sequence, *arrangement.order, choices.label, *(choices.without or [])}
    decided = inputs.decide({n: column for n, column in columns.items() if n not in roles}, arrangement, choices)
    if not decided.names:
        raise BadInput(f"no column is left to read of {tabular.list_columns(table.rows)}; name some: --columns A,B")
    _check_numbers(table, columns, decided)
    table.check_writing([name for name in (*arrangement.sequence, decided.group) if name and columns[name].is_whole])
    count = len(table.rows) * len(decided.names)
    limits.check_count(str(table.files[0]), count, limits.MOST_BYTES if table.columns is None else limits.MOST_WRITTEN)
    return _join(table, columns, arrangement, decided, splits, choices, labels)


def _with_given(table: Table, choices: Choices) -> Choices:
    """Return choices with the target that the files name themselves, unless another one is chosen."""
    if table.label is None or choices.label is not None:
        return choices
    return replace(choices, label=table.label, as_target=choices.as_target or table.target_kind)


def _check_numbers(table: Table, columns: dict[str, Column], decided: ColumnUses) -> None:
    """Raise ``BadInput`` where a column that holds numbers has a cell that is none, or is not finite."""
    for name in decided.numbers:
        column = columns[name]
        if column.kind == "date":
            how = f"{as_typed('--order', name)}, or leave it out: {as_typed('--without', name)}"
            raise BadInput(f"column {name} holds dates; expected numbers: {how}")
        if column.kind == "text":
            row = column.spoilt or 0
            few = len(column.different) <= inputs.MOST_CATEGORIES and 3 * len(column.different) <= len(column.missing)
            codes = f"if its values are categories, {as_typed('--codes', name)}; else " if few else ""
            raise BadInput(
                f"{table.where(row)}, column {name} has {shorten(repr(column.values[row]))}; expected a number: {codes}"
                f"correct it, leave the column out: {as_typed('--without', name)}, or, if it stands for what is missing: "
                f"{as_typed('--na', column.values[row])}"
            )


def _check_cells(table: Table, columns: dict[str, Column], choices: Choices) -> None:
    """Raise ``BadInput`` where a number is infinite, or too large to be squared, or a cell holds a list."""
    for name, column in columns.items():
        if name in (choices.without or []) or name not in (choices.columns or columns):
            continue
        if column.kind == "text" and all(str(cell).startswith("[") for cell in column.different):
            raise BadInput(
                f"{table.where(int((~column.missing).argmax()))}, column {name} holds a list in each cell; expected a "
                f"number or a text: write a row for each step, or leave the column out: {as_typed('--without', name)}"
            )
        if column.kind != "number":
            continue
        for start, block in long_arrays.rows_of(column.values):
            sizes = np.abs(block.astype(float))
            large = np.flatnonzero(sizes > LARGEST)
            if not len(large):
                continue
            value = float(sizes[large[0]])
            why = "is empty, NaN or infinite" if np.isinf(value) else f"has {value:.6g}, which is too large to be squared"
            raise BadInput(
                f"{table.where(start + int(large[0]))}, column {name} {why}; expected a number: fill it, remove the row, or "
                f"leave the column out: {as_typed('--without', name)}"
            )


def _join(
    table: Table,
    columns: dict[str, Column],
    arrangement: keys.Arrangement,
    decided: ColumnUses,
    splits: RowSplits | None,
    choices: Choices,
    labels: list[str],
) -> RawData:
    """Return sequences of the rows, in their order, with nothing missing; ``labels`` are several of one target."""
    rows = _rows_in_order(columns, arrangement)
    times = [columns[name].take(rows) for name in arrangement.order]
    codes = scratch.take(arrangement.codes, rows)
    of_texts = [column for column in columns.values() if column.kind == "text"]
    spaced = spacing.decide(codes, times, choices, lambda: [column.take(rows) for column in of_texts])
    lines = [*table.lines, *arrangement.lines, *decided.lines(columns, table.codes is None), *spaced.lines]
    categories: dict[str, tuple[str, ...]] = {}
    if decided.symbols:
        parts, names = _symbols(table, columns, decided.symbols)
    else:
        parts, names, categories = _values(columns, decided)
    measured = len(names)  # what stands behind them says when and where, and is read alone
    ordered = [scratch.take(part, rows) for part in parts]
    if spaced.steps is not None and not decided.symbols:
        ordered, names = [*ordered, spaced.steps], (*names, "step")
    lacking = [columns[name].missing for name in decided.names]
    filled = missing.decide(
        scratch.stacked(ordered), _lacking(lacking, rows), names, decided.names, spaced.codes,
        lambda row: table.where(int(rows[row])), choices,
    )  # fmt: skip
    del ordered, parts, times
    all_stay = bool(filled.rows.all())
    staying, codes = (rows, spaced.codes) if all_stay else (rows[filled.rows], spaced.codes[filled.rows])
    values = filled.values if all_stay else scratch.keep(filled.values[filled.rows])
    ends = np.flatnonzero(~rising.within(codes)) + 1
    present = codes[np.concatenate([[0], ends])] if len(codes) else codes
    origins = _origins(table, arrangement, spaced)

    def by_sequence(of_rows: np.ndarray) -> list[np.ndarray]:
        return np.split(of_rows, ends) if len(codes) else []

    raw = RawData(
        by_sequence(values), "a row", [origins[code] for code in present],
        "symbols" if decided.symbols else None, filled.names, decisions=[*lines, *filled.lines],
        only_read=filled.names[measured:], categories=categories, is_filled_by_train=missing.has_nan([values]),
    )  # fmt: skip
    firsts = staying[np.concatenate([[0], ends])] if len(codes) else staying
    if splits is not None:
        raw = replace(raw, splits=splits.of_rows[firsts].tolist())
    if len(table.files) > 1:
        raw = replace(raw, files=table.files_of(firsts).tolist())
    if decided.group:
        of_rows = columns[decided.group].codes()[staying]
        raw = replace(raw, groups=_one_group(table, columns[decided.group], by_sequence(of_rows), raw.origins))
    elif len(spaced.part_of) > spaced.part_of.max() + 1 > 1:
        raw = replace(raw, groups=[int(spaced.part_of[code]) for code in present])
    if not choices.label:
        raw.decisions.extend(layout.mention(columns, decided, len(raw.sequences)))
        return raw
    names = labels or [choices.label]
    texts, of_labels = None, list[np.ndarray]()
    if len(names) == 1 and isinstance(columns[names[0]].stored, CodedTexts):
        _check_filled(table, columns[names[0]])
        texts, of_labels = _coded_labels(table.rows[names[0]])
    of_labels = of_labels or [_label_values(table, columns[name]) for name in names]
    targets = by_sequence(scratch.stacked([values[staying] for values in of_labels]))
    targets, what, line = target.decide(targets, tuple(names), choices.as_target, texts)
    return replace(raw, targets=targets, target=what, decisions=[*raw.decisions, line])


def _rows_in_order(columns: dict[str, Column], arrangement: keys.Arrangement) -> np.ndarray:
    """Return the positions of rows, those of a sequence together and in their order."""
    values = ordering.values_of(columns, arrangement.order) if arrangement.order else None
    rows = rising.rows_in_order(arrangement.codes, values)
    return scratch.keep(np.arange(len(arrangement.codes)) if rows is None else rows)


def _lacking(missing: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Return which values of rows in their order are missing, ``[N, C]``."""
    if not any(column.any() for column in missing):
        return np.broadcast_to(False, (len(rows), len(missing)))
    return scratch.stacked([scratch.take(column, rows) for column in missing])


def _values(
    columns: dict[str, Column], decided: ColumnUses
) -> tuple[list[np.ndarray], tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return amounts as they are and categories one-hot, each ``[N]``, a name for each column, and values of categories."""
    parts = [columns[name].values for name in decided.numbers]
    names, categories = [*decided.numbers], dict[str, tuple[str, ...]]()
    for name in decided.categories:
        column = columns[name]
        different = np.sort(column.different)
        if len(different) > inputs.MOST_CODES:
            raise BadInput(
                f"column {name} has {len(different):,} different values; expected at most {inputs.MOST_CODES} of codes: use "
                f"{as_typed('--numbers', name)}, or leave it out: {as_typed('--without', name)}"
            )
        categories[name] = tuple(map(str, different))
        # The second of two says it all.
        for value in different[1:] if len(different) == 2 else different:
            parts.append(scratch.keep((column.equals(value) & ~column.missing).astype(np.int64)))
            names.append(f"{name}={value}")
    return parts, tuple(names), categories


def _symbols(table: Table, columns: dict[str, Column], name: str) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """Return the number of each row's symbol, and the symbols."""
    _check_filled(table, columns[name])
    column = columns[name]
    if isinstance(column.stored, CodedTexts):
        symbols, numbers = np.unique(column.stored.texts.astype(str), return_inverse=True)
        present = long_arrays.distinct(numbers[column.stored.codes])
        return [np.searchsorted(present, numbers[column.stored.codes])], tuple(symbols[present].tolist())
    symbols, numbers = np.unique(column.values.astype(str), return_inverse=True)
    return [numbers], tuple(symbols.tolist())


def _coded_labels(cells: pd.Series) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the different texts of a column, in their order, and the number of the text of each row."""
    texts, numbers = np.unique(cells.cat.categories.to_numpy().astype(str), return_inverse=True)
    return texts, [numbers[cells.cat.codes.to_numpy()]]


def _check_filled(table: Table, column: Column) -> None:
    """Raise ``BadInput`` if a row has nothing in a column."""
    if column.missing.any():
        where = table.where(int(column.missing.argmax()))
        raise BadInput(f"{where} has no {column.name}; expected one in each row: fill it, or remove the row")


def _label_values(table: Table, column: Column) -> np.ndarray:
    """Return a column of labels ``[N]``: numbers, or texts as they stand in the file."""
    _check_filled(table, column)
    if column.kind == "number":
        return column.values
    return table.rows[column.name].astype(str).to_numpy(str)


def _one_group(table: Table, column: Column, codes: list[np.ndarray], origins: list[str]) -> list[Hashable]:
    """Return the one group of each sequence from its codes ``[T]``; ``BadInput`` where it is in several."""
    _check_filled(table, column)
    for codes_of_one, origin in zip(codes, origins, strict=True):
        if (codes_of_one != codes_of_one[0]).any():
            raise BadInput(f"{origin} is in several groups by {column.name}; expected one: use another: --group COLUMN")
    return [int(codes_of_one[0]) for codes_of_one in codes]


def _origins(table: Table, arrangement: keys.Arrangement, spaced: spacing.Spaced) -> list[str]:
    """Return what a message calls each sequence."""
    first, rows = table.files[0].name, numbering.first_rows(arrangement.codes)
    if arrangement.sequence:
        cells_of = [table.rows[name].iloc[rows].tolist() for name in arrangement.sequence]
        keys_of = [
            ", ".join(f"{n} {shorten(v)}" for n, v in zip(arrangement.sequence, key, strict=True))
            for key in zip(*cells_of, strict=True)
        ]
        origins = [f"{first}, {key}" for key in keys_of]
    else:
        origins = [table.files[file].name for file in table.files_of(rows)]
        if len(origins) > len(table.files):
            origins = [f"{name}, sequence {code}" for code, name in enumerate(origins)]
    if len(spaced.part_of) == len(origins):
        return origins
    return [f"{origins[part]}, part {number}" for number, part in enumerate(spaced.part_of)]
