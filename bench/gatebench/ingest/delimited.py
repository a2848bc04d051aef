"""Tables in text: which lines are comments, a header or units, and what stands between columns."""

import csv
import io
import itertools
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import encoding, headers, report_rows
from gatebench.ingest.encoding import Opener

SEPARATORS = "\t;|,"
"""What stands between columns, the likeliest first where several would do."""
WHITE_SPACE = r"\s+"
"""What stands between columns that no separator parts."""
ROWS = 2**16
"""Rows of which the cells of one column are read together."""
SAMPLE_LINES = 50
"""Lines that are looked at to learn how a table is written."""
MOST_UNITS = 3
"""Rows of units, or of further names, below a header, at the most."""
SAMPLE_CHARACTERS = 2**20
"""Characters of a line that are looked at, at the most."""
NUMBER = re.compile(r"\s*[-+]?[\d.,']*\d[\d.,']*(?:[eE][-+]?\d+)?\s*%?\s*")
"""Texts that somebody would call a number, whatever marks its decimals and thousands."""
DATE = re.compile(r"\s*\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ][\d:.,]+\S*)?\s*|\s*\d{4}-\d{2}\s*")
"""Texts that somebody would call a date."""
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "--", ".", "missing"})
"""Texts, in small letters, that stand for a value that is missing."""


@dataclass(frozen=True)
class TextLayout:
    """How a table is written."""

    separator: str
    """What stands between columns; `WHITE_SPACE` stands for any amount of it."""
    comments: int
    """Lines before the table."""
    names: list[str] | None
    """The header where it is not the first line of the table: one in a comment, or none at all."""
    units: int
    """Rows with units, or with other names, that follow the header."""
    lines: list[str] = field(default_factory=list)
    """What was decided about the table, a line each."""


@dataclass(frozen=True)
class TextTable:
    """A table in text that was looked at and not read."""

    opener: Opener
    """What opens the file, unpacked."""
    options: dict[str, object]
    """What `pandas.read_csv` is to be given."""
    lines: list[str]
    """What was decided about the table, a line each."""


def look(opener: Opener, where: str) -> TextTable:
    """Return how a table in text is read, and what is to be said about it; ``BadInput`` if it is none.

    Parameters
    ----------
    opener
        What opens the file, unpacked.
    where
        The file, for messages.

    """
    used_encoding, lines = encoding.detect(opener, where)
    sample = _sample(opener, used_encoding)
    layout = find_layout(sample, where)
    skipped = [*range(layout.comments)]
    skipped += range(layout.comments + 1, layout.comments + 1 + layout.units)
    written = [line for line in sample[layout.comments :] if line.strip()]
    options = {
        "sep": layout.separator, "header": None if layout.names else 0, "names": layout.names, "encoding": used_encoding,
        "skiprows": skipped, "index_col": False, "keep_default_na": False, "na_values": [""],
        # In one column, an empty line is a cell with nothing in it.
        "skip_blank_lines": any(len(_cells(line, layout.separator)) > 1 for line in written),
        "skipinitialspace": _has_blanks_behind(layout.separator, written),
    }  # fmt: skip
    names, said = (layout.names, []) if layout.names or layout.units else _names_of_texts(opener, options, written)
    options |= {"names": names, "header": None if names else 0}
    return TextTable(opener, options, [*lines, *layout.lines, *said])


def _has_blanks_behind(separator: str, written: list[str]) -> bool:
    """Whether blanks stand behind every separator, which they are a part of, and not of the cells."""
    if separator == WHITE_SPACE:
        return False
    cells = [cell for line in written[1:] for cell in _cells(line, separator)[1:] if cell]
    return bool(cells) and all(cell.startswith(" ") for cell in cells)


def _names_of_texts(opener: Opener, options: dict[str, object], written: list[str]) -> tuple[list[str] | None, list[str]]:
    """Return the names of columns of texts alone that have no header, and what is said of their first row."""
    table = [_cells(line, str(options["sep"])) for line in written]
    columns = [*itertools.zip_longest(*table[1:], fillvalue="")]
    if not columns or any(2 * sum(map(is_value, cells)) >= sum(map(bool, cells)) for cells in columns if any(cells)):
        return None, []
    try:
        with opener() as file:
            as_texts = options | {"header": None, "names": None, "dtype": str, "nrows": ROWS}
            rows = pd.read_csv(file, **as_texts)  # pyright: ignore[reportCallIssue, reportArgumentType]
    except pd.errors.ParserError:  # which is said where all of it is read
        return None, []
    if headers.is_data(rows):
        return _numbered(len(rows.columns)), [_without_header(len(rows.columns))]
    first = shorten(", ".join(str(cell).strip() for cell in rows.iloc[0].dropna()))
    return None, [f"header: the first row ({first}); if it is data, write names above it"]


