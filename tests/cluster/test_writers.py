"""Writers of a PostgreSQL, directly and by MLflow's client: the same runs; of four at once, none is lost, none doubled."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from gatebench.records import mlflow, postgresql, runs, study_file
from gatebench.records.store import Store
from support.logged import seen
from support.records import WEIGHTS, make_point, make_record
from support.services import running_postgres

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")]

WRITERS = 4
KEYS = [f"{number:016x}" for number in range(12)]
PUBLISH = """
import sys
from pathlib import Path
from gatebench.records import mlflow, postgresql, study_file

if sys.argv[3] == "client":
    postgresql.PREFIXES = ("none",)
results = Path(sys.argv[1])
mlflow.publish(results, study_file.keys(study_file.read(results, "some")), sys.argv[2])
"""


@pytest.fixture
def uri() -> Iterator[str]:
    """A new database."""
    with running_postgres() as server:
        yield server.uri


def by_client(patch: pytest.MonkeyPatch) -> None:
    """Have MLflow's client write."""
    patch.setattr(postgresql, "PREFIXES", ("none",))


def active(uri: str) -> list[Run]:
    client = MlflowClient(uri)
    (experiment,) = [one for one in client.search_experiments() if one.name == mlflow.EXPERIMENT]
    return list(client.search_runs([experiment.experiment_id], max_results=1000))


def look(uri: str) -> list[dict[str, Any]]:
    """All that a database says of its runs but for their numbers, which are drawn."""
    client = MlflowClient(uri)
    looks = [seen(client, run) for run in active(uri)]
    return [
        {name: str(value).replace(one["id"], "ID") for name, value in one.items()}
        for one in sorted(looks, key=lambda one: one["tags"]["key"])
    ]


def test_runs_are_those_of_mlflows_client(tmp_path: Path, uri: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs.time, "time", lambda: 1.75e9)
    results = tmp_path / "results"
    Store(results).write_all([(make_record(key), WEIGHTS) for key in KEYS[:3]])
    study_file.add_points(results, "some", [make_point([], KEYS[:3])])
    assert mlflow.publish(results, KEYS[:3], uri) == 3
    direct = look(uri)
    assert len(direct) == 3
    for run in active(uri):
        MlflowClient(uri).delete_run(run.info.run_id)
    with monkeypatch.context() as patch:
        by_client(patch)
        assert mlflow.publish(results, KEYS[:3], uri) == 3
        assert look(uri) == direct
    assert mlflow.publish(results, KEYS[:3], uri) == 0


def test_of_runs_that_others_left_one_stays_and_what_was_cut_short_is_replaced(
    tmp_path: Path, uri: str, monkeypatch: pytest.MonkeyPatch
):
    results = tmp_path / "results"
    Store(results).write_all([(make_record(key), WEIGHTS) for key in KEYS[:2]])
    study_file.add_points(results, "some", [make_point([], KEYS[:2])])
    with monkeypatch.context() as patch:
        by_client(patch)
        with mlflow._client(results, uri) as (client, experiment):
            for record in [*Store(results).read(KEYS[:1]).values()] * 3:
                mlflow._log(client, experiment, runs.of_record(record, {}), [])
            half = client.create_run(experiment, tags={"key": KEYS[1]}, run_name="half").info.run_id
    first = min(run.info.run_id for run in active(uri) if run.data.tags["key"] == KEYS[0])
    assert mlflow.publish(results, KEYS[:2], uri) == 1
    left = {run.data.tags["key"]: run.info.run_id for run in active(uri)}
    assert len(active(uri)) == 2
    assert left[KEYS[0]] == first
    assert left[KEYS[1]] != half


@pytest.mark.parametrize("kinds", [["direct"] * 4, ["direct", "client"] * 2], ids=" ".join)
def test_four_writers_leave_each_trial_once(tmp_path: Path, uri: str, kinds: list[str]):
    folders = [tmp_path / f"results{number}" for number in range(WRITERS)]
    Store(folders[0]).write_all([(make_record(key), WEIGHTS) for key in KEYS])
    study_file.add_points(folders[0], "some", [make_point([], KEYS)])
    for folder in folders[1:]:
        shutil.copytree(folders[0], folder)
    mlflow.publish(folders[0], KEYS[:1], uri)  # the tables are there
    writers = [
        subprocess.Popen([sys.executable, "-c", PUBLISH, str(folder), uri, kind], stderr=subprocess.PIPE, text=True)
        for folder, kind in zip(folders, kinds, strict=True)
    ]
    errors = [writer.communicate(timeout=300)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITERS, errors
    assert sorted(run.data.tags["key"] for run in active(uri)) == KEYS
    assert {(run.info.status, run.data.tags["complete"]) for run in active(uri)} == {("FINISHED", "yes")}
