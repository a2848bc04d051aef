"""Dates and times that are written as texts or as whole numbers: quarters, months, days, hours, in any common form."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from gatebench.data import long_arrays
from gatebench.ingest import clock_changes, date_words, scratch
from gatebench.ingest.question import Reading, ask

PERIODS = (
    (r"(?P<year>\d{4})[ \-/.]?[Qq](?P<quarter>[1-4])", "quarters"),
    (r"[Qq](?P<quarter>[1-4])[ \-/.]?(?P<year>\d{4})", "quarters"),
    (r"(?P<year>\d{4})[Mm](?P<month>\d{1,2})", "months"),
    (r"(?P<year>\d{4})[ \-/.]?(?:[Ww]|KW) ?(?P<week>\d{1,2})(?:-?(?P<weekday>[1-7]))?", "weeks"),
    (r"(?:[Ww]|KW) ?(?P<week>\d{1,2})[ \-/.]?(?P<year>\d{4})", "weeks"),
)
"""Patterns of periods that are no dates to other programs, and what they are."""
DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%d. %b %Y", "%d %B %Y",
    "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d/%b/%Y", "%Y %b %d", "%Y-%b-%d",
)  # fmt: skip
"""Days whose parts cannot be taken for one another."""
MONTHS = (
    "%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%m.%Y", "%b %Y", "%B %Y", "%b-%Y", "%B-%Y", "%Y %b", "%Y %B", "%Y-%b", "%b-%y",
    "%b %y", "%b/%y", "%b/%Y", "%Y.%m",
)  # fmt: skip
"""Months, which may be written in words."""
STAMPS = ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S", "%b %d %H:%M:%S %Y", "%b %d %H:%M:%S %Z %Y")
"""Times of logs, whose parts stand in another order."""
CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
"""Times without a day."""
OF_A_DAY = "times of day"
"""How times without a day are written."""
TIMES = (
    "",
    "%H:%M",
    "%H:%M:%S",
    "%H:%M:%S.%f",
    "%I:%M %p",
    "%I:%M:%S %p",
    "%H:%M%z",
    "%H:%M:%S%z",
    "%H:%M:%S.%f%z",
    "%H:%M:%S %z",
)
"""What may stand behind a day; the first is none."""
NUMERIC = ("%d{0}%m{0}%Y", "%d{0}%m{0}%y")
"""Days of numbers alone that do not begin with the year, the day first."""
SAMPLE = 25
"""Texts that a form is tried on before it is tried on all."""
FIRST_YEAR, LAST_YEAR = 1800, 2200
"""Years between which whole numbers may be dates."""


EPOCHS = (("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 10**3), ("nanoseconds", 1))
"""Units in which programs count time since 1970, and their nanoseconds."""
EPOCH = (631_152_000, 4_102_444_800)
"""Seconds since 1970 between which whole numbers may be times: the years 1990 to 2099."""
TIME_WORDS = frozenset({"time", "utc", "ts", "created", "timestamp", "date", "datetime", "epoch"})
"""Words, in small letters, of the names of columns that hold times."""
MOSTLY_EVEN = 0.5
"""Share of steps between times that are the usual one, at the least."""
DAY = 86_400
"""Seconds of a day."""
HOUR = 3_600 * 10**9
"""Nanoseconds of an hour."""
DIGITS = ((10, "%Y%m%d%H", "hours"), (12, "%Y%m%d%H%M", "minutes"), (14, "%Y%m%d%H%M%S", "seconds"))
"""Digits of a whole number that has a day and a time, what they are, and the last of them."""


class Dates(NamedTuple):
    """Dates and how they were written."""

    values: np.ndarray
    """Nanoseconds ``[N]`` since the beginning of 1970, in UTC."""
    written: str
    """How they were written, for a line to the user."""


def read(
    name: str, texts: pd.Series, first: str | None, in_rows: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> Dates | None:
    """Return texts as dates if all are written in one of the usual forms.

    Parameters
    ----------
    name
        The column, for the question.
    texts
        Texts without blanks around them, none of them empty.
    first
        ``day-first`` or ``month-first`` as the user chose.
    in_rows
        What puts the values of these texts in the order of rows, where the texts are the different ones alone.

    Raises
    ------
    Undecided
        Days and months may be taken for one another, and the order of the rows does not tell them apart.

    """
    sample = texts.iloc[np.unique(np.linspace(0, len(texts) - 1, SAMPLE).astype(int))].tolist()
    if not all(any(character.isdigit() for character in text) for text in sample):
        return None
    return _read_periods(texts) or _read_iso(texts, sample) or _read_formats(texts, sample) or _read_words(texts) or (
        _read_numeric(name, texts, sample, first, in_rows) or _read_wrapped(name, texts, first, in_rows)
    )  # fmt: skip


def _read_wrapped(
    name: str, texts: pd.Series, first: str | None, in_rows: Callable[[np.ndarray], np.ndarray]
) -> Dates | None:
    """Return dates with the name of a time zone behind them, or of intervals, by their beginnings."""
    zoned = clock_changes.without_zone(texts)
    if zoned is not None:
        bare, ahead = zoned
        dates = read(name, bare, first, in_rows)
        return dates and dates._replace(values=dates.values - np.where(ahead, HOUR, 0))
    begins = clock_changes.beginnings(texts)
    dates = None if begins is None else read(name, begins, first, in_rows)
    if dates is None or dates.written == OF_A_DAY:
        return dates
    return dates._replace(written=f"{dates.written}, the beginnings of intervals")


def _read_periods(texts: pd.Series) -> Dates | None:
    for form, written in PERIODS:
        if not pd.Series(texts.iloc[:1]).str.fullmatch(form).all():
            continue
        parts = texts.str.extract(f"^{form}$").fillna({"weekday": "1"})
        if parts.notna().to_numpy().all():
            stamps = _begins(parts.astype(int), written)
            if stamps is not None:
                return _dates(stamps, written)
    return None


def _begins(parts: pd.DataFrame, written: str) -> pd.Series | None:
    """Return when periods begin, from whole numbers; None where one is none."""
    if written == "weeks":
        # The fourth of January is always in the first week of a year by ISO 8601, which begins on a Monday.
        fourth = pd.to_datetime(pd.DataFrame({"year": parts["year"], "month": 1, "day": 4}), errors="coerce")
        days = 7 * (parts["week"] - 1) + parts.get("weekday", 1) - 1 - fourth.dt.day_of_week
        stamps = fourth + pd.to_timedelta(days, unit="D")
        same = (stamps.dt.isocalendar().week == parts["week"]) & (stamps.dt.isocalendar().year == parts["year"])
        return stamps if same.fillna(False).all() else None
    months = parts["month"] if written == "months" else 3 * parts["quarter"] - 2
    if not months.between(1, 12).all():
        return None
    return pd.to_datetime(pd.DataFrame({"year": parts["year"], "month": months, "day": 1}), errors="coerce")


def _read_iso(texts: pd.Series, sample: list[str]) -> Dates | None:
    if not all(text[:4].isdigit() and text[4:5] == "-" for text in sample):
        return None
    return _dates(pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True), "dates")


def _read_formats(texts: pd.Series, sample: list[str]) -> Dates | None:
    days = (f"{day}{blank}{time}" for time in TIMES for blank in ((" ", "T") if time else ("",)) for day in DAYS)
    for form in (*days, *STAMPS, *MONTHS, *CLOCKS):
        if _fits(sample, form):
            dates = _parse(texts, form, OF_A_DAY if form in CLOCKS else "dates")
            if dates is not None:
                return dates
    return None


def _read_words(texts: pd.Series) -> Dates | None:
    """Return dates whose months are in words of another language, or that begin with the day of the week."""
    in_english = date_words.translated(texts)
    if in_english is None:
        return None
    return _read_formats(in_english, in_english.iloc[np.unique(np.linspace(0, len(texts) - 1, SAMPLE).astype(int))].tolist())


def _read_numeric(
    name: str, texts: pd.Series, sample: list[str], first: str | None, in_rows: Callable[[np.ndarray], np.ndarray]
) -> Dates | None:
    separator = next((character for character in sample[0] if character in "/.-"), None)
    if separator is None:
        return None
    fitting: dict[str, Dates] = {}
    for form in (f"{day.format(separator)} {time}".strip() for time in TIMES for day in NUMERIC):
        for called, ordered in (("day-first", form), ("month-first", _swap(form))):
            if called not in fitting and first in (None, called) and _fits(sample, ordered):
                dates = _parse(texts, ordered, "dates, the " + called.replace("-", " "))
                if dates is not None:
                    fitting[called] = dates
    if len(fitting) > 1 and separator == ".":
        fitting.pop("month-first")  # points are written where days come first
    if len(fitting) > 1:
        rising = {called: dates for called, dates in fitting.items() if (np.diff(in_rows(dates.values)) >= 0).all()}
        fitting = rising if len(rising) == 1 else fitting
    if len(fitting) > 1:
        raise ask(
            f"column {name} has dates like {texts.iloc[0]}, of which day and month may be taken for one another",
            Reading("the day comes first", {"dates": "day-first"}),
            Reading("the month comes first", {"dates": "month-first"}),
        )
    return next(iter(fitting.values()), None)


def _swap(form: str) -> str:
    return form.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")


def _fits(sample: list[str], form: str) -> bool:
    try:
        return all(datetime.strptime(text, form) for text in sample)
    except ValueError:
        return False


def _parse(texts: pd.Series, form: str, written: str) -> Dates | None:
    return _dates(pd.to_datetime(texts, format=form, errors="coerce", utc=True), written)


def _dates(stamps: pd.Series, written: str) -> Dates | None:
    if stamps.isna().any():
        return None
    return Dates(nanoseconds(stamps), written)


def _are_even(seconds: np.ndarray) -> bool:
    """Whether numbers are mostly apart by one step that parts a day or is made of days; amounts of that size are not."""
    steps = np.diff(long_arrays.distinct(seconds))
    if len(steps) < 2:
        return False
    step = int(np.median(steps))
    return bool((DAY % step == 0 or step % DAY == 0) and np.mean(steps == step) >= MOSTLY_EVEN)


def nanoseconds(stamps: pd.Series) -> np.ndarray:
    """Return dates, with a time zone or without, as nanoseconds from 1970 on; what is missing as the least."""
    naive = stamps.dt.tz_convert("UTC").dt.tz_localize(None) if stamps.dt.tz is not None else stamps
    return naive.to_numpy("datetime64[us]").astype(np.int64) * 1000


def is_called_time(name: str) -> bool:
    """Whether a word of a name, as of ``created_utc`` or ``eventTime``, says that it is of a time."""
    return any(word.lower() in TIME_WORDS for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name))


def read_whole_numbers(values: np.ndarray, are_times: bool = False) -> Dates | None:
    """Return whole numbers as dates if they count time from 1970 on, are days, ``20200131``, or months, ``202001``.

    Seconds may be amounts, unless they are even; or ``are_times``, and rows do not stand in their order anyway.
    """
    if not len(values) or (values < 100 * FIRST_YEAR).any():
        return None
    for count, form, last in DIGITS:
        if values.min() >= 10 ** (count - 4) * FIRST_YEAR and values.max() < 10 ** (count - 4) * LAST_YEAR:
            dates = _of_digits(values, form, f"days and {last} as numbers")
            if dates is not None:
                return dates
    for unit, size in EPOCHS:
        if values.min() >= EPOCH[0] * 10**9 // size and values.max() < EPOCH[1] * 10**9 // size:
            if size == 10**9 and not (are_times and (np.diff(values) < 0).any()) and not _are_even(values):
                return None
            return Dates(_each(values, lambda block, size=size: block.astype(np.int64) * size), f"{unit} since 1970")
    if (values >= 10000 * FIRST_YEAR).all() and (values < 10000 * LAST_YEAR).all():
        return _of_digits(values, "%Y%m%d", "days as numbers")
    if (values >= 100 * LAST_YEAR).any():
        return None
    different = long_arrays.distinct(values)
    months, steps = different % 100, np.diff(different)
    if (months < 1).any() or (months > 12).any() or len(steps) < 12 or not np.isin(steps, (1, 89)).all():
        return None
    return _of_digits(_each(values, lambda block: block * 100 + 1), "%Y%m%d", "months as numbers")


def _of_digits(values: np.ndarray, form: str, written: str) -> Dates | None:
    """Return whole numbers like ``20200131`` as dates, if all of them are."""
    different = long_arrays.distinct(values)
    dates = _dates(pd.to_datetime(pd.Series(different).astype(str), format=form, errors="coerce"), written)
    if dates is None:
        return None
    return Dates(_each(values, lambda block: dates.values[np.searchsorted(different, block)]), written)


def _each(values: np.ndarray, convert: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return what becomes of whole numbers ``[N]``, a block at a time."""
    converted = scratch.new((len(values),), np.int64)
    for start, block in long_arrays.rows_of(values):
        converted[start : start + len(block)] = convert(block)
        long_arrays.release(converted)
    return converted
