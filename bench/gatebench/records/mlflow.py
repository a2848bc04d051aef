"""Records to MLflow: a view, never the truth. Logging is synchronous, in batches, and can be done again at any time."""

import importlib.metadata
import logging
import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from gatebench.core.errors import BadInput, shorten
from gatebench.core.files import locked
from gatebench.core.validation import shown
from gatebench.records import database, runs, samples, study_file, views
from gatebench.records.database import Database
from gatebench.records.runs import CONTEXT, DONE, RunValues
from gatebench.records.schema import Record
from gatebench.records.store import Store
from gatebench.records.study_file import Membership

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXPERIMENT = "gatebench"
"""Name of the experiment that holds all runs."""
METRICS = 1000
"""Metrics of one call, and runs of one page: as many as MLflow's server accepts."""
AT_ONCE = 100
"""Trials that are logged while the store is kept to one process."""
FEW = 25
"""Trials that are looked up one by one; for more it is faster to list all runs."""
LOCK = "mlflow.lock"
"""File in the results folder that is locked by whoever writes to the store."""
FOLLOW_EVERY = 2.0
"""Seconds between two rounds of logging while a sweep runs."""


def store_uri(results: Path, uri: str | None = None) -> str:
    """The store that was asked for, or the default one: a database in the results folder."""
    if uri is not None and not re.match(r"(https?|sqlite|postgresql|mysql)(\+\w+)?:", str(uri)):
        raise BadInput(
            f"tracking.uri is {shown(uri)}, expected the address of an MLflow server, for example http://127.0.0.1:5000, or "
            "of a database, for example sqlite:////home/me/mlflow.db"
        )
    return uri or f"sqlite:///{results.resolve() / 'mlflow.db'}"


def environment() -> dict[str, str]:
    """Settings that MLflow reads from the environment: no telemetry, no background jobs, no advice on stdout, no
    long waits for a server.
    """
    return {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    }


class Addresses(NamedTuple):
    """Where the confirming trials are to be seen."""

    table: str
    charts: str
    logged: bool
    """Whether there is one at all."""


def page(results: Path, port: int, study: str | None = None) -> Addresses:
    """Return where a study, or all of them, is to be seen on a server at this port; views of all studies are laid out."""
    key = views.ALL if study is None else views.of_study(study, study_file.read(results, study))[0].key
    _set_stages(results, store_uri(results))
    with _client(results) as (client, experiment):
        (view,) = (view for view in _lay_out(client, experiment, results) if view.key == key)
        logged = bool(client.search_runs([experiment], view.filter, max_results=1))
    address = f"http://127.0.0.1:{port}/#/experiments/{experiment}/runs?workflowType=machine_learning"
    shown = f"{views.SHOWN}={quote(key)}"
    return Addresses(f"{address}&{shown}", f"{address}&compareRunsMode=CHART&{shown}", logged)


def publish(results: Path, keys: Iterable[str], uri: str | None = None, logged: Callable[[], None] = lambda: None) -> int:
    """Log those records that are not there yet, and the studies that they belong to. Returns how many were new.

    ``logged`` is told of each record that is there.
    """
    store = Store(results)
    studies = study_file.studies_of(results)
    to_log, new = list(keys), 0
    for first in range(0, len(to_log), AT_ONCE):
        records = store.read(to_log[first : first + AT_ONCE])
        with _database(results, uri or store_uri(results)) as opened:
            if opened is not None:
                new += _add_to_database(opened, records, studies, logged)
        if opened is None:
            with _client(results, uri) as (client, experiment):
                present = _existing_runs(client, experiment, list(records))
                for key, record in records.items():
                    new += _log(client, experiment, record, studies.get(key, {}), present.get(key))
                    logged()
    return new


