"""The parts of one record: plain files with their checksums in ``SHA256SUMS``, which ``sha256sum -c`` reads as well.

Whatever is read of a record is held against its checksum first. Records of versions before 0.2 have no ``SHA256SUMS``, and
are read as they are. Weights may be deleted; any other part that has a checksum must be there.
"""

import csv
import hashlib
import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gatebench.core.errors import BadInput, shorten
from gatebench.core.files import to_json
from gatebench.records.schema import TABLES, Record, Summary, decode_record, decode_summary
from gatebench.records.tables import Columns

if TYPE_CHECKING:
    import numpy as np

SUMS = "SHA256SUMS"
"""The part with the checksums of the others: a line each, as ``sha256sum`` writes them."""
RECORD = "record.json"
"""The part that makes a record complete."""
WEIGHTS = "weights.safetensors"
"""The part with the best-validation weights."""
_LATER = ("statistics", "predictions")
"""Tables that are written where there is something in them; earlier versions wrote the others alone."""
_NAMES = {RECORD, WEIGHTS, *(f"{name}.csv" for name in TABLES)}
_LINE = re.compile(r"([0-9a-f]{64})  ([a-z.]+)")
DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, csv.Error)
"""What readers raise of a file that is not what it should be."""


class DamagedRecord(BadInput):
    """A record that is not what was written."""

    def __init__(self, where: object, error: object) -> None:
        self.where, self.reason = where, shorten(error)
        super().__init__(
            f"record {where} is damaged ({self.reason}); remove the folder, and the next sweep trains its trial again"
        )


class RecordParts(Protocol):
    """Where the parts of one record lie; its text is a place that a user finds."""

    key: str

    def read(self, name: str) -> bytes:
        """Return a part; ``FileNotFoundError`` if it is not there."""
        ...


class RecordFolder:
    """The parts of a record in a folder of its own, which has the key as its name."""

    def __init__(self, path: Path | str) -> None:
        # Text, since there may be ten thousand: paths are objects that take longer than the parts.
        self._path = str(path)
        self.key = os.path.basename(self._path)

    @property
    def path(self) -> Path:
        """Where the folder is, for what moves or removes it."""
        return Path(self._path)

    def __str__(self) -> str:
        return self._path

    def read(self, name: str) -> bytes:
        """Return a part; ``FileNotFoundError`` if it is not there."""
        with open(f"{self._path}/{name}", "rb", buffering=0) as file:
            return file.read()


class _Checked:
    """The parts of a record, each held against its checksum when it is read."""

    def __init__(self, parts: RecordParts) -> None:
        self._parts = parts
        sums = self._read_if_there(SUMS)
        self._digests = None if sums is None else parse_sums(sums)

    def read(self, name: str) -> bytes:
        """Return a part; ``ValueError`` or ``OSError`` if it is not what was written."""
        return self._as_written(name, self._parts.read(name))

    def read_optional(self, name: str) -> bytes | None:
        """Return a part that not every record has, or None; ``ValueError`` if it should be there and is not."""
        content = self._read_if_there(name)
        if content is None and self._digests is not None and name in self._digests:
            raise ValueError(f"{name} is missing")
        return content if content is None else self._as_written(name, content)

    def _read_if_there(self, name: str) -> bytes | None:
        try:
            return self._parts.read(name)
        except FileNotFoundError:
            return None

    def _as_written(self, name: str, content: bytes) -> bytes:
        if self._digests is not None:
            if name not in self._digests:
                raise ValueError(f"{SUMS} has no checksum of {name}")
            if hashlib.sha256(content).hexdigest() != self._digests[name]:
                raise ValueError(f"{name} does not fit its checksum in {SUMS}")
        return content


