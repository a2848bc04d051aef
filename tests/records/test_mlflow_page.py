"""The page that a store of runs opens on: its views, which trials they show, and artifacts that move with the folder."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from gatebench.core.errors import BadInput
from gatebench.records import mlflow, study_file, views
from support.commands import SMALL, sweep
from support.datasets import Tiny, make_tiny
from support.logged import keys_of, look

# MLflow uses what SQLAlchemy deprecates: theirs to mend, and nothing that our code could do otherwise.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Four trials of one cell, not yet published."""
    settled = make_tiny(tmp_path_factory.mktemp("page"))
    sweep(settled, *SMALL, "cell=rnn")
    return settled


@pytest.fixture
def copy(home: Tiny, tmp_path: Path) -> Path:
    """A results folder whose trials are logged."""
    results = Path(shutil.copytree(home.folder / "results", tmp_path / "results"))
    assert mlflow.publish(results, keys_of(results)) == 4
    return results


def stages(results: Path) -> dict[str, tuple[str, str]]:
    return {run["tags"]["key"]: (run["tags"]["stage"], run["tags"]["stage.adhoc"]) for run in look(results) if run["params"]}


def test_a_trial_that_its_study_has_no_more_confirms_nothing(copy: Path):
    """As when a search that was extended selects another setting."""
    (point,) = study_file.read(copy, "adhoc")
    first, second = point.confirm
    study_file.path(copy, "adhoc").unlink()
    study_file.add_points(copy, "adhoc", [replace(point, confirm=[second])])
    mlflow.page(copy, 5000)
    searched = dict.fromkeys(point.search, ("search", "search"))
    assert stages(copy) == {**searched, first: ("former", "former"), second: ("confirm", "confirm")}
    # Another one that has it makes it a confirming trial again, though of that one alone.
    study_file.add_points(copy, "second", [replace(point, search=[], confirm=[first])])
    mlflow.publish(copy, [first])
    mlflow.attach(copy, "second")
    assert stages(copy) == {**searched, first: ("confirm", "former"), second: ("confirm", "confirm")}


def test_the_page_opens_on_views_that_the_experiment_holds(copy: Path):
    study_file.add_points(copy, "second", study_file.read(copy, "adhoc"))
    page = mlflow.page(copy, 5077, "second")
    assert page.logged is False  # its trials are there, but not yet as its own
    mlflow.publish(copy, keys_of(copy))
    page, every = mlflow.page(copy, 5077, "second"), mlflow.page(copy, 5077)
    assert (page.logged, every.logged) == (True, True)
    client = MlflowClient(mlflow.store_uri(copy))
    experiment = client.get_experiment_by_name("gatebench")
    assert experiment is not None
    for addresses, key in ((page, "gatebench.second"), (every, "gatebench")):
        start = f"http://127.0.0.1:5077/#/experiments/{experiment.experiment_id}/runs?workflowType=machine_learning"
        assert addresses.table == f"{start}&viewStateShareKey={key}"
        assert addresses.charts == f"{start}&compareRunsMode=CHART&viewStateShareKey={key}"
        assert f"mlflow.sharedViewState.{key}" in experiment.tags
    assert experiment.tags["mlflow.note.content"].startswith("**Confirming trials**")
    listed = [f"mlflow.sharedViewState.gatebench{study}" for study in ("", ".adhoc", ".second")]
    made = [json.loads(experiment.tags[tag])["createdAt"] for tag in listed]
    assert made == sorted(set(made), reverse=True)  # the latest first, as MLflow lists them
    (view,) = views.of_study("second", study_file.read(copy, "second"))
    confirming = client.search_runs([experiment.experiment_id], view.filter)
    assert sorted(run.data.tags["key"] for run in confirming) == sorted(study_file.read(copy, "second")[0].confirm)


def test_what_somebody_wrote_of_the_experiment_stays(copy: Path):
    client = MlflowClient(mlflow.store_uri(copy))
    experiment = client.get_experiment_by_name("gatebench")
    assert experiment is not None
    client.set_experiment_tag(experiment.experiment_id, "mlflow.note.content", "Mine.")
    mlflow.page(copy, 5000)
    assert client.get_experiment(experiment.experiment_id).tags["mlflow.note.content"] == "Mine."


def test_an_unknown_study_has_no_page(copy: Path):
    with pytest.raises(BadInput, match=r"no study 'adhok' .*did you mean 'adhoc'"):
        mlflow.page(copy, 5000, "adhok")


def test_artifacts_move_with_the_folder(home: Tiny, tmp_path: Path):
    """Those that are there are found, new ones do not go to where the folder was, and a store elsewhere stays as it is."""
    former = Path(shutil.copytree(home.folder / "results", tmp_path / "former", ignore=shutil.ignore_patterns("mlflow.db")))
    (former / "adhoc" / "report.html").write_text("first")
    elsewhere = f"sqlite:///{tmp_path / 'mlflow.db'}"
    mlflow.publish(former, keys_of(former), elsewhere)
    mlflow.publish(former, keys_of(former)[:3])
    # In a process of its own: MLflow's client remembers where the artifacts of a run were.
    attach = "import pathlib, sys; from gatebench.records import mlflow; mlflow.attach(pathlib.Path(sys.argv[1]), 'adhoc')"
    subprocess.run([sys.executable, "-c", attach, str(former)], check=True, capture_output=True, timeout=200)
    results = former.rename(tmp_path / "moved")
    assert mlflow.publish(results, keys_of(results)) == 1
    runs = look(results)
    assert len(runs) == 5
    assert all(run["artifact_uri"].startswith(f"{(results / 'mlruns').as_uri()}/") for run in runs)
    assert [run["artifacts"] for run in runs if run["artifacts"]] == [["report.html"]]
    (results / "adhoc" / "results.png").write_bytes(b"\x89PNG")
    mlflow.attach(results, "adhoc")
    assert not former.exists()
    assert [run["artifacts"] for run in look(results) if run["artifacts"]] == [["report.html", "results.png"]]
    mlflow.publish(results, keys_of(results), elsewhere)
    experiment = MlflowClient(elsewhere).get_experiment_by_name("gatebench")
    assert experiment is not None
    assert experiment.artifact_location == (former / "mlruns").as_uri()
