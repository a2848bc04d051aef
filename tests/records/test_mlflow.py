"""Records to a real MLflow store: a view that can be made again at any time."""

import getpass
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient

from gatebench.records import frame, mlflow, study_file
from gatebench.records.store import Store
from support.commands import SMALL, sweep
from support.datasets import Tiny, make_tiny
from support.logged import keys_of, look

# MLflow uses what SQLAlchemy deprecates: theirs to mend, and nothing that our code could do otherwise.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Four trials of one cell, not yet published."""
    settled = make_tiny(tmp_path_factory.mktemp("track"))
    sweep(settled, *SMALL, "cell=rnn")
    return settled


@pytest.fixture(scope="module")
def half(home: Tiny) -> str:
    """Key of a trial whose logging was cut short by a kill; it is the first thing that the store sees."""
    results = home.folder / "results"
    key = keys_of(results)[0]
    with mlflow._client(results) as (client, experiment):
        run = client.create_run(experiment, tags={"key": key}, run_name="half")
        client.log_metric(run.info.run_id, "curve/train_nll", 99.0, step=1)
    assert [run["name"] for run in look(results)] == ["half"]
    return key


@pytest.fixture(scope="module")
def published(home: Tiny, half: str) -> Path:
    """A store with four trials. Tests that write work on a copy."""
    results = home.folder / "results"
    assert mlflow.publish(results, keys_of(results)) == 4
    return results


@pytest.fixture(scope="module")
def runs(published: Path) -> list[dict[str, Any]]:
    return look(published)


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "results"))


def test_every_trial_is_one_flat_run(published: Path, runs: list[dict[str, Any]]):
    assert sorted(run["tags"]["key"] for run in runs) == sorted(keys_of(published))
    assert {run["status"] for run in runs} == {"FINISHED"}
    assert not any("mlflow.parentRunId" in run["tags"] for run in runs)


def test_a_run_is_tagged_with_what_one_filters_by(runs: list[dict[str, Any]]):
    for run in runs:
        expected = {"task": "tiny", "cell": "rnn", "study.adhoc": "member", "complete": "yes", "status": "finished",
                    "synthetic": "true", "engine": "fused_cpu"}  # fmt: skip
        assert {name: run["tags"][name] for name in expected} == expected
    assert sorted(run["name"] for run in runs) == sorted(
        f"tiny rnn {'search ' * (run['tags']['stage'] == 'search')}lr {float(run['params']['lr']):g} "
        f"seed {run['params']['seed']}"
        for run in runs
    )


def test_a_run_says_what_its_trial_is_for_and_of_which_comparison_group(published: Path, runs: list[dict[str, Any]]):
    (point,) = study_file.read(published, "adhoc")
    for stage, keys in point.by_stage.items():
        of_stage = [run for run in runs if run["tags"]["stage"] == run["tags"]["stage.adhoc"] == stage]
        assert sorted(run["tags"]["key"] for run in of_stage) == sorted(keys)
    labels = point.labels
    for run in runs:
        assert run["tags"]["group.adhoc"] == f"tiny, {labels.budget}, {labels.training}"
        shown = ("cell", "task", "budget", "protocol")
        assert [run["params"][name] for name in shown] == ["rnn", "tiny", labels.budget, labels.training]


def test_hashes_are_tags(published: Path, runs: list[dict[str, Any]]):
    records = Store(published).read(keys_of(published))
    for run in runs:
        settings = records[run["tags"]["key"]].settings
        assert (run["tags"]["content"], run["tags"]["equations"]) == (settings.content, settings.equations)
        assert not {"key", "content", "equations"} & set(run["params"])


