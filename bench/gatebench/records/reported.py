"""What the last report of a study says of its points: ``trials.csv``, from which a damaged study file is made anew."""

import csv
from dataclasses import fields
from pathlib import Path

from gatebench.core.hyperparameters import TUNABLE, Hyperparameters
from gatebench.records.decoding import convert
from gatebench.records.parts import DAMAGE
from gatebench.records.schema import Labels, Point

NAME = "trials.csv"
"""Name of the file, beside the study's."""


def points(folder: Path) -> list[Point]:
    """Return the points of a study as far as its ``trials.csv`` knows them; none where there is no whole one.

    It knows no trials that are planned only. The sweep's command adds those, and what else a search is said to be.
    """
    try:
        with (folder / NAME).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, strict=True))
        return _of_rows(rows)
    except DAMAGE:
        return []


def _of_rows(rows: list[dict[str, str]]) -> list[Point]:
    trials: dict[tuple[Labels, int], dict[str, dict[str, dict[str, str]]]] = {}
    for row in rows:
        labels = Labels(*(row[one.name] for one in fields(Labels)))
        stages = trials.setdefault((labels, int(row["pipeline"])), {"search": {}, "confirm": {}})
        stages[row["stage"]][row["key"]] = row
    return [_point(labels, pipeline, **stages) for (labels, pipeline), stages in trials.items()]


def _point(labels: Labels, pipeline: int, search: dict[str, dict[str, str]], confirm: dict[str, dict[str, str]]) -> Point:
    chosen = next(iter(confirm.values()), None)
    point = {
        "labels": vars(labels),
        "search": list(search),
        "selected": chosen and vars(Hyperparameters(**{name: float(chosen[name]) for name in TUNABLE})),
        "confirm": list(confirm),
        "confirm_planned": len(confirm),
        "pipeline": pipeline,
    }
    return convert(point, Point)
