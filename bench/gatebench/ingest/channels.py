"""Files of a folder that are channels of the same series: a series in each row, of which every file has one column."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import calendar_grid, given, layout
from gatebench.ingest.cells import Column
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Reading, ask
from gatebench.ingest.raw import RawData
from gatebench.ingest.tabular import Table


@dataclass(frozen=True)
class Channels:
    """Files of one folder, with as many rows in each."""

    files: list[int]
    """The numbers of the files, a channel each."""
    rows: int
    """The rows of each file, a series each."""
    names: list[str]
    """What the channels are called: the names of the files without their end and the word for a split."""


def decide(table: Table, columns: dict[str, Column], choices: Choices) -> RawData | None:
    """Return the series of rows, of one table or of files that are channels; None where a row is a step, as usual.

    Parameters
    ----------
    table
        The rows of all files.
    columns
        Name -> column, of the rows of all files.
    choices
        What the user chose. `Undecided` if nothing, and files may be channels.

    """
    if not layout.says_what_a_row_is(choices):
        calendar_grid.ask_about(columns, choices)
    if table.codes is None:
        return layout.decide(columns, table.where, table.files[0].name, choices)
    if choices.layout not in ("series-a-row", None):
        if choices.layout == "series-a-column":
            raise BadInput(f"--series-a-column is for one table, but a sequence is {table.each} here: remove it")
        return None
    if len(table.files) < 2 or table.each != "a file each":
        if choices.layout is None:
            return None
        raise BadInput(f"--series-a-row is for tables of numbers, but a sequence is {table.each} here: remove it")
    folders = _find(table)
    if choices.layout is None:
        if not isinstance(folders, str) and all(_is_wide(table, columns, folder, choices) for folder in folders):
            _ask(folders, columns, choices)
        return None
    if isinstance(folders, str):
        raise BadInput(
            f"--series-a-row of a folder is for files of as many rows, a channel each, but {folders}: give one file, or "
            "use --step-a-row"
        )
    return _join(table, columns, folders, choices)


def _find(table: Table) -> list[Channels] | str:
    """Return the channels of each folder, or why files are none."""
    counts = np.diff([*table.starts, len(table.rows)])
    by_folder: dict[Path, list[int]] = {}
    for number, file in enumerate(table.files):
        by_folder.setdefault(file.parent, []).append(number)
    folders: list[Channels] = []
    for folder, numbers in by_folder.items():
        first = numbers[0]
        if len(numbers) < 2:
            return f"{shorten(folder)} has one file"
        for number in numbers:
            if counts[number] != counts[first]:
                return (
                    f"{table.files[number].name} has {counts[number]:,} rows, and {table.files[first].name} has "
                    f"{counts[first]:,}"
                )
        folders.append(Channels(numbers, int(counts[first]), _names([table.files[number] for number in numbers])))
    for folder in folders:
        if folder.names != folders[0].names:
            other = shorten(table.files[folder.files[0]].parent)
            return f"{other} has {shorten(', '.join(folder.names))}, not {shorten(', '.join(folders[0].names))}"
    return folders


def _names(files: list[Path]) -> list[str]:
    """Return what files are called, without the word for a split if all have the same."""
    stems = [file.name.split(".")[0] for file in files]
    parts = [given.part_name(stem) for stem in stems]
    same = len({split for _, split in parts}) == 1 and all(rest for rest, _ in parts)
    return [rest for rest, _ in parts] if same else stems


def _is_wide(table: Table, columns: dict[str, Column], folder: Channels, choices: Choices) -> bool:
    """Whether a row looks like a series in every file of a folder."""
    for number in folder.files:
        rows = np.arange(folder.rows) + table.starts[number]
        if layout.look({name: column.take(rows) for name, column in columns.items()}, choices) is None:
            return False
    return True


def _ask(folders: list[Channels], columns: dict[str, Column], choices: Choices) -> None:
    """Ask whether files are channels, unless a column is named for something that says what a row is."""
    if layout.says_what_a_row_is(choices):
        return
    series, files = sum(folder.rows for folder in folders), sum(len(folder.files) for folder in folders)
    names = folders[0].names
    raise ask(
        f"all files of a folder have as many rows, of like columns ({next(iter(columns))} to {next(reversed(columns))}), "
        "whose numbers change less along a row than from row to row",
        Reading(
            f"{series:,} series, a row each, of {len(names)} channels, a file each ({shorten(', '.join(names))})",
            {"layout": "series-a-row"},
        ),
        Reading(f"{files:,} series, a file each, of {len(columns)} columns", {"layout": "step-a-row"}),
    )


def _join(table: Table, columns: dict[str, Column], folders: list[Channels], choices: Choices) -> RawData:
    """Return a sequence for each row, with a column of each file; a label stands in all files, or it is refused."""
    of_files = layout.series_of_rows(columns, table.where, table.files[0].name, choices)
    names = folders[0].names
    sequences: list[np.ndarray] = []
    places: list[int] = []
    files: list[int] = []
    for folder in folders:
        starts = [int(table.starts[number]) for number in folder.files]
        for row in range(folder.rows):
            sequences.append(np.concatenate([of_files.sequences[start + row] for start in starts], axis=1))
            for values in (of_files.targets, of_files.groups):
                _check_same(table, [start + row for start in starts], values)
            places.append(starts[0] + row)
            files.append(folder.files[0])
    line = (
        f"sequences: {len(sequences):,}, a row each, of {len(sequences[0])} steps and {len(names)} columns, a file each: "
        f"{shorten(', '.join(names))} (--step-a-row)"
    )
    return replace(
        of_files,
        sequences=sequences,
        names=tuple(names),
        origins=[of_files.origins[place] for place in places],
        targets=of_files.targets and [of_files.targets[place] for place in places],
        groups=of_files.groups and [of_files.groups[place] for place in places],
        files=files,
        decisions=[*table.lines, line, *of_files.decisions[1:]],
    )


def _check_same(table: Table, rows: list[int], values: list | None) -> None:
    """Raise ``BadInput`` if rows that are channels of one series have other labels or groups."""
    if values is None:
        return
    for row in rows[1:]:
        if not np.array_equal(values[row], values[rows[0]]):
            raise BadInput(
                f"{table.where(row)} and {table.where(rows[0])} have another label or group; expected the same in all "
                "channels of a series: correct it, or use --step-a-row"
            )
