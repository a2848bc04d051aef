"""What results folders have, so that two can be compared, and one with itself at another time."""

from pathlib import Path
from typing import NamedTuple

from gatebench.records import collection
from gatebench.records.schema import Record
from gatebench.records.store import Store, read


class Row(NamedTuple):
    """What a record says of a trial, whatever machine it was computed on."""

    key: str
    status: str
    epochs: int
    nll: float | None


def row(record: Record) -> Row:
    """The row of a record."""
    summary = record.summary
    score = summary.scores.get("test")
    return Row(record.key, summary.status, summary.epochs, score.nll if score else None)


def every_row(results: Path) -> set[Row]:
    """Rows of all records of a results folder, wherever they stand."""
    published = [record for path in results.rglob(collection.NAME) for record in collection.read(path)]
    store = Store(results)
    return {row(record) for record in [*published, *(read(store.trials / key) for key in store.recorded())]}


def contents(folder: Path) -> dict[str, bytes]:
    """File -> its bytes, but for locks."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(files)}
