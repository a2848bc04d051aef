"""``results/<study>/records.parquet``: the records of a study without their weights, in one file that can be committed.

A published file only grows: what stands in it stays as it is, to the byte, whatever `study.json` names today.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.core.files import atomic_write, locked, nan_to_none, to_json
from gatebench.records.schema import (
    TABLES,
    Record,
    Summary,
    decode_record,
    decode_summary,
    decode_table,
    is_key,
)

NAME = "records.parquet"
"""Name of the file of a study that holds its published records."""
COLUMNS = ["key", "record", *TABLES]
"""Columns of the file: the key, and texts in JSON."""
_DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


def read(path: Path, keys: Collection[str] | None = None) -> Iterator[Record]:
    """Yield the records of a file, or of it those with these keys; ``BadInput`` if it is damaged."""
    for row in _rows(path, None):
        if keys is None or row["key"] in keys:
            with _explained(path):
                # Earlier versions kept fewer tables.
                tables = {name: decode_table(row[name], name) for name in TABLES if name == "curve" or _is_text(row, name)}
                record = Record(**{**vars(decode_record(row["record"])), **tables})
            yield record


def read_keys(path: Path) -> list[str]:
    """Return the keys of the records of a file; ``BadInput`` if it is damaged."""
    with _explained(path):
        return [_checked(row["key"]) for row in _rows(path, ["key"])]


def _checked(key: object) -> str:
    if not isinstance(key, str) or not is_key(key):
        raise ValueError(f"{shorten(key)} is no key of a trial")
    return key


def read_summaries(path: Path, keys: Collection[str]) -> dict[str, Summary]:
    """Return key -> summary of those records of a file that have these keys; ``BadInput`` if it is damaged."""
    rows = [row for row in _rows(path, ["key", "record"]) if row["key"] in keys]
    with _explained(path):
        return dict(decode_summary(row["record"]) for row in rows)


def add(path: Path, records: Iterable[Record]) -> None:
    """Add those records that are not there yet; what is there stays, and a file that lacks none is not touched."""
    with locked(path.with_name(f"{path.name}.lock")):
        before = _table(path, None) if path.is_file() else pd.DataFrame(columns=COLUMNS)
        present = set(before["key"])
        new = [_row(record) for record in records if record.key not in present]
        if new or not path.is_file():
            after = pd.concat([before, pd.DataFrame(new, columns=COLUMNS)], ignore_index=True)
            atomic_write(path, lambda partial: after.to_parquet(partial, index=False, compression="zstd"))


def _row(record: Record) -> dict[str, str]:
    return {
        "key": record.key,
        "record": to_json(record.without_tables),
        **{name: json.dumps(nan_to_none(table.to_dict("list"))) for name, table in record.tables.items()},
    }


def _is_text(row: dict[str, Any], name: str) -> bool:
    return isinstance(row.get(name), str)


def _rows(path: Path, columns: list[str] | None) -> list[dict[str, Any]]:
    return _table(path, columns).to_dict("records")  # pyright: ignore[reportReturnType] - columns have texts as names


def _table(path: Path, columns: list[str] | None) -> pd.DataFrame:
    with _explained(path):
        table = pd.read_parquet(path, columns=columns)
        if missing := set(columns or ["key", "record"]) - set(table.columns):
            raise ValueError(f"it has no column {', '.join(sorted(missing))}")
        return table


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise BadInput(
            f"{path} is damaged ({shorten(error)}); restore it, or remove it to train its trials again"
        ) from error