def read(table: TextTable) -> pd.DataFrame:
    """Return the rows of a table in text."""
    with table.opener() as file:
        rows = pd.read_csv(file, low_memory=False, **table.options)  # pyright: ignore[reportCallIssue, reportArgumentType]
    if table.options["skip_blank_lines"]:
        return rows
    filled = np.flatnonzero(rows.iloc[:, 0].notna())
    return rows.iloc[: filled[-1] + 1] if len(filled) else rows.iloc[:0]


def different_cells(table: TextTable, name: str) -> set[str]:
    """Return the different cells of a column as they are written, without blanks around them."""
    options = table.options | {"dtype": str, "usecols": lambda column: str(column).strip() == name, "chunksize": ROWS}
    with table.opener() as file, pd.read_csv(file, **options) as parts:  # pyright: ignore
        return {cell.strip() for part in parts for cell in part.iloc[:, 0].dropna().unique()}


def _sample(opener: Opener, used_encoding: str) -> list[str]:
    """Return the first lines of a text, without their ends."""
    with opener() as file, io.TextIOWrapper(file, encoding=used_encoding, newline=None) as text:
        lines: list[str] = []
        comments = True
        while len(lines) < 10 * SAMPLE_LINES and (line := text.readline(SAMPLE_CHARACTERS)):
            lines.append(line.rstrip("\n"))
            comments = comments and _is_comment(line)
            if not comments and len(lines) >= SAMPLE_LINES:
                break
        return lines


def _is_comment(line: str) -> bool:
    return line.startswith("#") or not line.strip()


def find_layout(sample: list[str], where: str) -> TextLayout:
    """Return how a table is written whose first lines are given; ``where`` names it in a message."""
    comments = next((place for place, line in enumerate(sample) if not _is_comment(line)), len(sample))
    places = [place for place in range(comments, len(sample)) if sample[place].strip()]
    written = [sample[place] for place in places]
    below_blank = {i for i, place in enumerate(places) if i and not sample[place - 1].strip()}
    separator, titles = _without_titles(written, below_blank)
    table = [_cells(line, separator) for line in written][titles:]
    first = table[0] if table else []
    repeated = sorted({name.strip() for name in first if name.strip() and first.count(name) > 1})
    skipped = [line for line in sample[:comments] if line.strip()]
    lines = [f"comments: {len(skipped)} line(s) that begin with # are skipped"] if skipped else []
    if titles:
        lines.append(f"title: {titles} line(s) above the header are skipped: {shorten('; '.join(written[:titles]))}")
        comments = places[titles]
    longer = len(table) > 1 and {len(row) for row in table[1:]} == {len(first) + 1}
    # A separator at the end of each row but the header, with nothing behind it, parts nothing.
    if longer and any(row[-1].strip() for row in table[1:]) and not any(map(is_number, first)):
        lines.append("header: of all columns but the first, as R writes it, which is called row")
        return TextLayout(separator, comments + 1, ["row", *(name.strip() for name in first)], 0, lines)
    if _has_header(table):
        if repeated:
            raise BadInput(
                f"{where} has several columns called {shorten(', '.join(repeated))}; expected a name for each: rename them"
            )
        units = _count_units(table)
        if units:
            which = "two rows; the second one, units, is" if units == 1 else f"{units + 1} rows; all but the first are"
            more = (cell for row in table[1 : 1 + units] for cell in row if cell)
            lines.append(f"header: in {which} skipped: {shorten(', '.join(more))}")
        below = table[1 + units] if len(table) > 1 + units else []
        if any(cell.strip() for cell in below[len(first) :]):  # pandas would leave out what has no name
            raise BadInput(
                f"{where} has {len(first)} name(s) in its header and {len(below)} values in the row below it; expected as "
                "many: correct it"
            )
        return TextLayout(separator, comments, None, units, lines)
    # A comment with units has one of them for several columns; the names are in the one above it.
    for comment, called in zip(skipped[:-3:-1], ("the last", "the last but one"), strict=False):
        commented = [name.strip() for name in _cells(comment.lstrip("# "), separator)]
        if len(set(commented)) == len(first) > 0 and not any(map(is_number, commented)):
            lines.append(f"header: in {called} of these comments")
            return TextLayout(separator, comments, commented, 0, lines)
    return TextLayout(separator, comments, _numbered(len(first)), 0, [*lines, _without_header(len(first))])


