"""Runs that are written into MLflow's database without MLflow: as its client would have left them."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from gatebench.core.errors import BadInput
from gatebench.records import database, mlflow, runs, study_file
from gatebench.records.schema import CURVE
from gatebench.records.store import Store
from support.records import WEIGHTS, make_point, make_record

# MLflow uses what SQLAlchemy deprecates: theirs to mend, and nothing that our code could do otherwise.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
KEYS = [f"{i:016x}" for i in range(1, 4)]
TABLES = (
    "experiments", "runs", "tags", "params", "metrics", "latest_metrics", "datasets", "inputs", "input_tags",
    "experiment_tags", "alembic_version",
)  # fmt: skip


def make_study(results: Path, keys: list[str] = KEYS) -> Path:
    """A study of trials with curves of several epochs, one of them with numbers that are none."""
    epochs = [[e, 4 * e, 0.5 * e, split, 1 / e, 2 / e] for e in (1, 2, 3) for split in ("train", "valid")]
    endless = [[1, 4, 0.5, "train", np.inf, -np.inf], [1, 4, 0.5, "valid", np.nan, 1.0]]
    for key in keys:
        record = make_record(key, seconds=float(int(key, 16)))
        curve = pd.DataFrame(endless if key == keys[0] else epochs, columns=CURVE)
        Store(results).write(replace(record, curve=curve), WEIGHTS)
    study_file.add_points(results, "adhoc", [make_point([], keys)])
    return results


@pytest.fixture
def one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end at one moment."""
    monkeypatch.setattr(runs.time, "time", lambda: 1.75e9)


@pytest.fixture
def only_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing but MLflow's client writes."""
    with monkeypatch.context() as patch:
        patch.setattr(database, "file_of", lambda uri: None)
        yield


def rows(results: Path) -> dict[str, list[tuple[str, ...]]]:
    """Every row of every table that has to do with runs, without what is drawn at random or is the time of making."""
    with closing(sqlite3.connect(results / "mlflow.db")) as connection:
        key_of = dict(connection.execute("SELECT run_uuid, value FROM tags WHERE key = 'key'"))
        drawn = {row[0]: "one" for column, table in (("dataset_uuid", "datasets"), ("input_uuid", "inputs"))
                 for row in connection.execute(f"SELECT {column} FROM {table}")}  # fmt: skip
        tables = {}
        for table in TABLES:
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            kept = [i for i, name in enumerate(names) if name not in ("creation_time", "last_update_time")]
            replaced = {**key_of, **drawn}
            tables[table] = sorted(tuple(_plain(row[i], replaced, results) for i in kept) for row in cursor)
    return tables


def _plain(value: object, replaced: dict[str, str], results: Path) -> str:
    text = repr(value)
    for drawn, name in replaced.items():
        text = text.replace(drawn, name)
    return text.replace(str(results), "RESULTS")


def test_runs_are_those_of_mlflows_client_row_by_row(
    tmp_path: Path, one_time: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
):
    monkeypatch.chdir(tmp_path)  # where MLflow puts its default experiment
    direct = make_study(tmp_path / "direct")
    assert mlflow.publish(direct, KEYS) == 3
    request.getfixturevalue("only_client")
    by_client = make_study(tmp_path / "client")
    assert mlflow.publish(by_client, KEYS) == 3
    ours, theirs = rows(direct), rows(by_client)
    # The experiment that nobody uses stands beside ours, not in the folder that somebody happened to be in.
    assert [row[1:3] for row in ours["experiments"]] == [
        ("'Default'", "'file://RESULTS/mlruns/0'"), ("'gatebench'", "'file://RESULTS/mlruns'"),
    ]  # fmt: skip
    assert [row for row in ours.pop("experiments") if "Default" not in row[1]] == [
        row for row in theirs.pop("experiments") if "Default" not in row[1]
    ]
    assert len(ours["metrics"]) > 40
    assert ours == theirs


def test_each_finds_what_the_other_logged(tmp_path: Path, request: pytest.FixtureRequest):
    results = make_study(tmp_path / "results")
    assert mlflow.publish(results, KEYS[:1]) == 1
    request.getfixturevalue("only_client")
    assert mlflow.publish(results, KEYS[:2]) == 1
    assert mlflow.publish(results, KEYS) == 1


