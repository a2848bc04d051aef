"""Durations that are written as texts: of hours, minutes and seconds, by colons, letters or ISO 8601."""

import numpy as np
import pandas as pd

from gatebench.ingest.numbers import Numbers

FORMS = (
    (
        r"(?P<sign>[+-]?)(?:(?P<days>\d+) ?d(?:ays?)?,? )?(?P<hours>\d+):(?P<minutes>[0-5]?\d):"
        r"(?P<seconds>[0-5]?\d(?:[.,]\d+)?)",
        "seconds",
    ),
    (r"(?P<sign>[+-]?)(?P<minutes>\d+):(?P<seconds>[0-5]\d[.,]\d+)", "seconds"),
    (r"(?P<sign>[+-]?)(?P<minutes>\d+):(?P<seconds>[0-5]\d)", "sixtieths of the first part"),
    (
        r"(?P<sign>-?)P(?=[\dT])(?:(?P<days>\d+)D)?(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
        r"(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?",
        "seconds",
    ),
    (
        r"(?P<sign>-?)(?=.*\d)(?:(?P<days>\d+) ?d(?:ays?)?)? ?(?:(?P<hours>\d+) ?h(?:ours?|rs?)?)? ?"
        r"(?:(?P<minutes>\d+) ?m(?:in(?:utes?|s)?)?)? ?(?:(?P<seconds>\d+(?:[.,]\d+)?) ?s(?:ec(?:onds?|s)?)?)?",
        "seconds",
    ),
)
"""Patterns of durations, and what they are read in."""
SECONDS = {"days": 86_400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
"""Part of a duration -> its seconds."""
CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
"""A time of day, or a duration of less than one."""
FULL_HOUR = r"([01]?\d|2[0-4]):00(?::00)?"
"""A full hour of a day, up to its end."""


def are_times(texts: pd.Series) -> bool:
    """Whether all texts are times of day, as far as can be seen: durations of less than a day look alike."""
    return bool(texts.str.fullmatch(CLOCK).all())


def read(texts: pd.Series, of_a_day: bool) -> Numbers | None:
    """Return texts as numbers if all are durations in one form; those that may be times of day only if ``of_a_day``.

    Texts have no blanks around them, and none of them is empty.
    """
    if not of_a_day:
        if are_times(texts):
            return None
        hours = texts.str.extract(f"^{FULL_HOUR}$", expand=False)
        if hours.notna().all():
            return Numbers(hours.astype(int).to_numpy(), "that are hours of a day")
    for form, unit in FORMS:
        if not pd.Series(texts.iloc[:1]).str.fullmatch(form).all():
            continue
        parts = texts.str.extract(f"^{form}$")
        if parts["sign"].isna().any():
            continue
        present = [name for name in SECONDS if name in parts]
        # A single letter behind a number may be any unit: two of them are a duration's.
        if form == FORMS[-1][0] and parts[present].notna().sum(axis=1).max() < 2:
            return None
        values = sum(
            (parts[name].str.replace(",", ".", regex=False).astype(float).fillna(0) * SECONDS[name] for name in present),
            pd.Series(0.0, texts.index),
        )
        return Numbers(np.where(parts["sign"] == "-", -1, 1) * values.to_numpy(), f"that are durations, in {unit}")
    return None