def _numbered(count: int) -> list[str]:
    return [f"column{place}" for place in range(count)]


def _without_header(count: int) -> str:
    names = "the column is called column0" if count == 1 else f"columns are called column0 to column{count - 1}"
    return f"header: none, so that {names}"


def _without_titles(written: list[str], below_blank: set[int]) -> tuple[str, int]:
    """Return what stands between columns, and how many lines above the header are no part of the table.

    Those lines have fewer cells than the table; or other ones, if a blank line parts them from it and they are so few that
    they say something of the whole, as the place where it was measured.
    """
    separator = _find_separator(written)
    table = [_cells(line, separator) for line in written]
    if titles := report_rows.count_titles(table):
        return separator, titles
    for titles in range(1, min(report_rows.MOST_TITLES, len(written) - report_rows.FEWEST_ROWS)):
        below = written[titles:]
        other = _find_separator(below)
        counts = {len(_cells(line, other)) for line in below}
        header, *rows = table = [_cells(line, other) for line in below]
        above = [len(_cells(line, other)) for line in written[:titles]]
        # A header has no numbers but years, and the rows below it have some: a row of data is no header of what is below.
        is_header = _has_header(table) and any(map(is_value, rows[0]))
        is_narrow = len(header) > max(1, *above)
        is_apart = titles in below_blank and titles < report_rows.FEWEST_ROWS and len(header) not in {1, *above}
        if len(counts) == 1 and is_header and (is_narrow or is_apart):
            return other, titles
    return separator, 0


def _find_separator(lines: list[str]) -> str:
    """Return what parts all lines into as many cells, at least two; else what stands in the first one."""
    for separator in SEPARATORS:
        cells = [_cells(line, separator) for line in lines]
        # What stands at the end of each line alone ends it, and parts nothing.
        parts = any(any(cell.strip() for cell in row[1:]) for row in cells)
        if len({len(row) for row in cells}) == 1 and parts:
            return separator
    first = lines[0] if lines else ""
    likeliest = max(SEPARATORS, key=first.count)
    if likeliest in first:
        return likeliest
    counts = [len(_cells(line, WHITE_SPACE)) for line in lines]
    # As R writes a table: the first column, of row names, has no name.
    alike = len({*counts}) == 1 or (len({*counts[1:]}) == 1 and counts[0] + 1 == counts[1])
    return WHITE_SPACE if alike and max(counts) > 1 else ","


def _cells(line: str, separator: str) -> list[str]:
    if separator == WHITE_SPACE:
        return next(csv.reader([" ".join(line.split())], delimiter=" "), [])
    return next(csv.reader(io.StringIO(line), delimiter=separator), [])


def is_number(text: str) -> bool:
    """Whether a text is what somebody would call a number."""
    return NUMBER.fullmatch(text) is not None


def is_value(text: str) -> bool:
    """Whether a text is a number or a date."""
    return is_number(text) or DATE.fullmatch(text) is not None


def _has_header(table: list[list[str]]) -> bool:
    """Whether the first row has names: it has other cells than those below, or numbers that only count columns."""
    if not table:
        return True
    first = table[0]
    values = [place for place, cell in enumerate(first) if is_value(cell)]
    if not values:
        return True
    if len(table) == 1 or any(not is_value(row[place]) for row in table[1:2] for place in values if place < len(row)):
        return len(values) < len(first)
    if all(DATE.fullmatch(first[place]) for place in values) and not any(map(DATE.fullmatch, table[1])):
        return True  # the dates of a series in each row
    if not all(re.fullmatch(r"\s*\d+\s*", first[place]) for place in values) or len(values) < 3:
        return False
    return _counts([int(first[place]) for place in values]) and not _counts_in_text(table[1], values)


def _counts(numbers: list[int]) -> bool:
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(steps) == 1 and steps.pop() > 0


def _counts_in_text(row: list[str], places: list[int]) -> bool:
    cells = [row[place].strip() for place in places if place < len(row)]
    return all(cell.isdecimal() for cell in cells) and _counts([int(cell) for cell in cells])


def _count_units(table: list[list[str]]) -> int:
    """Return how many rows below the header have texts, or nothing, where all rows below them have numbers or dates."""
    if any(len(row) != len(table[0]) for row in table):
        return 0
    for units in range(1, min(MOST_UNITS, len(table) - 3) + 1):
        below = [place for place in range(len(table[0])) if all(is_value(row[place]) for row in table[1 + units :])]
        cells = [row[place].strip() for row in table[1 : 1 + units] for place in below]
        if below and not any(map(is_value, cells)) and any(cell.lower() not in MISSING for cell in cells):
            return units
    return 0