def test_a_run_that_the_client_was_cut_short_at_is_replaced(tmp_path: Path):
    results = make_study(tmp_path / "results")
    with mlflow._client(results) as (client, experiment):
        half = client.create_run(experiment, tags={"key": KEYS[0]}, run_name="half").info.run_id
    assert mlflow.publish(results, KEYS) == 3
    client = MlflowClient(mlflow.store_uri(results))
    assert client.get_run(half).info.lifecycle_stage == "deleted"
    assert sorted(run.data.tags["key"] for run in client.search_runs([experiment])) == KEYS


def test_what_goes_wrong_leaves_no_part_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    results = make_study(tmp_path / "results")
    of_record = runs.of_record

    def fails_at_the_last(record: object, studies: object) -> runs.RunValues:
        if record.key == KEYS[-1]:  # type: ignore[attr-defined]
            raise BadInput("no")
        return of_record(record, studies)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(database, "of_record", fails_at_the_last)
        with pytest.raises(BadInput, match="no"):
            mlflow.publish(results, KEYS)
    assert rows(results)["runs"] == []
    assert mlflow.publish(results, KEYS) == 3


def test_a_database_of_another_schema_is_for_the_client(tmp_path: Path):
    results = make_study(tmp_path / "results")
    mlflow.publish(results, KEYS[:1])
    with closing(sqlite3.connect(results / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0123456789ab'")
    before = rows(results)["runs"]
    with pytest.raises(Exception, match="0123456789ab"):  # which says what to do
        mlflow.publish(results, KEYS)
    assert rows(results)["runs"] == before


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_an_empty_database_is_made_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str):
    monkeypatch.setenv("GATEBENCH_CACHE", str(tmp_path / "cache"))
    results = make_study(tmp_path / "results")
    if damage == "broken":
        (tmp_path / "cache").mkdir()
        version = database.importlib.metadata.version("mlflow")
        (tmp_path / "cache" / f"mlflow-{version}.db").write_bytes(b"no database" * 1000)
    assert mlflow.publish(results, KEYS) == 3
    (made,) = (tmp_path / "cache").iterdir()
    assert len(MlflowClient(f"sqlite:///{made}").search_experiments()) == 2
    assert made.stat().st_mtime_ns < (results / "mlflow.db").stat().st_mtime_ns


def test_without_a_place_to_keep_an_empty_database_the_client_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "cache").write_text("no folder")
    monkeypatch.setenv("GATEBENCH_CACHE", str(tmp_path / "cache"))
    results = make_study(tmp_path / "results")
    assert mlflow.publish(results, KEYS) == 3
    assert len(rows(results)["runs"]) == 3


PUBLISH = """
import sys
from pathlib import Path
from gatebench.records import mlflow

results = Path(sys.argv[1])
for keys in (sys.argv[2:3], sys.argv[3:]):
    assert mlflow.publish(results, keys) == len(keys)
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"mlflow", "sqlalchemy", "alembic", "torch"}))
"""


def test_logging_starts_no_mlflow(tmp_path: Path):
    """Its start and its migrations took longer than the training of a small study."""
    database.empty_database(mlflow._make_database)
    results = make_study(tmp_path / "results")
    command = [sys.executable, "-c", PUBLISH, str(results), *KEYS]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "\n"
    assert len(rows(results)["runs"]) == 3


def test_the_database_of_a_server_takes_trials_and_leaves_files_to_the_server(tmp_path: Path):
    """Whose place for them is not this machine's: it is reached through its own address."""
    results, uri = make_study(tmp_path / "results"), f"sqlite:///{tmp_path / 'server.db'}"
    client = MlflowClient(uri)
    experiment = client.create_experiment("gatebench", "mlflow-artifacts:/1")
    (results / "adhoc" / "one.csv").write_text("a\n1\n")
    assert mlflow.publish(results, KEYS, uri) == 3
    assert mlflow.attach(results, "adhoc", uri) is False
    runs_there = client.search_runs([experiment])
    assert {run.info.artifact_uri for run in runs_there} == {
        f"mlflow-artifacts:/1/{run.info.run_id}/artifacts" for run in runs_there
    }
    assert len(runs_there) == 4
    assert mlflow.attach(results, "adhoc") is True


def test_python_without_docstrings_logs_as_well(tmp_path: Path):
    """Those of MLflow, which it would fill in, are missing: what it says of that is nothing that a user could act on."""
    results = make_study(tmp_path / "results")
    main = "from gatebench.cli import main; main()"
    command = [sys.executable, "-OO", "-c", main, "publish", "adhoc", "--results", str(results)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 trials logged" in done.stdout
    assert len(rows(results)["runs"]) == 4  # one has the figures