def test_a_run_is_described_and_nobody_is_led_to_choose_by_test(published: Path, runs: list[dict[str, Any]]):
    records = Store(published).read(keys_of(published))
    for run in runs:
        summary, text = records[run["tags"]["key"]].summary, run["tags"]["mlflow.note.content"]
        valid, test = (f"**{summary.scores[split].nll:.4f}** on {name}" for split, name in
                       (("valid", "validation"), ("test", "test")))  # fmt: skip
        assert text.startswith(f"**rnn** on {summary.title}: 6 units, {summary.parameters_recurrent:,} recurrent parameters")
        assert valid in text
        assert (test in text) == (run["tags"]["stage"] == "confirm")
        assert ("A trial of a search, which is no result" in text) == (run["tags"]["stage"] == "search")
        assert run["tags"]["mlflow.user"] == getpass.getuser()
        assert run["tags"]["mlflow.source.name"] == "gatebench"
        commit = records[run["tags"]["key"]].provenance.commit
        assert run["tags"].get("mlflow.source.git.commit") == (commit and commit.removesuffix("+changes"))


def test_a_run_has_the_settings_of_its_trial(published: Path, runs: list[dict[str, Any]]):
    records = Store(published).read(keys_of(published))
    for run in runs:
        settings = records[run["tags"]["key"]].settings
        assert float(run["params"]["lr"]) == settings.lr
        assert run["params"]["seed"] == str(settings.seed)
        assert run["params"]["training.epochs"] == "4"
        assert run["params"]["training.constants.beta1"] == "0.9"
        assert run["params"]["sizes.H"] == "6"
        assert run["params"]["pipeline"] == "1"


def test_a_run_says_which_pipeline_it_is_of(home: Tiny, tmp_path: Path):
    sweep(home, *SMALL, "cell=rnn", "pipelines=2", results=tmp_path)
    points = study_file.read(tmp_path, "adhoc")
    assert mlflow.publish(tmp_path, study_file.keys(points)) == 8
    pipelines = {run["tags"]["key"]: run["params"]["pipeline"] for run in look(tmp_path)}
    assert pipelines == {key: str(point.pipeline) for point in points for key in point.keys}
    assert set(pipelines.values()) == {"1", "2"}


def test_losses_are_curves_over_epochs(published: Path, runs: list[dict[str, Any]]):
    records = Store(published).read(keys_of(published))
    for run in runs:
        curve = records[run["tags"]["key"]].curve
        for split in ("train", "valid"):
            rows = curve[curve.split == split]
            assert run["metrics"][f"curve/{split}_nll"] == [
                (epoch, value) for epoch, value in zip(rows.epoch, rows.nll, strict=True)
            ]
            # The score in another weighting is there once, for who wants it.
            assert f"curve/{split}_nll_sequence_mean" not in run["metrics"]
            assert len(run["metrics"][f"final/{split}_nll_sequence_mean"]) == 1
        assert "curve/test_nll" not in run["metrics"]  # the test split is read once, when a trial ends


def test_best_scores_and_costs_are_numbers_of_the_run(published: Path, runs: list[dict[str, Any]]):
    trials = frame.load(published, "adhoc").trials.set_index(["key", "split"])
    for run in runs:
        row = trials.loc[(run["tags"]["key"], "test")]
        assert run["metrics"]["final/test_nll"] == [(0, row.nll)]
        assert "final/test_frame_f1" in run["metrics"]
        assert run["metrics"]["size/parameters_total"] == [(0, row.parameters_total)]
        assert run["metrics"]["size/units"] == [(0, 6.0)]
        assert run["metrics"]["final/seconds"] == [(0, row.seconds)]


def test_a_run_names_its_data_set(home: Tiny, runs: list[dict[str, Any]]):
    content = yaml.safe_load(home.yaml.read_text())["content"]
    assert {tuple(run["datasets"][0][:3]) for run in runs} == {("tiny", content[:32], "code")}
    sources, profiles = ({run["datasets"][0][i] for run in runs} for i in (3, 4))
    assert [json.loads(one) for one in sources] == [{"tags": {"gatebench data": "tiny", "content": content}}]
    (profile,) = (json.loads(one) for one in profiles)
    assert (profile["kind"], profile["synthetic"]) == ("piano_roll", "true")
    assert profile["title"]


def test_artifacts_belong_below_the_results_wherever_one_stands(published: Path, runs: list[dict[str, Any]]):
    assert all(run["artifact_uri"].startswith((published / "mlruns").as_uri()) for run in runs)


