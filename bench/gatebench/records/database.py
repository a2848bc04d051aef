"""MLflow's databases, written without its client: many runs a transaction, and in a results folder without MLflow's start.

Through MLflow's client a run costs thirty statements and nine transactions, its start some seconds, a new database a hundred
migrations. So an empty database is made by the installed MLflow once for a user and copied from then on, and runs are added
here in the form in which the client leaves them. A database of another schema than the empty one's is for the client.
`gatebench.records.postgresql` connects to one on a server.
"""

import importlib.metadata
import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from gatebench.core.files import atomic_write, cache_folder
from gatebench.records.runs import CONTEXT, DONE, MetricValue, RunValues, membership, of_record
from gatebench.records.schema import Record
from gatebench.records.study_file import Membership

LARGEST = 1.7976931348623157e308
"""What MLflow's databases hold in place of infinity."""
PATIENCE = 20.0
"""Seconds to wait for another program that writes to the database."""
_PREFIX = "sqlite:///"
_DEFAULT_EXPERIMENT = "Default"


def file_of(uri: str) -> Path | None:
    """Return the file of an SQLite database, None for the address of any other store."""
    return Path(uri.removeprefix(_PREFIX)) if uri.startswith(_PREFIX) and "?" not in uri else None


def empty_database(make: Callable[[str], object]) -> Path | None:
    """Return an empty database of the installed MLflow, which ``make`` fills, given its address, where there is none yet.

    None where it cannot be kept, as in a home folder that is read-only.
    """
    file = cache_folder() / f"mlflow-{importlib.metadata.version('mlflow')}.db"
    if schema(file) is not None:
        return file
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            new = Path(folder) / file.name
            make(f"{_PREFIX}{new}")
            new.replace(file)
        return file
    return None


def start(file: Path, empty: Path, experiment: str, artifacts: str) -> None:
    """Put a copy of the empty database at ``file`` if nothing is there; artifacts of its runs go below ``artifacts``."""
    if file.exists():
        return

    def write(partial: Path) -> None:
        shutil.copyfile(empty, partial)
        now = int(time.time() * 1000)
        with closing(sqlite3.connect(partial)) as connection, connection:
            for name, place in ((experiment, artifacts), (_DEFAULT_EXPERIMENT, f"{artifacts}/0")):
                connection.execute(
                    "UPDATE experiments SET artifact_location = ?, creation_time = ?, last_update_time = ? WHERE name = ?",
                    (place, now, now, name),
                )

    atomic_write(file, write)


class PresentRun(NamedTuple):
    """A run that is in the database."""

    run_id: str
    tags: dict[str, str]

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is missing."""
        return DONE.items() <= self.tags.items()


class Connection(Protocol):
    """A transaction of a database, whichever it is."""

    def execute(self, statement: str, values: Mapping[str, object]) -> Iterable[tuple[Any, ...]]:
        """Execute a statement with named values, as ``:name``; returns the rows that it has."""
        ...

    def insert(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Add rows with the same columns to a table."""
        ...


class SqliteConnection:
    """A transaction of a file of SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Mapping[str, object]) -> Iterable[tuple[Any, ...]]:
        """Execute a statement with named values; returns the rows that it has."""
        return self._connection.execute(statement, values)

    def insert(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Add rows with the same columns to a table."""
        columns = list(rows[0])
        values = ", ".join(f":{column}" for column in columns)
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})", rows)


