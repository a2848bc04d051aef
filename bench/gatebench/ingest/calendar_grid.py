"""Tables with a year in each row and a month in each column, or a day and an hour: a step may be a row, or a cell."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import cells, date_parts, date_words
from gatebench.ingest.cells import Column, codes_of
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Reading, ask
from gatebench.ingest.tabular import Table

HOUR = re.compile(r"(?:h|hr|hour|he|stunde|heure|hora)?[ _.-]?(\d{1,2})(?::00){0,2} ?(?:h|uhr)?", re.IGNORECASE)
"""What the column of an hour is called."""
UNITS = {"month": "year", "hour": "day"}
"""What a cell is -> what a row is."""
ARTICLES = {"month": "a", "hour": "an"}
"""What stands in front of one."""


@dataclass(frozen=True)
class Grid:
    """A table whose cells follow one another."""

    row: str
    """The column that says which year or day a row is."""
    cells: list[str]
    """The columns of the months or hours, in their order."""
    unit: Literal["month", "hour"]
    """What a cell is."""
    beside: list[str]
    """Columns of numbers behind them: averages and sums of the row."""


def cell_names(names: Iterable[str]) -> tuple[list[str], Literal["month", "hour"]] | None:
    """Return the columns that are called by all months, or by all hours of a day, in their order; None if there are none."""
    names = list(names)
    months = [(name, month) for name in names if (month := date_words.month_of(name)) is not None]
    if [month for _, month in months] == list(range(12)):
        return [name for name, _ in months], "month"
    hours = [(name, int(matched[1])) for name in names if (matched := HOUR.fullmatch(name.strip()))]
    if [hour for _, hour in hours] in (list(range(24)), list(range(1, 25))):
        return [name for name, _ in hours], "hour"
    return None


def find(columns: dict[str, Column]) -> Grid | None:
    """Return the grid that a table is: months beside a year, or hours beside a date; None if it is none."""
    named = cell_names(columns)
    if named is None or any(columns[name].kind not in ("number", "empty") for name in named[0]):
        return None
    steps, unit = named
    names = list(columns)
    row = next((n for n in names if n not in steps and _is_row(columns[n], unit)), None)
    if row is None:
        return None
    behind = names[names.index(steps[-1]) + 1 :]
    texts = [name for name in behind if columns[name].kind == "text" and len(columns[name].different) > 1]
    beside = [name for name in behind if name not in (row, *texts)]
    return Grid(row, steps, unit, beside)


def _is_row(column: Column, unit: str) -> bool:
    """Whether a column has a year, or a day, in each row."""
    return column.kind == "date" if unit == "hour" else date_parts.is_of_years(column)


def ask_about(columns: dict[str, Column], choices: Choices) -> None:
    """Ask whether a row or a cell is a step, where nothing is chosen that says so."""
    if any(choice is not None for choice in (choices.label, choices.predict, choices.known)):
        return
    grid = find(columns)
    if grid is None:
        return
    rows, of_row, count = len(columns[grid.row].missing), UNITS[grid.unit], len(grid.cells)
    raise ask(
        f"{count} columns are called by {grid.unit}s ({grid.cells[0]} to {grid.cells[-1]}), beside {grid.row}, and may "
        "follow one another",
        Reading(f"a step is {ARTICLES[grid.unit]} {grid.unit}, {rows * count:,} in all", {"layout": "step-a-cell"}),
        Reading(f"a step is a {of_row}, {rows:,} in all, of {count} columns", {"layout": "step-a-row"}),
        Reading(f"a {of_row} is a series of {count} steps", {"layout": "series-a-row"}),
    )


def unroll(table: Table, choices: Choices) -> tuple[Table, Choices]:
    """Return a table with a row for each cell of a grid, and choices for it, where that is chosen.

    Cells without a value in front of the first one and behind the last one of a series are no steps.
    """
    if choices.layout != "step-a-cell":
        return table, choices
    columns = {} if table.columns else cells.read_all(table.rows, choices, {})
    grid = find(columns)
    if grid is None or (table.codes is not None and table.each != "a file each"):
        raise BadInput(
            f"--step-a-cell is for a column of years beside one for each month, or of days beside one for each hour, but "
            f"{table.files[0].name} has {shorten(', '.join(table.rows.columns))}: remove it"
        )
    gone = {*grid.cells, *grid.beside, *(choices.without or [])}
    staying = [name for name in table.rows.columns if name not in gone or name == grid.row]
    count = len(grid.cells)
    files = table.files_of(np.arange(len(table.rows)))
    keys = [columns[name] for name in staying if columns[name].kind == "text"]
    series = codes_of([Column("file", "number", files, np.zeros(len(files), bool)), *keys])
    missing = np.stack([columns[name].missing for name in grid.cells], 1)
    present = _without_ends(missing, series, columns[grid.row].values)
    of_cells = np.repeat(np.arange(len(table.rows)), count)[present]
    rows = table.rows[staying].iloc[of_cells].reset_index(drop=True)
    part, value = _free(grid.unit, staying), _free("value", staying)
    rows[part] = np.tile(np.arange(count) + (grid.unit == "month"), len(table.rows))[present]
    rows[value] = pd.Series(table.rows[grid.cells].to_numpy().reshape(-1)[present]).infer_objects()
    lines = [
        f"steps: {ARTICLES[grid.unit]} {grid.unit} each, of {len(table.rows):,} {UNITS[grid.unit]}s in rows (--step-a-row)"
    ]
    if grid.beside:
        lines.append(
            f"left out: {shorten(', '.join(grid.beside))}, behind the {grid.unit}s of which they are averages or sums"
        )
    if len(rows) < len(present):
        lines.append(
            f"left out: {len(present) - len(rows):,} {grid.unit}(s) without a value, before the first or after the last"
        )
    unrolled = replace(
        table,
        rows=rows,
        starts=np.searchsorted(files[of_cells], np.arange(len(table.files))),
        lines=[*table.lines, *lines],
        codes=None if table.codes is None else table.codes[of_cells],
        blocks=None if table.blocks is None else pd.factorize(table.blocks[of_cells])[0],
        rows_of_files=of_cells - table.starts[files[of_cells]],
    )
    order = f"{grid.row},{part}" if choices.order is None else choices.order
    without = [name for name in choices.without or [] if name in staying]
    return unrolled, replace(choices, layout="step-a-row", order=order, without=without or None)


def _without_ends(missing: np.ndarray, series: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return which cells stay ``[N * C]``: those between the first and the last value of each series, in the order of rows.

    Parameters
    ----------
    missing
        Which cells have no value ``[N, C]``.
    series
        The number of each row's series ``[N]``.
    values
        The year or the time of each row ``[N]``.

    """
    stays = np.zeros(missing.shape, bool)
    for number in range(int(series.max()) + 1):
        rows = np.flatnonzero(series == number)
        rows = rows[np.argsort(values[rows], kind="stable")]
        filled = np.flatnonzero(~missing[rows].reshape(-1))
        of_series = np.zeros(missing[rows].size, bool)
        if len(filled):
            of_series[filled[0] : filled[-1] + 1] = True
        stays[rows] = of_series.reshape(len(rows), -1)
    return stays.reshape(-1)


def _free(name: str, taken: list[str]) -> str:
    """Return a name, with lines below it until no column has it."""
    while name in taken:
        name += "_"
    return name
