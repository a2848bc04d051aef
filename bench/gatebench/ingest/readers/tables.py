"""Tables in text, csv or its like: one long one, a single series, or a file a sequence; its columns say which."""

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.ingest import cells, inputs, keys, layout, limits, missing, ordering, spacing, split_rows, tabular, target
from gatebench.ingest.cells import Column
from gatebench.ingest.choices import COLUMNS, NONE, Choices
from gatebench.ingest.inputs import ColumnUses
from gatebench.ingest.raw import RawData
from gatebench.ingest.split_rows import RowSplits
from gatebench.ingest.tabular import Table

SUFFIXES = (".csv", ".tsv", ".tab", ".dat", ".csv.gz", ".tsv.gz", ".zip")
MOST_FILES = None
LARGEST = 1e150
"""Numbers that are larger cannot be squared."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one table, or of a table for each."""
    return arrange(tabular.read(files, tabular.read_delimited), choices)


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
    choices = _with_given(table, choices)
    labels = _several_labels(table, choices)
    if labels:  # all but the first are no inputs either
        choices = replace(choices, label=labels[0], without=[*(choices.without or []), *labels[1:]])
    if table.codes is not None and choices.sequence:
        raise BadInput(
            f"--sequence is for one long table, but in {table.files[0].name} a sequence is {table.each}: remove it"
        )
    _check_names(table, choices)
    columns = cells.read_all(table.rows, choices)
    splits = split_rows.find(table, columns, choices)
    columns = {name: column for name, column in columns.items() if splits is None or name != splits.column}
    _check_cells(table, columns, choices)
    wide = None if table.codes is not None else layout.decide(columns, table.where, table.files[0].name, choices)
    if wide is not None and labels:
        raise BadInput(
            f"--label {shorten(','.join(labels))} are several labels, but a row is a series here; expected one: use the "
            "first alone, or write a row for each step"
        )
    if wide is not None:
        return wide if splits is None else replace(wide, splits=splits.of_rows.tolist())
    free = {name: column for name, column in columns.items() if name not in _named_otherwise(choices)}
    arrangement = split_rows.arrange(free or columns, table, splits, choices)
    roles = {*arrangement.sequence, *arrangement.order, choices.label, *(choices.without or [])}
    rest = {name: column for name, column in columns.items() if name not in roles}
    decided = inputs.decide(rest, arrangement, choices)
    if not decided.names:
        raise BadInput(f"no column is left to read of {tabular.list_columns(table.rows)}; name some: --columns A,B")
    _check_numbers(table, columns, decided)
    limits.check_count(str(table.files[0]), len(table.rows) * len(decided.names))
    return _join(table, columns, arrangement, decided, splits, choices, labels)


def _with_given(table: Table, choices: Choices) -> Choices:
    """Return choices with the target that the files name themselves, unless another one is chosen."""
    if table.label is None or choices.label is not None:
        return choices
    return replace(choices, label=table.label, as_target=choices.as_target or table.target_kind)


def _check_names(table: Table, choices: Choices) -> None:
    """Raise ``BadInput`` if a choice names a column that is none, or one column for two things."""
    names = list(table.rows.columns)
    named = [(option, getattr(choices, option)) for option in ("label", "group")]
    named += [
        (option, name)
        for option in ("columns", "without", "codes", "numbers", "predict", "known")
        for name in getattr(choices, option) or []
    ]
    for option, name in named:
        if name is not None and name not in names and (option, name) != ("group", NONE):
            raise BadInput(f"--{option} {shorten(name)} is no column{did_you_mean(name, names)}")
    for option in ("columns", "without", "codes", "numbers", "predict", "known"):
        if choices.label is not None and choices.label in (getattr(choices, option) or []):
            raise BadInput(f"--{option} has {choices.label}, which is the target: --label; remove it from one of the two")


def _several_labels(table: Table, choices: Choices) -> list[str]:
    """Return the columns of several labels, which may stand in --without too; none where there is one label, or none."""
    names = list(table.rows.columns)
    if choices.label is None or choices.label in names or "," not in choices.label:
        return []
    labels = choices.label.split(",")
    for name in labels:
        if name not in names:
            raise BadInput(f"--label {shorten(name)} is no column{did_you_mean(name, names)}")
        if labels.count(name) > 1 or name in (choices.columns or []):
            raise BadInput(
                f"--label has {shorten(name)} twice, or for something else as well; expected each once: remove one"
            )
    return labels


