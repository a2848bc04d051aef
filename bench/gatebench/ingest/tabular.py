"""Files of tables as one table whose rows know where they come from."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Literal, NamedTuple, cast

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import (
    blank_lines,
    delimited,
    given,
    identifiers,
    limits,
    lists,
    long_texts,
    objects,
    report_rows,
    streamed,
)
from gatebench.ingest.cells import Column
from gatebench.ingest.choices import BLANK, Choices
from gatebench.ingest.encoding import Opener
from gatebench.ingest.question import Undecided

PACKED_TABLES = (".csv", ".tsv", ".tab", ".dat")
"""Suffixes of the tables that a zip may hold."""
PACKED = 4
"""How many times as large a table packed by gzip is when it is unpacked, about."""


class FileTable(NamedTuple):
    """What is read of one file."""

    rows: pd.DataFrame
    """The rows of the file."""
    lines: list[str]
    """What was decided about the file, a line each."""
    codes: np.ndarray | None = None
    """The number of each row's sequence ``[N]``, where the file says so itself."""
    each: str = ""
    """What a sequence is in such a file, for the user."""
    label: str | None = None
    """The column that is the target, where the file says so itself."""
    target_kind: Literal["label", "value"] | None = None
    """What that target is."""
    columns: Mapping[str, Column] | None = None
    """Columns whose cells were read with the file, which was read a part at a time; None: it was read whole."""
    text: delimited.TextTable | None = None
    """The text that the rows were read from; None: the file is none."""
    blocks: np.ndarray | None = None
    """The number of the block of each row ``[N]``, where blank lines part rows; None: they do not."""
    nominal: tuple[str, ...] = ()
    """Columns that the file declares to be classes, whatever is in them."""


