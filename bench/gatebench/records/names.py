"""Names that come from elsewhere and become folders, or stand in reports, on terminals and in tables."""

import re

from gatebench.core.errors import BadInput, shorten
from gatebench.records.schema import Point

OURS = frozenset({"trials", "failed", "damaged", "logs", "checkpoints"})
"""Folders of a results folder that are no study's."""
MARKUP = re.compile(r"[<>&\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that no name of ours has: they mean something to a browser or a terminal."""


def is_study(name: str) -> bool:
    """Whether a study may have this name, which is that of its folder."""
    return re.fullmatch(r"[\w-][\w.-]*", name) is not None and len(name.encode()) <= 200 and name not in OURS


def check_study(name: str, where: str) -> None:
    """Raise ``BadInput`` if a study that comes from elsewhere cannot have its name."""
    if not is_study(name):
        raise BadInput(f"{where} names a study '{shorten(name)}'; expected letters, digits, '.', '_' and '-'")


def check_labels(points: list[Point], where: str) -> None:
    """Raise ``BadInput`` if a label of a point is no name that anything of ours has."""
    for point in points:
        for group, label in vars(point.labels).items():
            check_name(label, f"{where}: {group}")


def check_name(name: str, where: str) -> None:
    """Raise ``BadInput`` if a name has characters that mean something to a browser or a terminal."""
    if MARKUP.search(name) or len(name) > 1000:
        raise BadInput(f"{where} is '{shorten(name)}', expected a name without <, > and & and control characters")
