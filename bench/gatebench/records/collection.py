"""``results/<study>/records.parquet``: the records of a study without their weights, in one file that can be committed.

A published file only grows: what stands in it stays as it is, to the byte, whatever `study.json` names today.
It carries a checksum of each column, which is held against what is read of it.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.core.errors import BadInput, shorten
from gatebench.core.files import atomic_write, locked, nan_to_none, to_json
from gatebench.records.decoding import convert, parse
from gatebench.records.schema import (
    TABLES,
    Record,
    Summary,
    decode_record,
    decode_summary,
    decode_table,
    is_key,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NAME = "records.parquet"
"""Name of the file of a study that holds its published records."""
COLUMNS = ["key", "record", *TABLES]
"""Columns of the file: the key, and texts in JSON."""
DIGESTS = b"gatebench.sha256"
"""Entry of the file's metadata: column -> its checksum, in JSON."""
_DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


def read(path: Path, keys: Collection[str] | None = None) -> Iterator[Record]:
    """Yield the records of a file, or of it those with these keys; ``BadInput`` if it is damaged."""
    for row in _rows(path, None):
        if keys is None or row["key"] in keys:
            yield decode(path, row)


def texts(path: Path) -> dict[str, dict[str, Any]]:
    """Return key -> what a file has of it, which `decode` takes: a fraction of a record's size; ``BadInput`` if damaged."""
    return {row["key"]: row for row in _rows(path, None)}


def decode(path: Path, row: dict[str, Any]) -> Record:
    """Return the record of one row of a file; ``BadInput`` if it is damaged."""
    with _explained(path):
        # Earlier versions kept fewer tables.
        tables = {name: decode_table(row[name], name) for name in TABLES if name == "curve" or _is_text(row, name)}
        return Record(**{**vars(decode_record(row["record"])), **tables})


def of_search(record: Record) -> Record:
    """Return a record without the tables that only confirming trials are asked for."""
    import pandas as pd

    none = {name: pd.DataFrame(columns=list(TABLES[name])) for name in ("statistics", "predictions")}
    return replace(record, **none)


def read_keys(path: Path) -> list[str]:
    """Return the keys of the records of a file; ``BadInput`` if it is damaged."""
    with _explained(path):
        return [_checked(row["key"]) for row in _rows(path, ["key"])]


def _checked(key: object) -> str:
    if not isinstance(key, str) or not is_key(key):
        raise ValueError(f"{shorten(key)} is no key of a trial")
    return key


def read_summaries(path: Path, keys: Collection[str]) -> Iterator[tuple[str, Summary]]:
    """Yield key and summary of those records of a file that have these keys; ``BadInput`` if it is damaged."""
    for row in _rows(path, ["key", "record"]):
        if row["key"] in keys:
            with _explained(path):
                key, summary = decode_summary(row["record"])
            yield key, summary


def add(path: Path, records: Iterable[Record]) -> None:
    """Add those records that are not there yet; what is there stays, and a file that lacks none is not touched."""
    import pandas as pd

    with locked(path.with_name(f"{path.name}.lock")):
        with _explained(path):
            # pandas' own metadata has nothing that is needed
            before = _table(path, None).to_pandas(ignore_metadata=True) if path.is_file() else pd.DataFrame(columns=COLUMNS)
        present = set(before["key"])
        new = [_row(record) for record in records if record.key not in present]
        if new or not path.is_file():
            after = pd.concat([before, pd.DataFrame(new, columns=COLUMNS)], ignore_index=True)
            atomic_write(path, lambda partial: _write(after, partial))


def _write(table: "pd.DataFrame", path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.Table.from_pandas(table, preserve_index=False)
    digests = {name: _digest(content.column(name)) for name in content.column_names}
    metadata = {**(content.schema.metadata or {}), DIGESTS: json.dumps(digests).encode()}
    pq.write_table(content.replace_schema_metadata(metadata), path, compression="zstd")


def _digest(column: "pa.ChunkedArray") -> str:
    """Checksum of a column's texts, in their order; what is missing counts as such."""
    digest = hashlib.sha256()
    for text in column.to_pylist():
        content = b"" if text is None else text.encode() if isinstance(text, str) else repr(text).encode()
        digest.update(b"-" if text is None else b"%d:" % len(content))
        digest.update(content)
    return digest.hexdigest()


def _row(record: Record) -> dict[str, str]:
    return {
        "key": record.key,
        "record": to_json(record.without_tables),
        **{name: json.dumps(nan_to_none(columns)) for name, columns in record.columns.items()},
    }


def _is_text(row: dict[str, Any], name: str) -> bool:
    return isinstance(row.get(name), str)


def _rows(path: Path, columns: list[str] | None) -> list[dict[str, Any]]:
    with _explained(path):
        return _table(path, columns).to_pylist()


def _table(path: Path, columns: list[str] | None) -> "pa.Table":
    import pyarrow.parquet as pq

    with _explained(path):
        with pq.ParquetFile(path) as file:  # read_table would load pandas
            content = file.read(columns)
        if missing := set(columns or ["key", "record"]) - set(content.column_names):
            raise ValueError(f"it has no column {', '.join(sorted(missing))}")
        _check(content, columns)
        return content


def _check(content: "pa.Table", columns: list[str] | None) -> None:
    """Raise ``ValueError`` where a column is not what was written; files of versions before 0.2 have no checksums."""
    stated = (content.schema.metadata or {}).get(DIGESTS)
    if stated is None:
        return
    digests = convert(parse(stated), dict[str, str])
    for name in columns or digests.keys() | set(content.column_names):
        if name not in digests or name not in content.column_names:
            raise ValueError(f"its column {name} is not one that was written")
        if _digest(content.column(name)) != digests[name]:
            raise ValueError(f"its column {name} does not fit its checksum")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise BadInput(
            f"{path} is damaged ({shorten(error)}); restore it, or remove it to train its trials again"
        ) from error