def _named_otherwise(choices: Choices) -> set[str | None]:
    """Return the columns that a choice names for something other than a key or an order."""
    lists = (choices.columns, choices.without, choices.codes, choices.predict, choices.known)
    return {choices.label, choices.group, *(name for names in lists for name in names or [])}


def _check_numbers(table: Table, columns: dict[str, Column], decided: ColumnUses) -> None:
    """Raise ``BadInput`` where a column that holds numbers has a cell that is none, or is not finite."""
    for name in decided.numbers:
        column = columns[name]
        if column.kind == "date":
            raise BadInput(f"column {name} holds dates; expected numbers: --order {name}, or leave it out: --without {name}")
        if column.kind == "text":
            row = column.spoilt or 0
            raise BadInput(
                f"{table.where(row)}, column {name} has {shorten(repr(column.values[row]))}; expected a number: correct it, "
                f"leave the column out: --without {name}, or, if it stands for what is missing: --na {column.values[row]}"
            )


def _check_cells(table: Table, columns: dict[str, Column], choices: Choices) -> None:
    """Raise ``BadInput`` where a number is infinite, or too large to be squared, or a cell holds a list."""
    for name, column in columns.items():
        if name in (choices.without or []) or name not in (choices.columns or columns):
            continue
        if column.kind == "text" and all(str(cell).startswith("[") for cell in column.values[~column.missing]):
            raise BadInput(
                f"{table.where(int((~column.missing).argmax()))}, column {name} holds a list in each cell; expected a "
                f"number or a text: write a row for each step, or leave the column out: --without {name}"
            )
        if column.kind != "number":
            continue
        sizes = np.abs(column.values.astype(float))
        large = np.flatnonzero(sizes > LARGEST)
        if len(large):
            value = float(sizes[large[0]])
            why = "is empty, NaN or infinite" if np.isinf(value) else f"has {value:.6g}, which is too large to be squared"
            raise BadInput(
                f"{table.where(int(large[0]))}, column {name} {why}; expected a number: fill it, remove the row, or leave "
                f"the column out: --without {name}"
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
    times = [replace(columns[name], values=columns[name].values[rows]) for name in arrangement.order]
    spaced = spacing.decide(arrangement.codes[rows], times, choices)
    lines = [*table.lines, *arrangement.lines, *decided.lines(columns), *spaced.lines]
    categories: dict[str, tuple[str, ...]] = {}
    if decided.symbols:
        values, names = _symbols(table, columns, decided.symbols)
    else:
        values, names, categories = _values(columns, decided)
    values, lacking = values[rows], np.stack([columns[name].missing for name in decided.names], 1)[rows]
    measured = len(names)  # what stands behind them says when and where, and is read alone
    if spaced.steps is not None and not decided.symbols:
        values, names = np.concatenate([values, spaced.steps[:, None]], 1), (*names, "step")
    filled = missing.decide(
        values, lacking, names, decided.names, spaced.codes, lambda row: table.where(int(rows[row])), choices
    )
    staying, codes = rows[filled.rows], spaced.codes[filled.rows]
    ends = np.flatnonzero(np.diff(codes)) + 1
    present = codes[np.concatenate([[0], ends])] if len(codes) else codes
    origins = _origins(table, arrangement, spaced)

    def by_sequence(of_rows: np.ndarray) -> list[np.ndarray]:
        return np.split(of_rows, ends) if len(codes) else []

    raw = RawData(
        by_sequence(filled.values[filled.rows]), "a row", [origins[code] for code in present],
        "symbols" if decided.symbols else None, filled.names, decisions=[*lines, *filled.lines],
        only_read=filled.names[measured:], categories=categories,
        is_filled_by_train=bool(np.isnan(filled.values[filled.rows]).any()),
    )  # fmt: skip
    firsts = staying[np.concatenate([[0], ends])] if len(codes) else staying
    if splits is not None:
        raw = replace(raw, splits=splits.of_rows[firsts].tolist())
    if len(table.files) > 1:
        raw = replace(raw, files=table.files_of(firsts).tolist())
    if decided.group:
        groups = by_sequence(_label_values(table, columns[decided.group])[staying])
        raw = replace(raw, groups=_one_group(groups, raw.origins, decided.group))
    elif len(spaced.part_of) > spaced.part_of.max() + 1 > 1:
        raw = replace(raw, groups=[int(spaced.part_of[code]) for code in present])
    if not choices.label:
        raw.decisions.extend(layout.mention(columns, decided, len(raw.sequences)))
        return raw
    names = labels or [choices.label]
    targets = by_sequence(np.concatenate([_label_values(table, columns[name]) for name in names], 1)[staying])
    targets, what, line = target.decide(targets, tuple(names), choices.as_target)
    return replace(raw, targets=targets, target=what, decisions=[*raw.decisions, line])


def _rows_in_order(columns: dict[str, Column], arrangement: keys.Arrangement) -> np.ndarray:
    """Return the positions of rows, those of a sequence together and in their order."""
    if not arrangement.order:
        return np.argsort(arrangement.codes, kind="stable")
    return np.lexsort((ordering.values_of(columns, arrangement.order), arrangement.codes))


def _values(
    columns: dict[str, Column], decided: ColumnUses
) -> tuple[np.ndarray, tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return amounts as they are and categories one-hot, ``[N, X]``, a name for each column, and the categories' values."""
    parts = [columns[name].values for name in decided.numbers]
    names, categories = [*decided.numbers], dict[str, tuple[str, ...]]()
    for name in decided.categories:
        column = columns[name]
        present = pd.Series(column.values.astype(object)).mask(column.missing)
        codes, different = pd.factorize(present, sort=True)
        if len(different) > inputs.MOST_CODES:
            raise BadInput(
                f"column {name} has {len(different):,} different values; expected at most {inputs.MOST_CODES} of codes: use "
                f"--numbers {name}, or leave it out: --without {name}"
            )
        categories[name] = tuple(map(str, different))
        # The second of two says it all.
        for place in [1] if len(different) == 2 else range(len(different)):
            parts.append((codes == place).astype(np.int64))
            names.append(f"{name}={different[place]}")
    return np.stack(parts, 1), tuple(names), categories


def _symbols(table: Table, columns: dict[str, Column], name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the number of each row's symbol ``[N, 1]``, and the symbols."""
    _check_filled(table, columns[name])
    symbols, numbers = np.unique(columns[name].values.astype(str), return_inverse=True)
    return numbers.reshape(-1, 1), tuple(symbols.tolist())


def _check_filled(table: Table, column: Column) -> None:
    """Raise ``BadInput`` if a row has nothing in a column."""
    if column.missing.any():
        where = table.where(int(column.missing.argmax()))
        raise BadInput(f"{where} has no {column.name}; expected one in each row: fill it, or remove the row")


def _label_values(table: Table, column: Column) -> np.ndarray:
    """Return a column of labels or groups ``[N, 1]``: numbers, or texts as they stand in the file."""
    _check_filled(table, column)
    if column.kind == "number":
        return column.values[:, None]
    return table.rows[column.name].astype(str).to_numpy(str)[:, None]


def _one_group(values: list[np.ndarray], origins: list[str], column: str) -> list[Hashable]:
    """Return the one group of each sequence from its values ``[T, 1]``."""
    for values_of_one, origin in zip(values, origins, strict=True):
        if (values_of_one != values_of_one[0]).any():
            raise BadInput(f"{origin} is in several groups by {column}; expected one: use another: --group COLUMN")
    return [values_of_one[0, 0] for values_of_one in values]


def _origins(table: Table, arrangement: keys.Arrangement, spaced: spacing.Spaced) -> list[str]:
    """Return what a message calls each sequence."""
    first = table.files[0].name
    if arrangement.sequence:
        rows = np.unique(arrangement.codes, return_index=True)[1]
        cells_of = [table.rows[name].iloc[rows].tolist() for name in arrangement.sequence]
        keys_of = [
            ", ".join(f"{n} {shorten(v)}" for n, v in zip(arrangement.sequence, key, strict=True))
            for key in zip(*cells_of, strict=True)
        ]
        origins = [f"{first}, {key}" for key in keys_of]
    else:
        rows = np.unique(arrangement.codes, return_index=True)[1]
        origins = [table.files[file].name for file in table.files_of(rows)]
        if len(origins) > len(table.files):
            origins = [f"{name}, sequence {code}" for code, name in enumerate(origins)]
    if len(spaced.part_of) == len(origins):
        return origins
    return [f"{origins[part]}, part {number}" for number, part in enumerate(spaced.part_of)]
