"""``results/<study>/looks.json``: how often ``gatebench compare`` gave a verdict on a study, and at how many pipelines.

A look is a verdict on numbers that none was given on before: the same command again, without a new trial, is no new look.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from gatebench.core.errors import BadInput, shorten
from gatebench.core.files import atomic_write, to_json
from gatebench.core.validation import Count, construct

FORMER = {"seeds": "pipelines"}
"""Name of a field in files of before -> what it is called now."""


@dataclass(frozen=True)
class Look:
    """A verdict that was given."""

    pipelines: Count
    """Pipelines of the cell that had fewest."""
    trials: str
    """Digest of the keys of the trials that it was about."""


def path(results: Path, study: str) -> Path:
    """Return the path of a study's file of looks."""
    return results / study / "looks.json"


def read(results: Path, study: str) -> list[Look]:
    """Return the looks at a study, the first one first; none where no verdict was given. ``BadInput`` for a damaged file."""
    file = path(results, study)
    if not file.is_file():
        return []
    try:
        return [
            construct(Look, file.name, _renamed(values)) for values in json.loads(file.read_text(encoding="utf-8"))["looks"]
        ]
    except (BadInput, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(
            f"{file} is damaged ({shorten(error)}); remove it, and the verdicts that were given are counted no more"
        ) from error


def add(results: Path, study: str, pipelines: int, keys: list[str]) -> None:
    """Write down that a verdict is given on the confirming trials with these keys, unless one was given on the same."""
    looks = read(results, study)
    look = Look(pipelines, hashlib.sha256(" ".join(sorted(keys)).encode()).hexdigest()[:16])
    if look not in looks:
        text = to_json({"looks": [*looks, look]})
        atomic_write(path(results, study), lambda partial: partial.write_text(text, encoding="utf-8"))


def unite(results: Path, study: str, looks: list[Look]) -> None:
    """Write down the looks that were taken at a copy of the study elsewhere, unless they are known here."""
    here = read(results, study)
    new = [look for look in looks if look not in here]
    if new:
        text = to_json({"looks": [*here, *new]})
        atomic_write(path(results, study), lambda partial: partial.write_text(text, encoding="utf-8"))


def _renamed(values: dict[str, object]) -> dict[str, object]:
    return {FORMER.get(name, name): value for name, value in values.items()}
