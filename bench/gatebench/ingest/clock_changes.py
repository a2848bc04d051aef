"""Times with the name of a zone behind them, and intervals, as plain texts of when they begin."""

import pandas as pd

SUMMER = {
    "CEST": "CET", "WEST": "WET", "EEST": "EET", "BST": "GMT", "EDT": "EST", "CDT": "CST", "MDT": "MST", "PDT": "PST",
    "AKDT": "AKST", "ADT": "AST", "AEDT": "AEST", "ACDT": "ACST", "NZDT": "NZST",
}  # fmt: skip
"""Names of zones in summer, an hour ahead, and what they are called in winter."""
ZONE = r"^(.*\d(?: ?[AP]M)?) ?\(?([A-Z]{3,5})\)?$"
"""A time and the name of its zone."""
INTERVAL = r"^(.*\d\S*)(?:\s+[-–]\s+|\s+to\s+|/)(\d.*\d\S*)$"
"""A time and a later one."""


def without_zone(texts: pd.Series) -> tuple[pd.Series, pd.Series] | None:
    """Return times without the name of their zone, and which of them are an hour ahead; None where zones do not fit.

    One zone for all says nothing about order or steps; two say when the clock was changed.
    """
    parts = texts.str.extract(ZONE)
    if parts.isna().to_numpy().any() or not texts.str.contains(":", regex=False).all():
        return None
    zones = set(parts[1].unique())
    if len({SUMMER.get(zone, zone) for zone in zones}) > 1:
        return None
    return parts[0], parts[1].isin(SUMMER) if len(zones) > 1 else pd.Series(False, index=texts.index)


def beginnings(texts: pd.Series) -> pd.Series | None:
    """Return when intervals of time begin, or None where texts are none."""
    parts = texts.str.extract(INTERVAL)
    are_intervals = parts.notna().to_numpy().all() and bool((parts[0].str.len() == parts[1].str.len()).all())
    with_times = are_intervals and parts[0].str.contains(":", regex=False).all()
    return parts[0] if with_times else None