class Follower(threading.Thread):
    """Logs the trials of a study as they are finished, until it is over; in the background, in one process for all workers.

    What ails the store is kept in ``trouble``; the next round tries again.
    """

    def __init__(self, results: Path, study: str, uri: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.results, self.study, self.uri, self.over = results, study, uri, over
        self._store = Store(results)  # one for all rounds: it reads published records once
        self.trouble: str | None = None
        self.logged = 0
        self._done: set[str] = set()

    def run(self) -> None:
        """Rounds, the last one when the study is over."""
        last = False
        while not last:
            last = self.over.wait(FOLLOW_EVERY)
            try:
                new = self._finished() - self._done
                if new:
                    publish(self.results, sorted(new), self.uri, self._count)
                    self._done |= new
                self.trouble = None
            except Exception as error:  # MLflow is a view: whatever ails it, the trials are finished
                self.trouble = shorten(error)

    def _finished(self) -> set[str]:
        return self._store.finished() & set(study_file.keys(study_file.read(self.results, self.study)))

    def _count(self) -> None:
        self.logged += 1


def attach(results: Path, study: str, uri: str | None = None) -> None:
    """Put a study's figures, tables and report into a run of its own, replacing what was there, and lay out the views."""
    _set_stages(results, uri or store_uri(results))
    with _client(results, uri) as (client, experiment):
        run = _existing_runs(client, experiment, [f"study.{study}"]).get(f"study.{study}")
        if run is None:
            tags = {"key": f"study.{study}", "kind": "study", f"study.{study}": "figures"}
            run = client.create_run(experiment, tags=tags, run_name=f"study {study}")
        for path in sorted((results / study).iterdir()):
            if path.suffix in (".png", ".pdf", ".csv", ".md", ".tex", ".html"):
                client.log_artifact(run.info.run_id, str(path))
        drawn = samples.folder(results, study)
        if drawn.is_dir():
            client.log_artifacts(run.info.run_id, str(drawn), drawn.name)
        client.set_terminated(run.info.run_id)
        _lay_out(client, experiment, results)


def _set_stages(results: Path, uri: str) -> None:
    """In a folder's own store, take trials that its studies have no more from those that confirm something."""
    if uri != store_uri(results):
        return
    studies = study_file.studies_of(results)
    with _database(results, uri) as opened:
        if opened is not None:
            for key, run in opened.runs().items():
                opened.tag(run.run_id, runs.stages(studies.get(key, {}), run.tags))


def _lay_out(client: "MlflowClient", experiment: str, results: Path) -> list[views.View]:
    """Keep the views of all studies of a folder in the experiment, with a description of it; return them."""
    names = sorted(file.parent.name for file in results.glob("*/study.json"))
    laid_out = views.of_studies({name: study_file.read(results, name) for name in names})
    has_names = tuple(map(int, importlib.metadata.version("mlflow").split(".")[:2])) >= views.NAMED_SINCE
    now = int(time.time() * 1000)
    for number, view in enumerate(laid_out):
        if view.grouped_by:
            of_view = client.search_runs([experiment], view.filter, max_results=views.PAGE)
            view = replace(view, losses=[run.data.metrics.get("final/valid_nll", math.nan) for run in of_view])
        client.set_experiment_tag(experiment, views.TAG + view.key, view.named(now - number) if has_names else view.state)
    if "mlflow.note.content" not in client.get_experiment(experiment).tags:  # somebody may have written another one
        client.set_experiment_tag(experiment, "mlflow.note.content", views.NOTE)
    return laid_out


@contextmanager
def _database(results: Path, uri: str) -> Iterator[Database | None]:
    """The database of a store as `gatebench.records.database` writes it, created if need be; None: it is for the client."""
    file = database.file_of(uri)
    empty = None if file is None else database.empty_database(_make_database)
    if file is None or empty is None:
        yield None
        return
    with locked(results / LOCK):
        database.start(file, empty, EXPERIMENT, _artifacts(results))
        with database.opened(file, empty, EXPERIMENT) as opened:
            if opened is not None and uri == store_uri(results):  # the one that moves with the folder
                opened.move_artifacts(_artifacts(results))
            yield opened


def _make_database(uri: str) -> None:
    """Have MLflow make a database with the experiment in it."""
    _new_client(uri).create_experiment(EXPERIMENT)


def _artifacts(results: Path) -> str:
    return (results.resolve() / "mlruns").as_uri()


def _add_to_database(
    opened: Database, records: dict[str, Record], studies: dict[str, dict[str, Membership]], logged: Callable[[], None]
) -> int:
    """Add those trials that are not there; a run that was cut short is replaced. Returns how many were new."""
    present, new = opened.runs(records), 0
    for key, record in records.items():
        run, of_record = present.get(key), studies.get(key, {})
        if run is not None and DONE.items() <= run.tags.items():
            opened.tag(run.run_id, runs.membership(of_record, run.tags))
        else:
            if run is not None:
                opened.delete(run.run_id)
            opened.add(runs.of_record(record, of_record))
            new += 1
        logged()
    return new


@contextmanager
def _client(results: Path, uri: str | None = None) -> "Iterator[tuple[MlflowClient, str]]":
    """The store, created if need be, for one process at a time: several at once would break a new database."""
    uri = uri or store_uri(results)
    with _database(results, uri):
        pass  # which creates one in no time
    with locked(results / LOCK):
        client = _new_client(uri)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        # A server has its own place for artifacts.
        artifacts = None if uri.startswith("http") else _artifacts(results)
        yield client, experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT, artifacts)


def _new_client(uri: str) -> "MlflowClient":
    for name, value in environment().items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return MlflowClient(uri)


def _existing_runs(client: "MlflowClient", experiment: str, keys: list[str]) -> "dict[str, Run]":
    """Key -> its run, of those keys that have one."""
    if len(keys) <= FEW:
        answers = [client.search_runs([experiment], f"tags.`key` = '{key}'", max_results=1) for key in keys]
        return {key: runs[0] for key, runs in zip(keys, answers, strict=True) if runs}
    runs, token = {}, None
    while True:
        page = client.search_runs([experiment], max_results=METRICS, page_token=token)
        runs |= {run.data.tags.get("key"): run for run in page}
        token = page.token
        if not token:
            return runs


def _log(client: "MlflowClient", experiment: str, record: Record, studies: dict[str, Membership], run: "Run | None") -> bool:
    """Log one trial as one flat run, unless it is there; a run that was cut short is replaced."""
    if run is not None and DONE.items() <= run.data.tags.items():
        for name, value in runs.membership(studies, run.data.tags).items():
            client.set_tag(run.info.run_id, name, value)
        return False
    if run is not None:
        client.delete_run(run.info.run_id)
    _new_run(client, experiment, runs.of_record(record, studies))
    return True


def _new_run(client: "MlflowClient", experiment: str, run: RunValues) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

    run_id = client.create_run(experiment, start_time=run.start, tags=run.tags, run_name=run.name).info.run_id
    dataset = Dataset(run.dataset, run.digest, "code", run.dataset_source, profile=run.dataset_profile)
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", CONTEXT)])])
    metrics, params = [Metric(*metric) for metric in run.metrics], [Param(*param) for param in run.params.items()]
    for first in range(0, len(metrics), METRICS):
        client.log_batch(run_id, metrics=metrics[first : first + METRICS], params=[] if first else params)
    client.set_terminated(run_id, end_time=run.end)
    client.log_batch(run_id, tags=[RunTag(*tag) for tag in DONE.items()])