def read_record(parts: RecordParts) -> Record:
    """Return the record that the parts make, without its weights; `DamagedRecord` if they make none."""
    try:
        checked = _Checked(parts)
        values = decode_record(checked.read(RECORD))
        if values.key != parts.key:
            raise ValueError(f"{RECORD} is that of {values.key}")
        texts = {name: checked.read_optional(f"{name}.csv") for name in TABLES}
        if texts["curve"] is None:
            raise ValueError("curve.csv is missing")
        tables = {name: _parse_csv(text, name) for name, text in texts.items() if text is not None}
        return Record(**{**vars(values), **tables})
    except DAMAGE as error:
        raise DamagedRecord(parts, error) from error


def read_summary(parts: RecordParts) -> Summary:
    """Return the summary of a record alone, which takes two small parts; `DamagedRecord` if there is none."""
    try:
        key, summary = decode_summary(_Checked(parts).read(RECORD))
        if key != parts.key:
            raise ValueError(f"{RECORD} is that of {key}")
        return summary
    except DAMAGE as error:
        raise DamagedRecord(parts, error) from error


def read_weights(parts: RecordParts) -> "dict[str, np.ndarray] | None":
    """Return the weights of a record, ``[rows, columns]`` each; None if there are none, `DamagedRecord` if others."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        checked = _Checked(parts)
        try:
            return load(checked.read(WEIGHTS))
        except FileNotFoundError:
            return None
    except (SafetensorError, *DAMAGE) as error:  # some kinds of numbers NumPy does not know
        reason = str(error) if WEIGHTS in str(error) or SUMS in str(error) else f"{WEIGHTS}: {error}"
        raise DamagedRecord(parts, reason) from error


def verify(parts: RecordParts) -> Record:
    """Return the record that the parts make; `DamagedRecord` if they make none, or with other weights than were written."""
    record = read_record(parts)
    read_weights(parts)
    return record


def write(folder: Path, record: Record, weights: "Mapping[str, np.ndarray] | None" = None) -> None:
    """Write the parts of a record and their checksums into a new folder; of a failed trial, there are no weights."""
    from safetensors.numpy import save

    tables = {name: table for name, table in record.columns.items() if name not in _LATER or any(table.values())}
    parts = {RECORD: to_json(record.without_tables).encode()}
    parts |= {f"{name}.csv": _csv(table).encode() for name, table in tables.items()}
    if weights is not None:
        parts[WEIGHTS] = save(dict(weights))  # written here, since the library's own files ignore the umask
    for name, content in {**parts, SUMS: sums_of(parts)}.items():
        (folder / name).write_bytes(content)


def sums_of(parts: Mapping[str, bytes]) -> bytes:
    """Return the content of `SUMS` for these parts."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in parts.items()).encode()


def parse_sums(content: bytes) -> dict[str, str]:
    """Return part -> its checksum; ``ValueError`` if this is not what `sums_of` writes."""
    digests: dict[str, str] = {}
    text = content.decode(errors="replace")
    for line in text.removesuffix("\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None or match[2] not in _NAMES or match[2] in digests:
            raise ValueError(f"{SUMS} is not as it was written, in the line {shorten(line)!r}")
        digests[match[2]] = match[1]
    if not text.endswith("\n") or not digests.keys() >= {RECORD, "curve.csv"}:
        raise ValueError(f"{SUMS} is not whole")
    return digests


def _csv(table: Columns) -> str:
    """Return what pandas writes of a table, in a fraction of its time; what is no number is left empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    rows = zip(*table.values(), strict=True)
    writer.writerows(["" if value != value else value for value in row] for row in rows)
    return text.getvalue()


def _parse_csv(content: bytes, name: str) -> Columns:
    # Without pandas' reader: what it makes of a float depends on its version, and it takes most of the time of a frame.
    try:
        header, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
        cells = dict(zip(header, zip(*rows, strict=True) if rows else [()] * len(header), strict=True))
        kinds = TABLES[name]
        return {column: [kind(cell or "nan") for cell in cells[column]] for column, kind in kinds.items()}
    except DAMAGE as error:
        raise ValueError(f"{name}.csv: {error}") from error
