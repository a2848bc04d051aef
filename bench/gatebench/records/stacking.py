"""Records to tables, part by part: of thousands of records few are in memory at a time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

import pandas as pd

from gatebench.core.errors import visible
from gatebench.records.schema import Labels, Point, Record, Scalar, Stage
from gatebench.records.tables import Columns

AT_ONCE = 500
"""Records that are in memory at once."""


def records_of(
    points: list[Point], read: Callable[[list[str]], dict[str, Record]]
) -> Iterator[list[tuple[Point, Stage, Record]]]:
    """Yield those trials of points that can be read, with what they are there, `AT_ONCE` at a time."""
    trials: list[tuple[Point, Stage, str]] = [
        (point, stage, key)
        for point in map(with_visible_labels, points)
        for stage, keys in point.by_stage.items()
        for key in keys
    ]
    for first in range(0, len(trials), AT_ONCE):
        part = trials[first : first + AT_ONCE]
        records = read(list(dict.fromkeys(key for _, _, key in part)))
        yield [(point, stage, records[key]) for point, stage, key in part if key in records]


def with_visible_labels(point: Point) -> Point:
    """A point whose labels, which a file says, do nothing to a terminal."""
    return replace(point, labels=Labels(**{group: visible(label) for group, label in vars(point.labels).items()}))


def stacked(tables: list[tuple[dict[str, Scalar], Columns]], columns: list[str]) -> pd.DataFrame:
    """Tables one below the other, each row with what identifies its table."""
    filled = [(identity, table) for identity, table in tables if any(table.values())]
    if not filled:
        return pd.DataFrame(columns=columns)
    # Once for all: a data frame of each of thousands of tables takes most of the time.
    lengths = [len(next(iter(table.values()))) for _, table in filled]
    identities = pd.DataFrame([identity for identity, _ in filled])
    below = pd.DataFrame({name: [*chain.from_iterable(table[name] for _, table in filled)] for name in filled[0][1]})
    beside = identities.loc[identities.index.repeat(lengths)].reset_index(drop=True)
    return pd.concat([beside, below], axis=1)[columns]


def joined(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Tables one below the other, of which those without a row say nothing of what columns hold."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)