class Database:
    """An open database with the experiment that holds our runs, in the transaction of `opened`."""

    def __init__(self, connection: Connection, experiment: int, artifacts: str) -> None:
        self._connection, self._experiment, self._artifacts = connection, experiment, artifacts

    def runs(self, keys: Iterable[str] | None = None) -> dict[str, PresentRun]:
        """Return key -> its run, of those keys, or of all, that have one that is not deleted.

        Of several whole ones, as writers at the same time leave them, one stays, the same for all; a whole one comes first.
        """
        rows = self._connection.execute(
            "SELECT tags.value, tags.run_uuid FROM tags JOIN runs USING (run_uuid) "
            "WHERE tags.key = 'key' AND runs.lifecycle_stage = 'active' AND runs.experiment_id = :experiment",
            {"experiment": self._experiment},
        )
        wanted = None if keys is None else set(keys)
        of_run, by_key = "SELECT key, value FROM tags WHERE run_uuid = :run", dict[str, list[PresentRun]]()
        for key, run in [row for row in rows if wanted is None or row[0] in wanted]:
            one = PresentRun(run, dict(self._connection.execute(of_run, {"run": run})))
            by_key.setdefault(key, []).append(one)
        for of_key in by_key.values():
            of_key.sort(key=lambda run: (not run.is_whole, run.run_id))
            for double in of_key[1:]:
                if double.is_whole:
                    self.delete(double.run_id)
        return {key: of_key[0] for key, of_key in by_key.items()}

    def move_artifacts(self, artifacts: str) -> None:
        """Say that artifacts are below this address now, if they were in a folder of that name: it was moved."""
        former = self._artifacts
        if (
            former == artifacts
            or not former.startswith("file:")
            or former.rpartition("/")[2] != artifacts.rpartition("/")[2]
        ):
            return
        self._artifacts = artifacts
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            self._connection.execute(
                f"UPDATE {table} SET {column} = :artifacts || substr({column}, :length) "
                f"WHERE {column} = :former OR substr({column}, 1, :length) = :below",
                {"artifacts": artifacts, "length": len(former) + 1, "former": former, "below": f"{former}/"},
            )

    def delete(self, run_id: str) -> None:
        """Mark a run as deleted, as MLflow does."""
        self._connection.execute(
            "UPDATE runs SET lifecycle_stage = 'deleted', deleted_time = :now WHERE run_uuid = :run",
            {"now": int(time.time() * 1000), "run": run_id},
        )

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a run, or give those that it has other values."""
        statement = (
            "INSERT INTO tags (run_uuid, key, value) VALUES (:run, :key, :value) "
            "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value"
        )
        for name, value in tags.items():
            self._connection.execute(statement, {"run": run_id, "key": name, "value": value})

    def add(self, run: RunValues) -> None:
        """Add a run that is finished."""
        run_id = uuid.uuid4().hex
        self._insert("runs", [{
            "run_uuid": run_id, "name": run.name, "source_type": "UNKNOWN", "source_name": "", "entry_point_name": "",
            "user_id": run.tags["mlflow.user"], "status": "FINISHED", "start_time": run.start, "end_time": run.end,
            "source_version": "", "lifecycle_stage": "active", "experiment_id": self._experiment,
            "artifact_uri": f"{self._artifacts}/{run_id}/artifacts",
        }])  # fmt: skip
        tags = {**run.tags, "mlflow.runName": run.name, **DONE}
        self._insert("tags", [{"run_uuid": run_id, "key": name, "value": value} for name, value in tags.items()])
        self._insert("params", [{"run_uuid": run_id, "key": name, "value": value} for name, value in run.params.items()])
        metrics = dict.fromkeys(_finite(metric) for metric in run.metrics)
        self._insert("metrics", [{"run_uuid": run_id, "is_nan": False, **metric._asdict()} for metric in metrics])
        latest: dict[str, MetricValue] = {}
        for metric in sorted(metrics, key=lambda metric: (metric.step, metric.timestamp, metric.value)):
            latest[metric.key] = metric
        in_order = (latest[key] for key in dict.fromkeys(metric.key for metric in metrics))
        self._insert("latest_metrics", [{"run_uuid": run_id, "is_nan": False, **one._asdict()} for one in in_order])
        self._add_input(run_id, run)

    def _add_input(self, run_id: str, run: RunValues) -> None:
        """Link a run with its data set, which is added with its first run."""
        of_dataset = {"experiment": self._experiment, "name": run.dataset, "digest": run.digest}
        where = "experiment_id = :experiment AND name = :name AND digest = :digest"
        stated = list(self._connection.execute(f"SELECT dataset_uuid FROM datasets WHERE {where}", of_dataset))
        dataset_id = stated[0][0] if stated else uuid.uuid4().hex
        if not stated:
            self._insert("datasets", [{
                "dataset_uuid": dataset_id, "experiment_id": self._experiment, "name": run.dataset, "digest": run.digest,
                "dataset_source_type": "code", "dataset_source": run.dataset_source,
                "dataset_profile": run.dataset_profile,
            }])  # fmt: skip
        input_id = uuid.uuid4().hex
        self._insert("inputs", [{
            "input_uuid": input_id, "source_type": "DATASET", "source_id": dataset_id, "destination_type": "RUN",
            "destination_id": run_id,
        }])  # fmt: skip
        self._insert("input_tags", [{"input_uuid": input_id, "name": "mlflow.data.context", "value": CONTEXT}])

    def _insert(self, table: str, rows: list[dict[str, object]]) -> None:
        if rows:
            self._connection.insert(table, rows)


@contextmanager
def opened(file: Path, empty: Path, experiment: str) -> Iterator[Database | None]:
    """Yield a database, in a transaction that ends with the block; None if its schema is not that of the empty one."""
    with closing(sqlite3.connect(file, timeout=PATIENCE)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        row = None
        if _version(connection) == schema(empty):
            row = connection.execute(
                "SELECT experiment_id, artifact_location FROM experiments WHERE name = ? AND lifecycle_stage = 'active'",
                (experiment,),
            ).fetchone()
        yield Database(SqliteConnection(connection), *row) if row else None


def add_missing(opened: Database, records: dict[str, Record], studies: dict[str, dict[str, Membership]]) -> int:
    """Add those trials that are not there; a run that was cut short is replaced. Returns how many were new."""
    present, new = opened.runs(records), 0
    for key, record in records.items():
        run, of_trial = present.get(key), studies.get(key, {})
        if run is not None and run.is_whole:
            opened.tag(run.run_id, membership(of_trial, run.tags))
        else:
            if run is not None:
                opened.delete(run.run_id)
            opened.add(of_record(record, of_trial))
            new += 1
    return new


def schema(file: Path) -> str | None:
    """Return the revision of the schema of a database; None where there is none, or none that can be read."""
    if not file.is_file():
        return None
    with closing(sqlite3.connect(file)) as connection:
        return _version(connection)


def _version(connection: sqlite3.Connection) -> str | None:
    try:
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.DatabaseError:
        return None
    return rows[0][0] if len(rows) == 1 else None


def _finite(metric: MetricValue) -> MetricValue:
    return metric._replace(value=max(-LARGEST, min(LARGEST, metric.value)))