@dataclass(frozen=True)
class Table:
    """The rows of all files, one after the other, named by their position, which they keep whatever becomes of them."""

    files: list[Path]
    """The files, in the order of their rows."""
    rows: pd.DataFrame
    """The rows of all files."""
    starts: np.ndarray
    """Position of the first row of each file."""
    lines: list[str] = field(default_factory=list)
    """What was decided about the files, a line each."""
    codes: np.ndarray | None = None
    """The number of each row's sequence ``[N]``, where that needs no column; None: columns tell sequences apart."""
    each: str = "a file each"
    """What such a sequence is, for the user."""
    label: str | None = None
    """The column that is the target, where the files say so themselves."""
    target_kind: Literal["label", "value"] | None = None
    """What that target is."""
    splits: list[str] | None = None
    """The split of each file, where files are one each of a split."""
    columns: Mapping[str, Column] | None = None
    """Columns whose cells were read with the file, which was read a part at a time; None: it was read whole."""
    texts: list[delimited.TextTable] = field(default_factory=list)
    """The texts that the rows were read from; none of other files."""
    blocks: np.ndarray | None = None
    """The number of the block of each row ``[N]``, where blank lines part rows; None: they do not."""
    nominal: tuple[str, ...] = ()
    """Columns that the files declare to be classes, whatever is in them."""
    rows_of_files: np.ndarray | None = None
    """The row of its file that each row is from, counted from 0 ``[N]``; None: all rows of each file, as they stand."""

    def files_of(self, positions: np.ndarray) -> np.ndarray:
        """Return the number of the file that each row stands in."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def where(self, position: int) -> str:
        """Return a row for a message, counted from 1 in its file."""
        file = int(self.files_of(np.array(position)))
        row = position - self.starts[file] if self.rows_of_files is None else self.rows_of_files[position]
        return f"{self.files[file].name}, row {row + 1}"

    def check_writing(self, names: list[str]) -> None:
        """Raise ``BadInput`` if a column of whole numbers that tell sequences apart has one number written in two ways."""
        for name in names:
            cells = {cell for text in self.texts for cell in delimited.different_cells(text, name)}
            identifiers.check_writing(f"{self.files[0].name}, column {name}", sorted(cells))


def read(files: list[Path], read_file: Callable[[Path], FileTable], choices: Choices) -> Table:
    """Return tables of the same columns as one; ``BadInput`` if a file is no table, or has other columns.

    Parameters
    ----------
    files
        The files.
    read_file
        What reads one of them.
    choices
        What the user chose, of which only the symbols of texts matter here.

    """
    tables: list[FileTable] = []
    for file in files:
        with limits.reading(file):
            tables.append(_read_checked(file, read_file, choices))
    for file, table in zip(files, tables, strict=True):
        if list(table.rows.columns) != list(tables[0].rows.columns):
            message = (
                f"{file} has the columns {list_columns(table.rows)}, but {files[0].name} has "
                f"{list_columns(tables[0].rows)}; expected the same in all files: correct one of them"
            )
            raise limits.UnreadableFile(message, file)
    starts = np.cumsum([0, *(len(table.rows) for table in tables[:-1])])
    lines = dict.fromkeys(line for table in tables for line in table.lines)
    splits = given.splits_of_files(files)
    alone = len(tables) == 1
    rows = tables[0].rows.reset_index(drop=True) if alone else pd.concat([t.rows for t in tables], ignore_index=True)
    columns = tables[0].columns if alone else None
    codes, each = _join_codes([table.codes for table in tables]), tables[0].each
    if codes is None and len(files) > 1 and splits is None:
        codes, each = np.repeat(np.arange(len(tables)), [len(table.rows) for table in tables]), "a file each"
    texts = [table.text for table in tables if table.text]
    first = tables[0]
    return Table(
        files, rows, starts, [*lines], codes, each, first.label, first.target_kind, splits, columns, texts,
        _join_blocks(tables), first.nominal,
    )  # fmt: skip


def _join_blocks(tables: list[FileTable]) -> np.ndarray | None:
    """Return numbers of blocks of all files, of which one without blank lines is a block; None if all are."""
    if all(table.blocks is None for table in tables):
        return None
    return _join_codes([np.zeros(len(t.rows), int) if t.blocks is None else t.blocks for t in tables])


def _join_codes(of_files: list[np.ndarray | None]) -> np.ndarray | None:
    """Return numbers of sequences of all files, or None if any file has none."""
    codes = [of_file for of_file in of_files if of_file is not None]
    if len(codes) < len(of_files):
        return None
    counts = [int(of_file.max()) + 1 for of_file in codes]
    return np.concatenate([of_file + start for of_file, start in zip(codes, np.cumsum([0, *counts[:-1]]), strict=True)])


def _read_checked(file: Path, read_file: Callable[[Path], FileTable], choices: Choices) -> FileTable:
    try:
        table = read_file(file)
    except (BadInput, Undecided):
        raise
    except pd.errors.EmptyDataError as error:
        raise BadInput(f"{file} is empty; expected a table: fill it, or remove it") from error
    except Exception as error:  # whatever a parser makes of a file that is none
        uneven = "fields in line" in str(error)
        advice = "as many in each line, and nothing above or below the table" if uneven else "or convert it to csv"
        raise BadInput(
            f"{file} cannot be read as a table ({shorten(error)}); correct it{': ' if uneven else ', '}{advice}"
        ) from error
    rows, without = objects.flatten(table.rows)
    table = table._replace(rows=rows, lines=[*table.lines, *without])
    rows.columns = [str(name).strip() for name in rows.columns]
    if rows.empty or rows.columns.duplicated().any():
        raise BadInput(
            f"{file} has {len(rows)} rows of the columns {list_columns(rows)}; expected rows, and a name for each "
            "column: correct it"
        )
    if table.codes is not None:
        return table
    rows, left_out = report_rows.leave_out(rows)
    if table.blocks is not None and choices.sequence == BLANK and len(rows.columns) == 1:
        rows = rows.dropna()  # the blank lines themselves
    table = _at(table, rows.index.to_numpy())._replace(lines=[*table.lines, *left_out])
    rows = rows.reset_index(drop=True)
    table = table._replace(rows=rows)
    expanded, codes = lists.expand(long_texts.split(rows, file.name, choices), file.name)
    return table if codes is None else table._replace(rows=expanded, codes=codes, each="a row each", blocks=None)


def _at(table: FileTable, positions: np.ndarray) -> FileTable:
    """Return a table of which what stands beside its rows is that of some of them."""
    if len(positions) == len(table.rows):
        return table
    columns = table.columns and {name: column.take(positions) for name, column in table.columns.items()}
    blocks = None if table.blocks is None else pd.factorize(table.blocks[positions])[0]
    return table._replace(columns=columns, blocks=blocks)


def read_delimited(file: Path, choices: Choices | None = None) -> FileTable:
    """Return a table in text, as it is, packed by gzip, or alone in a zip.

    With ``choices`` of how cells are read, a large one is read a part at a time.
    """
    if file.suffix.lower() == ".zip":
        with zipfile.ZipFile(file) as archive:
            member = _only_table(file, archive)

        def open_member() -> IO[bytes]:
            with zipfile.ZipFile(file) as again:  # whose file stays open until that of the member is closed
                return again.open(member)

        return _read_text(open_member, f"{file}: {member.filename}", member.file_size, choices)

    def open_file() -> IO[bytes]:
        return cast(IO[bytes], gzip.open(file)) if file.suffix.lower() == ".gz" else file.open("rb")

    packed = file.suffix.lower() == ".gz"
    try:
        return _read_text(open_file, str(file), file.stat().st_size * (PACKED if packed else 1), choices)
    except (zlib.error, EOFError) as error:
        raise BadInput(f"{file} cannot be unpacked ({shorten(error)}); it is damaged: save it anew") from error


def _read_text(opener: Opener, where: str, size: int, choices: Choices | None) -> FileTable:
    table = delimited.look(opener, where)
    if choices is None or size < limits.STREAMED_FROM:
        rows, columns = delimited.read(table), None
    else:
        rows, columns = streamed.read(table, where, choices)
    blocks = blank_lines.find(table, rows)
    if blocks is not None and columns is None:
        blank_lines.check_one_table(rows, blocks, where)
    return FileTable(rows, table.lines, columns=columns, text=table, blocks=blocks)


def _only_table(file: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one table of a zip; ``BadInput`` if there is another thing in it, or it would unpack to too much."""
    members = [
        member for member in archive.infolist()
        if not member.is_dir() and (".." in member.filename or not given.is_hidden(PurePosixPath(member.filename)))
    ]  # fmt: skip
    names = [member.filename for member in members]
    for path in map(PurePosixPath, names):
        if path.is_absolute() or ".." in path.parts:
            raise BadInput(
                f"{file} has a path in it that leads out of it: {shorten(path)}; pack it anew, or give the file itself"
            )
    if len(members) != 1 or PurePosixPath(names[0]).suffix.lower() not in PACKED_TABLES:
        raise BadInput(
            f"{file} has {len(names):,} file(s) in it: {shorten(', '.join(names[:20])) or 'none'}; expected one csv: unpack "
            "it, and give the file or the folder"
        )
    (member,) = members
    if member.file_size > limits.MOST_STREAMED:
        raise BadInput(
            f"{file} unpacks to {member.file_size:,} bytes; expected at most {limits.MOST_STREAMED:,}: give a part"
        )
    if member.flag_bits & 1:
        raise BadInput(f"{file} is locked by a password; expected one that is not: unpack it, and give the file")
    return member


def list_columns(table: pd.DataFrame) -> str:
    """Return the names of columns for a message."""
    return shorten(", ".join(map(str, table.columns)))
