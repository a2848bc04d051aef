"""Records to MLflow: a view, never the truth. Logging is synchronous, in batches, and can be done again at any time."""

import importlib.metadata
import logging
import math
import os
import re
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from gatebench.core.errors import BadInput
from gatebench.core.files import locked
from gatebench.core.validation import shown
from gatebench.records import database, direct, runs, samples, study_file, views
from gatebench.records.database import Database
from gatebench.records.direct import EXPERIMENT, LOCK
from gatebench.records.retrying import is_of_others, retried
from gatebench.records.runs import CONTEXT, DONE, RunValues
from gatebench.records.schema import Record
from gatebench.records.store import Store
from gatebench.records.study_file import Membership

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

METRICS = 1000
"""Metrics, parameters and tags of one call, and runs of one page: as many as MLflow's server accepts."""
AT_ONCE = 100
"""Trials that are logged while the store is kept to one process."""
FEW = 25
"""Trials that are looked up one by one; for more it is faster to list all runs."""


def store_uri(results: Path, uri: str | None = None) -> str:
    """The store that was asked for, or the default one: a database in the results folder."""
    if uri is not None and not re.match(r"(https?|sqlite|postgresql|mysql)(\+\w+)?:", str(uri)):
        raise BadInput(
            f"tracking.uri is {shown(uri)}, expected the address of an MLflow server, for example http://127.0.0.1:5000, or "
            "of a database, for example sqlite:////home/me/mlflow.db"
        )
    return uri or direct.folder_uri(results)


def environment() -> dict[str, str]:
    """Settings that MLflow reads from the environment: no telemetry, no jobs, no advice on stdout, no long waits."""
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


class Known:
    """What a process knows of the runs of a store that MLflow's client writes, so that it need not ask for each."""

    def __init__(self) -> None:
        self.runs: dict[str, list[Run]] | None = None
        """Key -> its runs, the one that counts first; several where some were cut short. None: it has to ask."""
        self._at = 0

    @contextmanager
    def followed(self, results: Path) -> Iterator[None]:
        """While a block writes to the store, whose lock this process holds: forget what is known once another one wrote."""
        if self._at != _last_written(results):
            self.runs = None
        try:
            yield
        except BaseException:
            self.runs = None
            raise
        os.utime(results / LOCK)
        self._at = _last_written(results)


def _last_written(results: Path) -> int:
    return (results / LOCK).stat().st_mtime_ns


def publish(
    results: Path,
    keys: Iterable[str],
    uri: str | None = None,
    logged: Callable[[], None] = lambda: None,
    known: Known | None = None,
) -> int:
    """Log those records that are not there yet, and the studies that they belong to. Returns how many were new.

    ``logged`` is told of each record that is there; ``known`` is for who publishes to one store several times.
    """
    store, uri = Store(results), uri or store_uri(results)
    studies = study_file.studies_of(results)
    to_log, new, ours = list(dict.fromkeys(keys)), 0, known or Known()
    for first in range(0, len(to_log), AT_ONCE):
        records = store.read(to_log[first : first + AT_ONCE])
        added = _added(results, uri, records, studies)
        if added is None:
            with _client(results, uri) as (client, experiment), ours.followed(results):
                if ours.runs is None and len(to_log) > FEW:
                    ours.runs = _listed(client, experiment)
                new += _log_all(client, experiment, records, studies, ours.runs, logged)
        else:
            new += added
            for _ in records:
                logged()
    if new and known is None:
        remove_doubles(results, to_log, uri)
    return new


def _added(results: Path, uri: str, records: dict[str, Record], studies: dict[str, dict[str, Membership]]) -> int | None:
    """Add records to a store that is written without the client; returns how many were new, None if it is for the client."""

    def attempt() -> int | None:
        with _database(results, uri) as opened:
            return None if opened is None else database.add_missing(opened, records, studies)

    return attempt() if database.file_of(uri) else retried(attempt)  # of a file, others were waited for already


def remove_doubles(results: Path, keys: Sequence[str], uri: str) -> None:
    """Leave one run of each key where several writers, of other results folders, logged the same trial at the same time."""
    with _database(results, uri) as opened:
        if opened is not None and not database.file_of(uri):  # to a file, one writes after the other
            opened.runs(keys)
    if opened is None:
        with _client(results, uri) as (client, experiment):
            if len(keys) > FEW:
                _listed(client, experiment)
            else:
                for key in keys:
                    _of_key(client, experiment, key)


def attach(results: Path, study: str, uri: str | None = None) -> bool:
    """Put a study's figures, tables and report into a run of its own, replacing what was there, and lay out the views.

    Returns whether the store takes files: a server's database does not, if the server has a place for them.
    """
    _set_stages(results, uri := uri or store_uri(results))
    with _client(results, uri) as (client, experiment):
        present = _of_key(client, experiment, f"study.{study}")
        if not present:
            tags = {"key": f"study.{study}", "kind": "study", f"study.{study}": "figures"}
            present = [client.create_run(experiment, tags=tags, run_name=f"study {study}")]
        run = present[0]
        takes_files = uri.startswith("http") or not (run.info.artifact_uri or "").startswith("mlflow-artifacts:")
        for path in sorted((results / study).iterdir()):
            if takes_files and path.suffix in (".png", ".pdf", ".csv", ".md", ".tex", ".html"):
                client.log_artifact(run.info.run_id, str(path))
        drawn = samples.folder(results, study)
        if takes_files and drawn.is_dir():
            client.log_artifacts(run.info.run_id, str(drawn), drawn.name)
        client.set_terminated(run.info.run_id)
        _lay_out(client, experiment, results)
        return takes_files


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


