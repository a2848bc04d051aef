"""Stores that MLflow's own client writes, as a server's: few calls a trial, and several writers at the same time."""

import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from sqlalchemy import Engine, event

from gatebench.records import mlflow, retrying, study_file
from gatebench.records.mlflow import Known
from gatebench.records.schema import Record
from gatebench.records.store import Store
from support.records import WEIGHTS, make_point, make_record

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

KEYS = [f"{number:016x}" for number in range(30)]
"""More than are asked for one by one."""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return make_results(tmp_path / "results")


def make_results(folder: Path, keys: list[str] = KEYS) -> Path:
    store = Store(folder)
    store.write_all([(make_record(key), WEIGHTS) for key in keys])
    study_file.add_points(folder, "some", [make_point([], keys)])
    return folder


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A database that is for MLflow's client, since its address has options."""
    return f"sqlite:///{tmp_path / 'shared.db'}?timeout=60"


def runs_at(uri: str) -> list[Run]:
    client = MlflowClient(uri)
    (experiment,) = [one for one in client.search_experiments() if one.name == mlflow.EXPERIMENT]
    return list(client.search_runs([experiment.experiment_id], max_results=1000))


def keys_at(uri: str) -> list[str]:
    return sorted(run.data.tags["key"] for run in runs_at(uri))


class Statements:
    """How many statements SQLAlchemy executes in a block."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> "Statements":
        event.listen(Engine, "before_cursor_execute", self._add)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._add)

    def _add(self, *_: object) -> None:
        self.count += 1


def test_what_a_trial_costs_does_not_grow_with_those_that_are_there(results: Path, uri: str):
    mlflow.publish(results, KEYS[:2], uri)
    known, counts = Known(), []
    for part in (KEYS[2:4], KEYS[4:29]):
        with Statements() as statements:
            assert mlflow.publish(results, part, uri, known=known) == len(part)
        counts.append(statements.count)
    first, later = counts
    assert (later - first) / (len(KEYS[4:29]) - 2) < 60
    with Statements() as statements:
        assert mlflow.publish(results, KEYS[:29], uri) == 0
    assert statements.count < 29  # a page has all of them
    assert keys_at(uri) == KEYS[:29]


def test_a_run_of_more_numbers_than_one_call_takes_is_whole(tmp_path: Path, uri: str):
    curve = {name: [] for name in ("epoch", "update", "seconds", "split", "nll", "nll_sequence_mean")}
    for epoch in range(1, 1100):
        for name, value in zip(curve, (epoch, epoch, 0.1 * epoch, "valid", 1 / epoch, 1.0), strict=True):
            curve[name].append(value)
    record = make_record(KEYS[0])
    store = Store(tmp_path / "long")
    store.write(Record(**vars(record.without_tables), curve=curve), WEIGHTS)
    study_file.add_points(tmp_path / "long", "some", [make_point([], [KEYS[0]])])
    assert mlflow.publish(tmp_path / "long", [KEYS[0]], uri) == 1
    (run,) = runs_at(uri)
    assert run.info.status == "FINISHED"
    assert run.data.tags["complete"] == "yes"
    assert len(MlflowClient(uri).get_metric_history(run.info.run_id, "curve/valid_nll")) == 1099


def test_a_trial_that_two_folders_logged_at_the_same_time_is_there_once(results: Path, tmp_path: Path, uri: str):
    other = Path(shutil.copytree(results, tmp_path / "other"))
    ours, theirs = Known(), Known()  # as of processes that asked before either wrote
    assert mlflow.publish(results, KEYS[:3], uri, known=ours) == 3
    with mlflow._client(other, uri) as (client, experiment):
        for record in Store(other).read(KEYS[1:4]).values():
            mlflow._log(client, experiment, mlflow.runs.of_record(record, {}), [])
    assert keys_at(uri) == sorted([*KEYS[:3], *KEYS[1:4]])
    first = min(run.info.run_id for run in runs_at(uri) if run.data.tags["key"] == KEYS[1])
    mlflow.remove_doubles(other, KEYS[:4], uri)
    assert keys_at(uri) == KEYS[:4]
    assert [run.info.run_id for run in runs_at(uri) if run.data.tags["key"] == KEYS[1]] == [first]
    assert mlflow.publish(other, KEYS[:4], uri, known=theirs) == 0
    mlflow.publish(results, KEYS, uri)  # whose list of all runs finds none twice
    assert keys_at(uri) == KEYS


def test_a_trial_that_several_points_have_is_one_run(results: Path, uri: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mlflow, "AT_ONCE", 20)
    assert mlflow.publish(results, [*KEYS, *KEYS], uri) == len(KEYS)
    assert keys_at(uri) == KEYS


def test_writers_of_one_folder_ask_anew_once_another_one_wrote(results: Path, uri: str):
    ours, theirs = Known(), Known()
    assert mlflow.publish(results, KEYS[:26], uri, known=ours) == 26  # a list was made
    assert mlflow.publish(results, KEYS[26:], uri, known=theirs) == 4
    assert mlflow.publish(results, KEYS[26:], uri, known=ours) == 0
    assert keys_at(uri) == KEYS


def test_a_lock_of_another_writer_is_waited_for_and_anything_else_is_not():
    tried: list[int] = []

    def attempt(message: str, good: int) -> int:
        tried.append(1)
        if len(tried) < good:
            raise ValueError(message)
        return len(tried)

    for message in ("deadlock detected", "(sqlite3.OperationalError) database is locked", "UNIQUE constraint failed"):
        tried.clear()
        assert retrying.retried(lambda message=message: attempt(message, 3)) == 3
    tried.clear()
    with pytest.raises(ValueError, match="refused"):
        retrying.retried(lambda: attempt("connection refused", 3))
    assert len(tried) == 1
    tried.clear()
    with pytest.raises(ValueError, match="deadlock"):
        retrying.retried(lambda: attempt("deadlock", 10**6))
    assert len(tried) == retrying.ATTEMPTS
