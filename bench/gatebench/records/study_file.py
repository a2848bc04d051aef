"""``results/<study>/study.json``: which trials belong to a study, by stage."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.core.files import update_json
from gatebench.records import shape

LABELS = ("task", "cell", "budget", "training")
"""What tells the points of a study apart."""

Point = dict[str, Any]
"""``labels``, ``search`` (keys), ``selected`` (``lr``, ``weight_noise``, ``weight_decay``, or null), ``confirm`` (keys),
``confirm_planned`` (a number)."""


def path(results: Path, study: str) -> Path:
    """Where a study's file stands."""
    return results / study / "study.json"


def read(results: Path, study: str) -> list[Point]:
    """The points of a study, in the order in which they were planned."""
    file = path(results, study)
    if not file.is_file():
        there = sorted(p.parent.name for p in results.glob("*/study.json"))
        raise BadInput(
            f"no study '{study}' in {results}{did_you_mean(study, there)}; run it first: gatebench sweep study={study}"
        )
    with _damage(file):
        found = json.loads(file.read_text())
        if place := shape.misfit(found, {"points": shape.Each(shape.POINT, dict)}):
            raise ValueError(f"{place} is missing or of another kind")
        return list(found["points"].values())


def keys(points: list[Point]) -> list[str]:
    """Keys of all their trials."""
    return [key for point in points for key in point["search"] + point["confirm"]]


def write_points(results: Path, study: str, points: list[Point]) -> None:
    """Put points into a study's file, each in place of the one with the same labels; other points stay."""

    def change(value: Any) -> Any:
        value = value or {"study": study, "points": {}}
        value["points"].update({title(point): point for point in points})
        return value

    file = path(results, study)
    with _damage(file):
        update_json(file, change)


@contextmanager
def _damage(file: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise BadInput(
            f"{file} is damaged ({shorten(error)}); remove it and run the sweep again, which retrains nothing"
        ) from error


def title(point: Point) -> str:
    """A point's labels in one line."""
    return ", ".join(point["labels"][label] for label in LABELS)


def studies_of(results: Path) -> dict[str, set[str]]:
    """Key -> names of the studies that it belongs to."""
    found: dict[str, set[str]] = {}
    for file in results.glob("*/study.json"):
        for key in keys(read(results, file.parent.name)):
            found.setdefault(key, set()).add(file.parent.name)
    return found
