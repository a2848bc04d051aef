"""An archive of one study, that somebody hands to whoever collects results; `gatebench merge` takes it as it takes a folder.

A zip of three members: ``study.json``, ``records.jsonl`` with a record a line by key, without weights, and ``manifest.json``
with the checksums of both. Equal records give equal bytes. Whoever reads one trusts nothing of it: all is checked, and
nothing of it names a place where something is written.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gatebench import __version__
from gatebench.core.errors import BadInput, shorten
from gatebench.core.files import atomic_write, nan_to_none, to_json
from gatebench.core.validation import construct
from gatebench.records import looks, study_file
from gatebench.records.decoding import parse
from gatebench.records.looks import Look
from gatebench.records.names import check_labels, check_text, is_equation, is_study
from gatebench.records.parts import DAMAGE
from gatebench.records.schema import TABLES, Point, Record, decode_record, decode_study, decode_table
from gatebench.records.sources import RecordPlace, RecordSource, is_later
from gatebench.records.store import Store

FORMAT = 1
"""Version of the archive. It moves when one of this version cannot be read by an earlier gatebench."""
MANIFEST = "manifest.json"
"""Member that says what the archive is, and the checksums of the others."""
STUDY = "study.json"
"""Member with the study's plan, as in a results folder."""
RECORDS = "records.jsonl"
"""Member with the records, one a line."""
MEMBERS = (MANIFEST, STUDY, RECORDS)
"""What an archive consists of."""
MOST_BYTES = {MANIFEST: 2**20, STUDY: 2**26, RECORDS: 2**32}
"""Member -> how large it may be."""
MOST_OF_A_RECORD = 2**26
"""How many bytes a record may have."""
MOST_TIMES = 200
"""How many times as large as in the archive a member may be: ours are at most 30 times as large."""
LARGEST = 1e100
"""Numbers in records are below it; what diverges in float32 or is not finite is missing there."""
MOST_TRIALS = 10**6
"""Trials and pipelines that a study may plan."""
_BEGINNING_OF_TIME = (1980, 1, 1, 0, 0, 0)
_FAULTS = (*DAMAGE, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself."""

    study: str
    records: int
    sha256: dict[str, str]
    """Member -> its checksum."""
    looks: list[Look]
    """Verdicts that were given on the study."""
    gatebench: str
    """The version that wrote it."""
    format: int = FORMAT


def write(results: Path, study: str, path: Path) -> tuple[int, int]:
    """Write the archive of a study; returns how many trials it has, and how many more are planned.

    ``BadInput`` where none is finished, where there is another file, or where a name would be refused by whoever reads it.
    """
    points = study_file.read(results, study)
    keys = sorted(set(study_file.keys(points)))
    records = Store(results).read(keys)
    if not records:
        raise BadInput(f"study '{study}' has no finished trial; train it first: gatebench sweep study={study}")
    lines = [_line(records[key]) for key in keys if key in records]
    members = {STUDY: to_json(study_file.as_written(study, points)).encode(), RECORDS: b"".join(lines)}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    manifest = Manifest(study, len(lines), sums, looks.read(results, study), __version__)
    for line in lines:
        with _explained(f"study '{study}' cannot be submitted", "rename what it says, and train it anew"):
            _record(line, manifest, set(keys))
    check_labels(points, f"study '{study}'")
    whole = {MANIFEST: to_json(manifest).encode(), **members}

    def pack(partial: Path) -> None:
        with zipfile.ZipFile(partial, "w") as archive:
            for name in MEMBERS:
                member = zipfile.ZipInfo(name, _BEGINNING_OF_TIME)
                member.external_attr, member.create_system = 0o644 << 16, 3
                archive.writestr(member, whole[name], zipfile.ZIP_DEFLATED, 9)

    if path.exists():
        raise BadInput(f"{path} is there already and stays as it is; remove it, or choose another place: --output FILE")
    atomic_write(path, pack)
    planned = sum(len(point.search) + point.confirm_planned for point in points)
    return len(lines), max(0, planned - len(lines))


def _line(record: Record) -> bytes:
    return (
        json.dumps(nan_to_none({"record": record.without_tables, **record.columns}), separators=(",", ":")).encode() + b"\n"
    )


def read(path: Path) -> RecordSource:
    """Return what an archive has, once all of it was checked; ``BadInput`` says what is wrong with it."""
    with _explained_of(path):
        with zipfile.ZipFile(path) as archive:
            _check_members(archive)
            manifest = _manifest(archive)
            points = _points(archive, manifest)
            count = sum(1 for _ in _records(archive, manifest, points))
        if count != manifest.records:
            raise ValueError(f"it has {count} records, and says {manifest.records}")

    def records() -> Iterator[Record]:
        with _explained_of(path), zipfile.ZipFile(path) as archive:
            yield from _records(archive, manifest, points)

    return RecordSource(
        {manifest.study: points}, [RecordPlace(manifest.study, records)], looks={manifest.study: manifest.looks}
    )


def _check_members(archive: zipfile.ZipFile) -> None:
    """Raise ``ValueError`` unless the members are ours, each once, plain and of a sensible size."""
    members = archive.infolist()
    names = [member.filename for member in members]
    if sorted(names) != sorted(MEMBERS):
        unknown = next((name for name in names if name not in MEMBERS), None)
        raise ValueError(
            f"unknown member {shorten(ascii(unknown))}"
            if unknown is not None
            else f"expected {', '.join(MEMBERS)}, each once"
        )
    for member in members:
        kind = member.external_attr >> 28
        if (
            kind not in (0, 8)
            or member.flag_bits & 1
            or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        ):
            raise ValueError(f"{member.filename} is no plain file")
        most = min(MOST_BYTES[member.filename], MOST_TIMES * (member.compress_size + 1000))
        if member.file_size > most:
            raise ValueError(f"{member.filename} would have {member.file_size:,} bytes, expected at most {most:,}")


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    values = parse(archive.read(MANIFEST))
    if not isinstance(values, dict):
        raise ValueError("its manifest is no object")
    form, version = values.get("format"), values.get("gatebench")
    if (isinstance(form, int) and form > FORMAT) or (isinstance(version, str) and is_later(version)):
        raise ValueError(
            f"gatebench {shorten(version)} wrote it, which is later than this one, {__version__}; install that one"
        )
    given = values.get("looks")
    seen = [construct(Look, "manifest.json:", look) for look in given] if isinstance(given, list) else []
    manifest = construct(Manifest, "manifest.json:", {**values, "looks": seen})
    if not is_study(manifest.study):
        raise ValueError(f"it names a study '{shorten(manifest.study)}'; expected letters, digits, '.', '_' and '-'")
    if len(seen) > MOST_TRIALS or any(look.pipelines > MOST_TRIALS for look in seen):
        raise ValueError("it has more verdicts than anybody gives")
    for look in seen:
        check_text(look.trials, "a verdict's digest")
    return manifest


def _points(archive: zipfile.ZipFile, manifest: Manifest) -> list[Point]:
    content = archive.read(STUDY)
    _check_sum(hashlib.sha256(content).hexdigest(), STUDY, manifest)
    points = list(decode_study(content).points.values())
    check_labels(points, STUDY)
    if len({point.name for point in points}) < len(points):
        raise ValueError(f"{STUDY} has two points of one name")
    for point in points:
        for text in point.edges:
            check_text(text, f"{STUDY}: edges")
        for name, number in (("confirm_planned", point.confirm_planned), ("pipeline", point.pipeline)):
            if number > MOST_TRIALS:
                raise ValueError(f"{STUDY}: {name} is {number:,}, expected at most {MOST_TRIALS:,}")
    return points


def _records(archive: zipfile.ZipFile, manifest: Manifest, points: list[Point]) -> Iterator[Record]:
    """Yield the records, each checked; ``ValueError`` at the end if they are not those of the checksum."""
    planned, last, digest = set(study_file.keys(points)), "", hashlib.sha256()
    with archive.open(RECORDS) as file:
        for line in _lines(file):
            digest.update(line)
            record = _record(line, manifest, planned)
            if record.key <= last:
                raise ValueError(f"record {record.key} is not in its place, or twice there")
            last = record.key
            yield record
    _check_sum(digest.hexdigest(), RECORDS, manifest)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(MOST_OF_A_RECORD + 1):
        if len(line) > MOST_OF_A_RECORD:
            raise ValueError(f"a record has more than {MOST_OF_A_RECORD:,} bytes")
        yield line


def _record(line: bytes, manifest: Manifest, planned: set[str]) -> Record:
    """Decode and check one line."""
    values = parse(line)
    if not isinstance(values, dict) or set(values) != {"record", *TABLES}:
        raise ValueError(f"a record has other parts than {', '.join(('record', *TABLES))}")
    record = decode_record(json.dumps(values["record"]))
    if record.key not in planned:
        raise ValueError(f"record {record.key} is not of the study")
    where = f"record {record.key}"
    if is_later(record.provenance.versions.get("gatebench", "0")):
        raise ValueError(f"{where} is of a version later than {__version__}")
    if record.summary.status == "failed" or record.summary.error is not None:
        raise ValueError(f"{where} failed; expected finished trials")
    if not all(map(is_equation, record.equations)):
        raise ValueError(f"{where} has equations that no cell of ours has")
    _check_values(values, where)
    tables = {name: decode_table(json.dumps(values[name]), name) for name in TABLES}
    return Record(**{**vars(record), **tables})


def _check_values(value: object, where: str) -> None:
    """Raise ``ValueError`` if a text or a number, however deep inside, is none that a trial of ours has."""
    if isinstance(value, str):
        check_text(value, where)
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_text(name, where)
            _check_values(inner, where)
    elif isinstance(value, list):
        for inner in value:
            _check_values(inner, where)
    elif isinstance(value, int | float) and not abs(value) < LARGEST:
        raise ValueError(f"{where} has the number {shorten(value)}")


def _check_sum(digest: str, name: str, manifest: Manifest) -> None:
    if manifest.sha256.get(name) != digest:
        raise ValueError(f"{name} is not what its checksum says")


def _explained_of(path: Path) -> Any:
    return _explained(f"{path} is no archive of gatebench submit, or damaged", "nothing was written: ask for it anew")


@contextmanager
def _explained(what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except (BadInput, *_FAULTS) as error:
        raise BadInput(f"{what} ({shorten(error)}); {remedy}") from error