def test_a_run_takes_as_long_as_its_training(published: Path, runs: list[dict[str, Any]]):
    for run in runs:
        assert run["took"] == pytest.approx(run["metrics"]["final/seconds"][0][1] * 1000, abs=1)


def test_publishing_twice_is_the_same_as_once(published: Path, runs: list[dict[str, Any]]):
    assert mlflow.publish(published, keys_of(published)) == 0
    assert look(published) == runs


def test_a_run_that_was_cut_short_is_replaced(half: str, runs: list[dict[str, Any]]):
    (again,) = [run for run in runs if run["tags"]["key"] == half]
    assert (again["tags"]["complete"], again["status"]) == ("yes", "FINISHED")
    assert 99.0 not in [value for _, value in again["metrics"]["curve/train_nll"]]
    assert "half" not in [run["name"] for run in runs]


def test_a_run_of_a_version_that_logged_other_things_is_replaced(copy: Path, runs: list[dict[str, Any]]):
    client = MlflowClient(mlflow.store_uri(copy))
    for run in runs[:2]:
        client.delete_tag(run["id"], "form")
    assert mlflow.publish(copy, keys_of(copy)) == 2
    assert sorted(run["tags"]["key"] for run in look(copy)) == sorted(keys_of(copy))


def test_a_trial_gets_the_tag_of_each_study_that_it_belongs_to(copy: Path):
    study_file.add_points(copy, "second", study_file.read(copy, "adhoc"))
    assert mlflow.publish(copy, keys_of(copy)) == 0
    for run in look(copy):
        assert (run["tags"]["study.adhoc"], run["tags"]["study.second"]) == ("member", "member")


def test_figures_and_tables_stand_in_a_run_of_the_study(home: Tiny, tmp_path: Path):
    results = Path(
        shutil.copytree(home.folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("mlflow.db"))
    )
    (results / "adhoc" / "results.png").write_bytes(b"\x89PNG")
    (results / "adhoc" / "report.html").write_text("first")
    mlflow.attach(results, "adhoc")
    (results / "adhoc" / "report.html").write_text("second")
    mlflow.attach(results, "adhoc")
    (run,) = look(results)
    assert sorted(run["artifacts"]) == ["report.html", "results.png"]  # not study.json, which is no figure
    assert (run["tags"]["kind"], run["tags"]["study.adhoc"]) == ("study", "figures")
    assert next((results / "mlruns").rglob("report.html")).read_text() == "second"


PUBLISH = """
import os, sys, traceback
from pathlib import Path


def refuse(event, arguments):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and str(arguments[1][0]) not in ("127.0.0.1", "::1")):
        traceback.print_stack()
        os._exit(7)  # even where the attempt is in a thread whose exceptions nobody sees


sys.addaudithook(refuse)
from gatebench.records import mlflow, study_file

results = Path(sys.argv[1])
keys = study_file.keys(study_file.read(results, "adhoc"))
print(mlflow.publish(results, keys))
"""


def test_four_processes_publish_to_a_fresh_store_at_once_and_tell_nobody(home: Tiny, tmp_path: Path):
    """Without the variables that switch MLflow's telemetry off, or by which it knows a test."""
    results = Path(
        shutil.copytree(home.folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("mlflow.db"))
    )
    hidden = ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "CI", "PYTEST_CURRENT_TEST", "PYTEST_VERSION")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-c", PUBLISH, str(results)]
    at_once = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    outputs = [process.communicate(timeout=120) for process in at_once]
    assert [process.returncode for process in at_once] == [0] * 4, outputs
    assert sum(int(new) for new, _ in outputs) == 4
    assert sorted(run["tags"]["key"] for run in look(results)) == sorted(keys_of(results))


def test_an_attempt_to_tell_would_be_noticed(home: Tiny):
    attempt = "\nimport socket; socket.create_connection(('192.0.2.1', 80), 1)"
    command = [sys.executable, "-c", PUBLISH.partition("from gatebench")[0] + attempt]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 7
