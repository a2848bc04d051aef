"""What MLflow's store of a results folder says, by its own client."""

from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from gatebench.records import mlflow, study_file


def keys_of(results: Path) -> list[str]:
    return study_file.keys(study_file.read(results, "adhoc"))


def look(results: Path) -> list[dict[str, Any]]:
    """Everything that the store says of its runs, in an order that publishing again does not move."""
    client = MlflowClient(mlflow.store_uri(results))
    (experiment,) = [e for e in client.search_experiments() if e.name == "gatebench"]
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ACTIVE_ONLY)
    return sorted((seen(client, run) for run in runs), key=lambda run: run["id"])


def seen(client: MlflowClient, run: Run) -> dict[str, Any]:
    """Everything that a store says of a run."""
    run_id = run.info.run_id
    assert run.inputs is not None
    return {
        "id": run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "took": run.info.end_time - run.info.start_time if run.info.end_time else None,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {name: [(m.step, m.value) for m in client.get_metric_history(run_id, name)] for name in run.data.metrics},
        "artifacts": [artifact.path for artifact in client.list_artifacts(run_id)],
        "artifact_uri": run.info.artifact_uri,
        "datasets": [
            (d.dataset.name, d.dataset.digest, d.dataset.source_type, d.dataset.source, d.dataset.profile)
            for d in run.inputs.dataset_inputs
        ],
    }
