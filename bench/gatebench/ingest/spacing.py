"""The decision what becomes of time that passes unevenly: sequences are cut, or the steps are an input."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gatebench.data import long_arrays
from gatebench.ingest import ordering, rising, scratch
from gatebench.ingest.cells import Column
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Reading, Undecided, ask

LEAP = 5.0
"""Usual steps of time from which on a step leaps."""
LEAST_ROUNDED = 10
"""Usual steps, in whole numbers, from which on those of one more or less may be equal ones that were rounded."""
UNITS = (("days", ordering.DAY), ("hours", ordering.DAY // 24), ("minutes", ordering.DAY // 1440), ("seconds", 10**9))
"""Names of spans of time, and their nanoseconds."""


class Spaced(NamedTuple):
    """Sequences after time was looked at."""

    codes: np.ndarray
    """The number of each row's sequence ``[N]``; parts of one that was cut follow one another."""
    part_of: np.ndarray
    """The number, before, of the sequence that each one is a part of."""
    steps: np.ndarray | None
    """Time since the step before ``[N]``, of a first one the usual time; None: it is no input."""
    lines: list[str]
    """What was decided, for the user."""


def decide(codes: np.ndarray, columns: list[Column], choices: Choices, texts: Callable[[], list[Column]] = list) -> Spaced:
    """Return sequences cut where time leaps, if asked, and what is said about uneven steps.

    Parameters
    ----------
    codes
        The number of each row's sequence ``[N]``, rows of one together and in the order of time.
    columns
        The columns of time, their rows in the same order.
    choices
        What the user chose.
    texts
        Makes the columns of texts, their rows in the same order, of which one may tell sequences apart.

    """
    numbers = np.arange(int(codes.max()) + 1)
    if not columns:
        return Spaced(codes, numbers, None, _nothing_to_do(choices))
    times = ordering.values_of({column.name: column for column in columns}, [column.name for column in columns])
    inner = rising.within(codes)
    if not inner.any():
        return Spaced(codes, numbers, None, _nothing_to_do(choices))
    differences = np.diff(times)
    long_arrays.release(times)
    usual = np.median(differences[inner], overwrite_input=True)
    unit, size = _unit_of(usual) if columns[0].kind == "date" else ("", 1)
    leaps = inner & (differences > LEAP * usual)
    differences = scratch.keep(differences)
    lines: list[str] = []
    are_dates = columns[0].kind == "date"
    if leaps.any():
        largest = differences[leaps].max() / size
        undecided = choices.gaps is None and not choices.with_steps
        if undecided and not _is_uneven(differences[inner & ~leaps], usual, are_dates):
            raise _ask(
                f"steps of time are of {usual / size:.4g}{unit}, but {int(leaps.sum()):,} of up to {largest:.4g}{unit}",
                [] if codes.any() or choices.sequence else [one.name for one in texts() if _changes_at(one, leaps)],
            )
        what = "cut there" if choices.gaps == "cut" else "read as if steps followed one another"
        others = "--gaps keep" if choices.gaps == "cut" else "--gaps cut; --with-steps"
        lines.append(
            f"gaps: steps of {usual / size:.4g}{unit}, but {int(leaps.sum()):,} of up to {largest:.4g}{unit}: {what} "
            f"({others})"
        )
    elif _is_uneven(differences[inner], usual, are_dates):
        least, most = differences[inner].min() / size, differences[inner].max() / size
        lines.append(f"steps: uneven, of {least:.4g} to {most:.4g}{unit} (--with-steps reads them)")
    elif choices.gaps == "cut":
        lines.append("gaps: none")
    steps = None
    if choices.with_steps:
        steps = scratch.keep(np.concatenate([[usual], np.where(inner, differences, usual)]) / size)
        lines.append(f"steps: the time since the step before is an input{f', in{unit}' if unit else ''}")
    if choices.gaps != "cut" or not leaps.any():
        return Spaced(codes, numbers, steps, lines)
    cut = np.concatenate([[0], np.cumsum(~inner | leaps)])
    firsts = np.searchsorted(cut, np.arange(cut[-1] + 1))
    return Spaced(cut, codes[firsts], steps, lines)


def _changes_at(column: Column, leaps: np.ndarray) -> bool:
    """Whether a column has another value behind each leap of time, a new one each, and changes nowhere else."""
    codes = column.codes()
    return bool(((codes[1:] != codes[:-1]) == leaps).all()) and int(codes.max()) == int(leaps.sum())


def _ask(evidence: str, keys: list[str]) -> Undecided:
    return ask(
        evidence,
        *(Reading(f"{key}, which changes there, tells sequences apart", {"sequence": key}) for key in keys),
        Reading("sequences end there, and others begin", {"gaps": "cut"}),
        Reading("steps follow one another", {"gaps": "keep"}),
        Reading("the time since the step before is an input", {"gaps": "keep", "with_steps": True}),
    )


def _nothing_to_do(choices: Choices) -> list[str]:
    asked = choices.gaps == "cut" or choices.with_steps
    return ["steps: there is no column of time to be looked at (--order COLUMN)"] if asked else []


def _unit_of(nanoseconds: float) -> tuple[str, int]:
    return next(((f" {name}", size) for name, size in UNITS if nanoseconds >= size), (" seconds", 10**9))


def _is_uneven(differences: np.ndarray, usual: float, are_dates: bool) -> bool:
    """Whether fewer than most steps are the usual one; of dates, months, quarters and years count as equal."""
    tolerance = (0.15 if are_dates else 0.01) * abs(usual)
    if not are_dates and usual >= LEAST_ROUNDED and (differences == np.floor(differences)).all():
        tolerance = max(tolerance, 1)
    near = sum(int((np.abs(block - usual) <= tolerance).sum()) for _, block in long_arrays.rows_of(differences))
    return len(differences) > 0 and near / len(differences) < rising.REGULAR
