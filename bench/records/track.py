"""Records to MLflow: a view, never the truth. Logging is synchronous, in batches, and can be done again at any time."""

import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from bench.checks import flat
from bench.records import samples, study_file
from bench.records.record import Record, Store

EXPERIMENT = "gatebench"
AT_ONCE = 1000
"""Metrics of one call: what MLflow's server accepts."""


def store_uri(results: Path) -> str:
    """The default store: a database in the results folder."""
    return f"sqlite:///{results.resolve() / 'mlflow.db'}"


def environment() -> dict[str, str]:
    """Settings that MLflow reads from the environment: no telemetry, no background jobs."""
    return {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def page(results: Path, port: int) -> str:
    """Address of the learning curves of all runs on a server at this port."""
    with _client(results) as (_, experiment):
        return f"http://127.0.0.1:{port}/#/experiments/{experiment}/runs?workflowType=machine_learning&compareRunsMode=CHART"


def publish(results: Path, keys: Iterable[str]) -> int:
    """Log those records that are not there yet, and the studies that they belong to. Returns how many were new."""
    store = Store(results)
    studies = study_file.studies_of(results)
    records = store.read(list(keys))
    with _client(results) as (client, experiment):
        return sum(_log(client, experiment, record, studies.get(key, set())) for key, record in records.items())


def attach(results: Path, study: str) -> None:
    """Put a study's figures, tables and report into a run of its own, replacing what was there."""
    with _client(results) as (client, experiment):
        run = _existing(client, experiment, f"study.{study}")
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
def _client(results: Path) -> Iterator[tuple[Any, str]]:
    """The store, created if need be, for one process at a time: several at once would break a new database."""
    for name, value in environment().items():
        os.environ.setdefault(name, value)
    with FileLock(results / "mlflow.lock"):
        from mlflow import MlflowClient

        for chatty in ("mlflow", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        client = MlflowClient(store_uri(results))
        found = client.get_experiment_by_name(EXPERIMENT)
        artifacts = (results.resolve() / "mlruns").as_uri()
        yield client, found.experiment_id if found else client.create_experiment(EXPERIMENT, artifacts)


def _existing(client: Any, experiment: str, key: str) -> Any:
    return next(iter(client.search_runs([experiment], f"tags.`key` = '{key}'", max_results=1)), None)


def _log(client: Any, experiment: str, record: Record, studies: set[str]) -> bool:
    """Log one trial as one flat run, unless it is there; a run that was cut short is replaced."""
    run = _existing(client, experiment, record.key)
    if run is not None and run.data.tags.get("complete") == "yes":
        for study in studies:
            if f"study.{study}" not in run.data.tags:
                client.set_tag(run.info.run_id, f"study.{study}", "member")
        return False
    if run is not None:
        client.delete_run(run.info.run_id)
    _new_run(client, experiment, record, studies)
    return True


def _new_run(client: Any, experiment: str, record: Record, studies: set[str]) -> None:
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import DatasetInput, InputTag

    settings, summary = record.settings, record.summary
    tags = {
        "key": record.key,
        "task": settings["task"],
        "cell": settings["cell"],
        "status": summary["status"],
        "synthetic": str(summary["synthetic"]).lower(),
        "engine": summary["engine"],
        **{f"study.{study}": "member" for study in studies},
        **{f"system.{name}": str(value) for name, value in flat(record.provenance).items()},
    }
    name = f"{settings['cell']} lr {settings['lr']:g} seed {settings['seed']} {settings['task']}"
    end = int(time.time() * 1000)
    start = end - int(summary["seconds"] * 1000)  # so that MLflow's duration is that of the training
    run_id = client.create_run(experiment, start_time=start, tags=tags, run_name=name).info.run_id
    metrics, params = _metrics(record, start), _params(settings)
    for first in range(0, len(metrics), AT_ONCE):
        client.log_batch(run_id, metrics=metrics[first : first + AT_ONCE])
    client.log_batch(run_id, params=params)
    source = CodeDatasetSource({"gatebench data": settings["dataset"], "content": settings["content"]})
    dataset = MetaDataset(source, name=settings["dataset"], digest=settings["content"][:32])
    client.log_inputs(run_id, [DatasetInput(dataset._to_mlflow_entity(), [InputTag("mlflow.data.context", "training")])])
    client.set_tag(run_id, "complete", "yes")
    client.set_terminated(run_id, end_time=end)


def _metrics(record: Record, start: int) -> list[Any]:
    from mlflow.entities import Metric

    curve = [
        Metric(f"curve/{row['split']}_{score}", float(row[score]), start + int(row["seconds"] * 1000), int(row["epoch"]))
        for row in record.curve.dropna().to_dict("records")
        for score in ("nll", "nll_sequence_mean")
    ]
    sizes = ["units", "parameters_recurrent", "parameters_total", "flops_per_step", "state_size"]
    once = {
        **{f"final/{split}_{score}": v for split, scores in record.summary["scores"].items() for score, v in scores.items()},
        **{f"final/{name}": record.summary[name] for name in ("seconds", "epochs", "updates")},
        **{f"size/{name}": record.summary[name] for name in sizes},
    }
    return curve + [Metric(name, float(value), start, 0) for name, value in once.items() if value is not None]


def _params(settings: dict[str, Any]) -> list[Any]:
    from mlflow.entities import Param

    return [Param(name, str(value)) for name, value in flat(settings).items()]
