"""Records to MLflow: a view, never the truth. Logging is synchronous, in batches, and can be done again at any time."""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from gatebench.core.errors import BadInput, shorten
from gatebench.core.validation import flatten
from gatebench.records import samples, study_file
from gatebench.records.schema import Record, TrialSettings
from gatebench.records.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, Run

EXPERIMENT = "gatebench"
"""Name of the experiment that holds all runs."""
METRICS = 1000
"""Metrics of one call, and runs of one page: as many as MLflow's server accepts."""
AT_ONCE = 500
"""Trials that are logged while the store is kept to one process."""
FEW = 25
"""Trials that are looked up one by one; for more it is faster to list all runs."""
FOLLOW_EVERY = 2.0
"""Seconds between two rounds of logging while a sweep runs."""


def store_uri(results: Path, uri: str | None = None) -> str:
    """The store that was asked for, or the default one: a database in the results folder."""
    if uri is not None and not re.match(r"(https?|sqlite|postgresql|mysql)(\+\w+)?:", uri):
        raise BadInput(
            f"tracking.uri is {uri!r}, expected the address of an MLflow server, for example http://127.0.0.1:5000, or of a "
            "database, for example sqlite:////home/me/mlflow.db"
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


def page(results: Path, port: int) -> str:
    """Address of the learning curves of all runs on a server at this port."""
    with _client(results) as (_, experiment):
        return f"http://127.0.0.1:{port}/#/experiments/{experiment}/runs?workflowType=machine_learning&compareRunsMode=CHART"


def publish(results: Path, keys: Iterable[str], uri: str | None = None, logged: Callable[[], None] = lambda: None) -> int:
    """Log those records that are not there yet, and the studies that they belong to. Returns how many were new.

    ``logged`` is told of each record that is there.
    """
    store = Store(results)
    studies = study_file.studies_of(results)
    to_log, new = list(keys), 0
    for first in range(0, len(to_log), AT_ONCE):
        records = store.read(to_log[first : first + AT_ONCE])
        with _client(results, uri) as (client, experiment):
            runs = _existing_runs(client, experiment, list(records))
            for key, record in records.items():
                new += _log(client, experiment, record, studies.get(key, set()), runs.get(key))
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
    """Put a study's figures, tables and report into a run of its own, replacing what was there."""
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


@contextmanager
def _client(results: Path, uri: str | None = None) -> "Iterator[tuple[MlflowClient, str]]":
    """The store, created if need be, for one process at a time: several at once would break a new database."""
    for name, value in environment().items():
        os.environ.setdefault(name, value)
    with FileLock(results / "mlflow.lock"):
        from mlflow import MlflowClient

        for chatty in ("mlflow", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        uri = uri or store_uri(results)
        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        # A server has its own place for artifacts.
        artifacts = None if uri.startswith("http") else (results.resolve() / "mlruns").as_uri()
        yield client, experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT, artifacts)


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


def _log(client: "MlflowClient", experiment: str, record: Record, studies: set[str], run: "Run | None") -> bool:
    """Log one trial as one flat run, unless it is there; a run that was cut short is replaced."""
    if run is not None and run.data.tags.get("complete") == "yes":
        for study in studies:
            if f"study.{study}" not in run.data.tags:
                client.set_tag(run.info.run_id, f"study.{study}", "member")
        return False
    if run is not None:
        client.delete_run(run.info.run_id)
    _new_run(client, experiment, record, studies)
    return True


def _new_run(client: "MlflowClient", experiment: str, record: Record, studies: set[str]) -> None:
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import DatasetInput, InputTag

    settings, summary = record.settings, record.summary
    tags = {
        "key": record.key,
        "task": settings.task,
        "cell": settings.cell,
        "status": summary.status,
        "synthetic": str(summary.synthetic).lower(),
        "engine": summary.engine,
        **{f"study.{study}": "member" for study in studies},
        **{f"system.{name}": str(value) for name, value in flatten(asdict(record.provenance)).items()},
    }
    name = f"{settings.cell} lr {settings.lr:g} seed {settings.seed} {settings.task}"
    end = int(time.time() * 1000)
    start = end - int((summary.seconds or 0.0) * 1000)  # so that MLflow's duration is that of the training
    run_id = client.create_run(experiment, start_time=start, tags=tags, run_name=name).info.run_id
    metrics, params = _metrics(record, start), _params(settings)
    for first in range(0, len(metrics), METRICS):
        client.log_batch(run_id, metrics=metrics[first : first + METRICS], params=[] if first else params)
    source = CodeDatasetSource({"gatebench data": settings.dataset, "content": settings.content})
    dataset = MetaDataset(source, name=settings.dataset, digest=settings.content[:32])
    client.log_inputs(run_id, [DatasetInput(dataset._to_mlflow_entity(), [InputTag("mlflow.data.context", "training")])])
    client.set_tag(run_id, "complete", "yes")
    client.set_terminated(run_id, end_time=end)


def _metrics(record: Record, start: int) -> "list[Metric]":
    from mlflow.entities import Metric

    curve = [
        Metric(f"curve/{row['split']}_{score}", float(row[score]), start + int(row["seconds"] * 1000), int(row["epoch"]))
        for row in record.curve.dropna().to_dict("records")
        for score in ("nll", "nll_sequence_mean")
    ]
    sizes = ["units", "parameters_recurrent", "parameters_total", "flops_per_step", "state_size"]
    once = {
        **{
            f"final/{split}_{score}": v
            for split, scores in record.summary.scores.items()
            for score, v in vars(scores).items()
        },
        **{f"final/{name}": getattr(record.summary, name) for name in ("seconds", "epochs", "updates")},
        **{f"size/{name}": getattr(record.summary, name) for name in sizes},
    }
    return curve + [Metric(name, float(value), start, 0) for name, value in once.items() if value is not None]


def _params(settings: TrialSettings) -> "list[Param]":
    from mlflow.entities import Param

    return [Param(name, str(value)) for name, value in flatten(asdict(settings)).items()]
