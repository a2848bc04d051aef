"""Columns that are parts of a date: a year, a month, a day, an hour, ..., each a column of whole numbers."""

import numpy as np

from gatebench.ingest.cells import Column

PARTS = (
    ("year", ("year", "yr", "yyyy", "yy", "jahr", "annee", "ano"), 1600, 2200, 2),
    ("month", ("month", "mo", "mon", "mm", "monat", "mois", "mes"), 1, 12, 11),
    ("day", ("day", "dd", "dom", "tag", "jour", "dia"), 1, 31, 28),
    ("hour", ("hour", "hr", "hh", "hours", "stunde", "heure", "hora"), 0, 24, 23),
    ("minute", ("minute", "min", "minutes"), 0, 59, 50),
    ("second", ("second", "sec", "seconds"), 0, 60, 50),
)
"""Part, its usual names, its least and largest value, and how many different ones show it without such a name."""
MANY_YEARS = 500
"""Different years, at the most."""


def find(columns: dict[str, Column]) -> tuple[str, ...]:
    """Return a year and the finer parts of a date behind it, the coarsest first; nothing unless there are two at least.

    A column is a part by its name and its range, or, beside a year, by having all values of that range.
    """
    whole = [name for name, column in columns.items() if column.is_whole]
    chosen: list[str] = []
    for part, names, least, most, enough in PARTS:
        fitting = [name for name in whole if name not in chosen and _lies_within(columns[name], least, most)]
        called = [name for name in fitting if name.strip().lower() in names]
        full = [
            name for name in fitting if _different(columns[name]) >= enough and (part != "year" or _is_year(columns[name]))
        ]
        name = next(iter([*called, *full]), None)
        if name is None:
            break  # a minute says nothing without its hour
        chosen.append(name)
    return tuple(chosen) if len(chosen) > 1 else ()


def is_of_years(column: Column) -> bool:
    """Whether a column has a year in each row, by its name, or by years one after the other."""
    _, names, least, most, _ = PARTS[0]
    if not column.is_whole or not _lies_within(column, least, most):
        return False
    return column.name.strip().lower() in names or _is_year(column)


def _lies_within(column: Column, least: int, most: int) -> bool:
    return bool(column.values.min() >= least and column.values.max() <= most)


def _different(column: Column) -> int:
    return len(np.unique(column.values))


def _is_year(column: Column) -> bool:
    """Whether numbers are years one after the other."""
    years = np.unique(column.values)
    return len(years) <= MANY_YEARS and bool((np.diff(years) == 1).all())
