"""Two results folders become one: what is new comes, what is there stays, and what has other numbers stands beside it.

Merging twice is merging once, and whichever folder is merged into the other, both have the same trials afterwards. A record
appears whole or not at all, so that a merge that was killed goes on when it is called again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from gatebench.core.files import nan_to_none
from gatebench.records import collection, looks, study_file
from gatebench.records.frame import REPLICATION
from gatebench.records.schema import Point, Record, TrialSettings
from gatebench.records.sources import RecordPlace, RecordSource
from gatebench.records.store import Store
from gatebench.records.tables import Columns

BATCH = 500
"""Records that are in memory at once."""
NO_STUDY = "unplanned"
"""What stands for the study of trials that no study has: the name of the folder for those with other numbers than here."""
T = TypeVar("T")
"""Whatever comes in batches."""


@dataclass
class Arrival:
    """What a merge brings: the keys of the source's records, by what becomes of them."""

    new: set[str] = field(default_factory=set)
    """They are not here yet."""
    present: set[str] = field(default_factory=set)
    """They are here, with the same numbers."""
    differing: set[str] = field(default_factory=set)
    """They are here with other numbers, and are kept as a replication."""
    otherwise: dict[str, list[Point]] = field(default_factory=dict)
    """Study -> points that are planned otherwise here, and are kept as a replication."""
    replicated: set[str] = field(default_factory=set)
    """They are of replications, and are kept as such."""
    of_other_protocols: set[str] = field(default_factory=set)
    """Their settings have another key in this version, which would train them anew under that."""
    studies: dict[str, set[str]] = field(default_factory=dict)
    """Study -> keys of the source's records that belong to it."""


def merge(results: Path, source: RecordSource, key_of: Callable[[TrialSettings], str], dry_run: bool = False) -> Arrival:
    """Bring what a source has into a results folder, or say what would come; nothing that is there changes.

    ``key_of`` gives the key that this version has for a trial's settings.
    """
    plans = {study: study_file.read(results, study) for study in _studies(results)}
    otherwise = {study: study_file.saying_otherwise(results, study, points) for study, points in source.plans.items()}
    merger = _Merger(results, source, key_of, dry_run, plans, Arrival(otherwise=otherwise))
    for place in source.places:
        store = Store(results)  # what was published in the place before is published here now
        for batch in _batches(place.records(), BATCH):
            merger.bring(store, place, batch)
    if not dry_run:
        merger.bring_plans()
    return merger.arrival


class _Merger:
    """A merge on its way."""

    def __init__(
        self,
        results: Path,
        source: RecordSource,
        key_of: Callable[[TrialSettings], str],
        dry_run: bool,
        plans: dict[str, list[Point]],
        arrival: Arrival,
    ) -> None:
        self.results, self.source, self.key_of, self.dry_run = results, source, key_of, dry_run
        self.plans, self.arrival = plans, arrival
        self._there, self._here = _by_key(source.plans), _by_key(plans)

    def bring(self, store: Store, place: RecordPlace, batch: list[Record]) -> None:
        """Bring some records of a place."""
        owners = {record.key: self._owners(record.key, place) for record in batch}
        for key, studies in owners.items():
            for study in studies:
                self.arrival.studies.setdefault(study, set()).add(key)
        self.arrival.of_other_protocols |= {one.key for one in batch if self.key_of(one.settings) != one.key}
        known = store.read([record.key for record in batch])
        new = [record for record in batch if record.key not in known]
        differing = {one.key for one in batch if one.key in known and not same_numbers(one, known[one.key])}
        if place.is_replication:  # its records are no first run, not even where that has none
            apart = {record.key for record in new} | differing
            self.arrival.replicated |= apart
        else:
            apart = differing
            self.arrival.new |= {record.key for record in new}
            self.arrival.differing |= differing
            self.arrival.present |= known.keys() - differing - self.arrival.new
        if self.dry_run:
            return
        if not place.is_replication:
            self._keep(store, place, new, [known.get(one.key, one) for one in batch if one.key not in differing])
        for study in sorted({study for studies in owners.values() for study in studies}):
            of_study = [record for record in batch if study in owners[record.key]]
            self._keep_apart(study, place, of_study, apart)

    def _keep(self, store: Store, place: RecordPlace, new: list[Record], same: list[Record]) -> None:
        """Keep the records of a first run where they stand in the source: below ``trials/``, or published."""
        if place.study is None and new:
            store.write_all([(record, place.weights(record.key)) for record in new])
        if place.study and same:
            collection.add(self.results / place.study / collection.NAME, same)

    def _keep_apart(self, study: str, place: RecordPlace, records: list[Record], keys: set[str]) -> None:
        """Keep those of a study's records as a replication that have these keys, or are of points planned otherwise here."""
        if place.is_replication:
            points = self.source.replications.get(study, [])
        else:
            keys = keys | set(study_file.keys(self.arrival.otherwise.get(study, [])))
            points = self.source.plans.get(study) or self.plans.get(study, [])
        apart = [record for record in records if record.key in keys]
        if apart:
            keep_apart(self.results / study, _points_of(apart, points), apart)

    def _owners(self, key: str, place: RecordPlace) -> list[str]:
        """Return the studies that a record is of: there, or, where nobody planned it there, here."""
        published = [place.study] if place.study else []
        there = [] if place.is_replication else self._there.get(key, [])
        return list(dict.fromkeys([*published, *there])) or self._here.get(key) or [NO_STUDY]

    def bring_plans(self) -> None:
        """Unite what is known of the studies, and count the verdicts that were given on them there."""
        for study, points in self.source.plans.items():
            if study in self.source.declared:
                study_file.bring_declaration(self.results, study, self.source.declared[study])
            otherwise = study_file.unite(self.results, study, points) if points else []
            if otherwise:
                keep_apart(self.results / study, otherwise, [])
        for study, of_study in self.source.looks.items():
            looks.unite(self.results, study, of_study)