def _database(results: Path, uri: str) -> AbstractContextManager[Database | None]:
    """The database of a store that is written without the client, created if need be; None: it is for the client."""
    return direct.opened(results, uri, _make_database)


def _make_database(uri: str, artifacts: str | None = None) -> None:
    """Have MLflow make a database with the experiment in it, unless both are there."""
    retried(lambda: _opened(uri, artifacts))


@contextmanager
def _client(results: Path, uri: str | None = None) -> "Iterator[tuple[MlflowClient, str]]":
    """The store, created if need be, for one process at a time: several at once would break a new database."""
    uri = uri or store_uri(results)
    with _database(results, uri):
        pass  # which creates one in no time
    with locked(results / LOCK):
        # A server has its own place for artifacts.
        artifacts = None if uri.startswith("http") else direct.artifacts(results)
        yield retried(lambda: _opened(uri, artifacts))


def _opened(uri: str, artifacts: str | None) -> "tuple[MlflowClient, str]":
    """Return a client and the experiment, which is made if it is not there."""
    client = _new_client(uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    return client, experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT, artifacts)


def _new_client(uri: str) -> "MlflowClient":
    for name, value in environment().items():
        os.environ.setdefault(name, value)
    # python -OO: docstrings that MLflow would fill in, of data sets elsewhere, are not there
    warnings.filterwarnings("ignore", "Failed to register a dataset source", UserWarning)
    from mlflow import MlflowClient

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return MlflowClient(uri)


def _listed(client: "MlflowClient", experiment: str) -> "dict[str, list[Run]]":
    """Return key -> its runs, of all that are there: for many keys that is faster than to ask for each."""
    return _counting(client, _search(client, experiment, None))


def _of_key(client: "MlflowClient", experiment: str, key: str) -> "list[Run]":
    """Return the runs of a key, the one that counts first."""
    return _counting(client, _search(client, experiment, f"tags.`key` = '{key}'")).get(key, [])


def _search(client: "MlflowClient", experiment: str, chosen: str | None) -> "Iterator[Run]":
    token = None
    while True:
        page = client.search_runs([experiment], chosen or "", max_results=METRICS, page_token=token)
        yield from page
        if not (token := page.token):
            return


def _is_whole(run: "Run") -> bool:
    return DONE.items() <= run.data.tags.items()


def _counting(client: "MlflowClient", listed_runs: "Iterable[Run]") -> "dict[str, list[Run]]":
    """Return key -> its runs. Of several whole ones, as writers at the same time leave them, one stays, the same for all.

    Without a whole one, all are there: they were cut short, or somebody is still writing.
    """
    by_key: dict[str, list[Run]] = {}
    for run in sorted(listed_runs, key=lambda run: (not _is_whole(run), run.info.run_id)):
        if key := run.data.tags.get("key"):
            by_key.setdefault(key, []).append(run)
    for of_key in by_key.values():
        for double in [run for run in of_key[1:] if _is_whole(run)]:
            client.delete_run(double.info.run_id)
            of_key.remove(double)
    return by_key


def _log_all(
    client: "MlflowClient",
    experiment: str,
    records: dict[str, Record],
    studies: dict[str, dict[str, Membership]],
    listed: "dict[str, list[Run]] | None",
    logged: Callable[[], None],
) -> int:
    """Log those trials that are not there, by the list of all runs or else by asking; returns how many were new."""
    new = 0
    for key, record in records.items():
        present = _of_key(client, experiment, key) if listed is None else listed.get(key, [])
        of_record = studies.get(key, {})
        if present and _is_whole(present[0]):
            for name, value in runs.membership(of_record, present[0].data.tags).items():
                client.set_tag(present[0].info.run_id, name, value)
        else:
            new += _log(client, experiment, runs.of_record(record, of_record), present)
        logged()
    return new


def _log(client: "MlflowClient", experiment: str, run: RunValues, cut_short: "Sequence[Run]") -> bool:
    """Log one trial as one flat run, in place of those that were cut short; returns whether nobody else did meanwhile."""

    def attempt() -> bool:
        nonlocal cut_short
        try:
            for one in cut_short:
                client.delete_run(one.info.run_id)
            _new_run(client, experiment, run)
        except Exception as error:
            if is_of_others(error):
                cut_short = _of_key(client, experiment, run.tags["key"])
                if cut_short and _is_whole(cut_short[0]):
                    return False
            raise
        return True

    return retried(attempt)


def _new_run(client: "MlflowClient", experiment: str, run: RunValues) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

    run_id = client.create_run(experiment, start_time=run.start, tags=run.tags, run_name=run.name).info.run_id
    dataset = Dataset(run.dataset, run.digest, "code", run.dataset_source, profile=run.dataset_profile)
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", CONTEXT)])])
    client.set_terminated(run_id, end_time=run.end)
    metrics, params = [Metric(*metric) for metric in run.metrics], [Param(*param) for param in run.params.items()]
    room = METRICS - len(params) - len(DONE)
    while len(metrics) > room:
        client.log_batch(run_id, metrics=metrics[:METRICS])
        metrics = metrics[METRICS:]
    # The tags that say that all is there are written last, also within a batch.
    client.log_batch(run_id, metrics=metrics, params=params, tags=[RunTag(*tag) for tag in DONE.items()])
