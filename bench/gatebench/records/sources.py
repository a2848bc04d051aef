"""Records and plans from elsewhere, as they stand there: what `gatebench.records.merging` brings into a results folder."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from gatebench import __version__
from gatebench.core.errors import BadInput, shorten
from gatebench.records import collection, looks, packed, parts, study_file
from gatebench.records.contrasts import Declaration
from gatebench.records.decoding import parse
from gatebench.records.frame import REPLICATION
from gatebench.records.looks import Look
from gatebench.records.names import check_labels, check_study
from gatebench.records.schema import Point, Record
from gatebench.records.store import Store

Weights = Mapping[str, np.ndarray]
"""The parameters of a trained model by name."""
_LATER = "a later version wrote it: install that one, then merge"


@dataclass(frozen=True)
class RecordPlace:
    """Records that stand in one place of a source."""

    study: str | None
    """The study that published them; None: nobody did yet, and their weights stand beside them."""
    records: Callable[[], Iterator[Record]]
    """Reads them, one after the other; no two have one key."""
    weights: Callable[[str], Weights | None] = lambda _: None
    """Reads those of a trial by its key; None where there are none."""
    is_replication: bool = False
    """Whether they are a second run of the study."""


@dataclass(frozen=True)
class RecordSource:
    """What another results folder, or an archive of one study, has."""

    plans: dict[str, list[Point]]
    """Study -> its points."""
    places: list[RecordPlace]
    """All records, place by place."""
    replications: dict[str, list[Point]] = field(default_factory=dict)
    """Study -> the points of its replications."""
    declared: dict[str, Declaration] = field(default_factory=dict)
    """Study -> its family of contrasts."""
    looks: dict[str, list[Look]] = field(default_factory=dict)
    """Study -> the verdicts that were given on it."""
    left_out: list[str] = field(default_factory=list)
    """What cannot be brought, in a line each; reading the places adds to them."""


def of_folder(folder: Path) -> RecordSource:
    """Return what a results folder has; ``BadInput`` if it is none, or has a damaged study or one of a later version.

    A record that is damaged is left out of it, and the others are not.
    """
    if (folder / "study.json").is_file():
        raise BadInput(f"{folder} is the folder of one study; give the results folder that it stands in: {folder.parent}")
    names = ("study.json", collection.NAME, REPLICATION)
    studies = sorted({path.parent.name for name in names for path in folder.glob(f"*/{name}")})
    if not studies and not (folder / "trials").is_dir() and not (folder / packed.NAME).is_file():
        raise BadInput(f"'{folder}' is no results folder; expected one that has trials/ or STUDY/study.json, or an archive")
    for study in studies:
        check_study(study, f"'{folder}'")
    source = RecordSource(plans={study: _plan(folder, study) for study in studies}, places=[])
    source.places.append(_trials(folder, source.left_out))
    for study in studies:
        if _has_published(folder / study):
            source.places.append(RecordPlace(study, lambda study=study: _published(folder / study, source.left_out)))
        source.declared[study] = study_file.declaration(folder, study)
        source.looks[study] = looks.read(folder, study)
        for place in _replications(folder / study):
            source.replications.setdefault(study, []).extend(_plan(place.parent, place.name))
            if _has_published(place):
                reader = lambda place=place: _published(place, source.left_out)  # noqa: E731 - of this place
                source.places.append(RecordPlace(study, reader, is_replication=True))
    return source


def _replications(folder: Path) -> Iterator[Path]:
    """Yield the folders of a study's replication, of the replication of that, and so on."""
    while (folder := folder / REPLICATION).is_dir():
        yield folder


def _plan(results: Path, study: str) -> list[Point]:
    """Read the points of a study; none where it has only records."""
    file = study_file.path(results, study)
    if not file.is_file():
        return []
    points = study_file.read_as_it_is(results, study)
    described = parse(file.read_bytes())["points"]
    known = {one.name for one in fields(Point)}
    unknown = sorted({name for point in described.values() for name in point if name not in known})
    if unknown:
        raise BadInput(f"{file} has '{shorten(unknown[0])}', which gatebench {__version__} does not know; {_LATER}")
    check_labels(points, str(file))
    return points


def _trials(folder: Path, left_out: list[str]) -> RecordPlace:
    """Return the records below ``trials/``."""
    results = Store(folder)

    def records() -> Iterator[Record]:
        for key in sorted(results.recorded()):
            there = results.parts_of(key)
            if there is None:
                continue
            try:
                record = parts.read_record(there)
            except BadInput as error:
                left_out.append(str(error).partition("; ")[0])
            else:
                yield from _of_this_version(record, left_out)

    def weights(key: str) -> Weights | None:
        there = results.parts_of(key)
        try:
            return None if there is None else parts.read_weights(there)
        except BadInput as error:
            left_out.append(str(error).partition("; ")[0])
            return None

    return RecordPlace(None, records, weights)


def _published(folder: Path, left_out: list[str]) -> Iterator[Record]:
    """Yield the records that a study published."""
    for record in collection.read(folder / collection.NAME):
        yield from _of_this_version(record, left_out)


def _has_published(folder: Path) -> bool:
    """Whether a study published records; ``BadInput`` where they are damaged."""
    path = folder / collection.NAME
    keys = collection.read_keys(path) if path.is_file() else []
    if len(set(keys)) < len(keys):
        raise BadInput(f"{path} is damaged (it has a key twice); restore it")
    return bool(keys)


def _of_this_version(record: Record, left_out: list[str]) -> Iterator[Record]:
    """Yield a record, unless a later version wrote it: what that one added would be lost."""
    version = record.provenance.versions.get("gatebench", "0")
    if is_later(version):
        left_out.append(f"record {record.key} is of gatebench {shorten(version)}, this is {__version__}; {_LATER}")
    else:
        yield record


def is_later(version: str) -> bool:
    """Whether a version of gatebench is later than this one."""
    return _parts(version) > _parts(__version__)


def _parts(version: str) -> list[int]:
    """Return the numbers of a version, so that versions can be compared."""
    return [int(part) for part in version.split("+")[0].split(".")[:3] if part.isdecimal() and len(part) < 9]