def keep_apart(folder: Path, points: list[Point], records: list[Record]) -> None:
    """Add to the replication of a study; what that says otherwise becomes a replication of the replication, and so on.

    Parameters
    ----------
    folder
        The study's folder.
    points
        What is planned of the records.
    records
        Trials of a second run.

    """
    path = folder / REPLICATION / collection.NAME
    keys = {record.key for record in records}
    known = {record.key: record for record in collection.read(path, keys)} if path.is_file() else {}
    if records:
        collection.add(path, records)
    otherwise = study_file.unite(folder, REPLICATION, points)
    differing = {one.key for one in records if one.key in known and not same_numbers(one, known[one.key])}
    keys = set(study_file.keys(otherwise)) | differing
    if otherwise or differing:
        further = [record for record in records if record.key in keys]
        keep_apart(folder / REPLICATION, [*otherwise, *_points_of(further, points, otherwise)], further)


def _points_of(records: list[Record], points: list[Point], others: Iterable[Point] = ()) -> list[Point]:
    """Return those points that have one of the records, but for those that are others."""
    keys, names = {record.key for record in records}, {point.name for point in others}
    return [point for point in points if point.name not in names and not keys.isdisjoint(point.keys)]


def same_numbers(record: Record, other: Record) -> bool:
    """Whether two records of one key say the same, apart from what depends on the machine: seconds, engine, population.

    Earlier versions kept fewer tables; what only one of them has is no difference.
    """
    if _outcome(record) != _outcome(other):
        return False
    tables = ((columns, other.columns[name]) for name, columns in record.columns.items())
    return all(_values(one) == _values(two) for one, two in tables if any(one.values()) and any(two.values()))


def _outcome(record: Record) -> list[object]:
    summary = record.summary
    scores = {split: vars(score) for split, score in summary.scores.items()}
    return [summary.status, scores, summary.best_epoch, summary.epochs, summary.updates]


def _values(columns: Columns) -> object:
    return nan_to_none({name: values for name, values in columns.items() if name != "seconds"})


def _by_key(plans: dict[str, list[Point]]) -> dict[str, list[str]]:
    """Return key -> the studies that have it."""
    studies: dict[str, list[str]] = {}
    for study, points in plans.items():
        for key in dict.fromkeys(study_file.keys(points)):
            studies.setdefault(key, []).append(study)
    return studies


def _studies(results: Path) -> list[str]:
    return sorted(file.parent.name for file in results.glob("*/study.json"))


def _batches(values: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(values, size)):
        yield batch
