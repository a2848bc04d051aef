"""Records to a real MLflow store: a view that can be made again at any time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_study import SMALL, Tiny, settle, sweep

from bench.records import frame, study_file, track
from bench.records.record import Store


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Four trials of one cell, not yet published."""
    settled = settle(tmp_path_factory.mktemp("track"))
    sweep(settled, *SMALL, "cell=rnn")
    return settled


@pytest.fixture
def results(home: Tiny, tmp_path: Path) -> Path:
    return Path(shutil.copytree(home.folder / "results", tmp_path / "results"))


def keys_of(results: Path) -> list[str]:
    return [key for point in study_file.read(results, "adhoc") for key in point["search"] + point["confirm"]]


# Publishing happens in processes of its own, as in use: MLflow leaves connections open that this process would warn of.
PUBLISH = """
import sys
from pathlib import Path
from bench.records import study_file, track

results = Path(sys.argv[1])
keys = [key for point in study_file.read(results, "adhoc") for key in point["search"] + point["confirm"]]
print(track.publish(results, keys))
"""
LOOK = """
import json, sys
from pathlib import Path
from mlflow import MlflowClient
from mlflow.entities import ViewType

client = MlflowClient(sys.argv[1])
(experiment,) = [e for e in client.search_experiments() if e.name == "gatebench"]
found = []
for run in client.search_runs([experiment.experiment_id], run_view_type=ViewType.ACTIVE_ONLY):
    metrics = {
        name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)] for name in run.data.metrics
    }
    found.append({
        "id": run.info.run_id, "name": run.info.run_name, "status": run.info.status, "params": run.data.params,
        "tags": run.data.tags, "metrics": metrics, "artifacts": [a.path for a in client.list_artifacts(run.info.run_id)],
        "artifact_uri": run.info.artifact_uri,
        "datasets": [(d.dataset.name, d.dataset.digest, d.dataset.source_type) for d in run.inputs.dataset_inputs],
    })
print(json.dumps(found))
"""


def python(program: str, *arguments: object) -> str:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    run = subprocess.run(command, env={**os.environ, **track.environment()}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def look(results: Path) -> list[dict]:
    import json

    return json.loads(python(LOOK, track.store_uri(results)))


def without_times(runs: list[dict]) -> list[dict]:
    return sorted(runs, key=lambda run: run["id"])


@pytest.fixture(scope="module")
def published(home: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store to look at; tests that write work on a store of their own."""
    results = Path(shutil.copytree(home.folder / "results", tmp_path_factory.mktemp("published") / "results"))
    assert python(PUBLISH, results) == "4\n"
    return results


@pytest.fixture(scope="module")
def runs(published: Path) -> list[dict]:
    return look(published)


def test_every_trial_is_one_flat_run(published: Path, runs: list[dict]):
    assert sorted(run["tags"]["key"] for run in runs) == sorted(keys_of(published))
    assert {run["status"] for run in runs} == {"FINISHED"}
    assert not any("mlflow.parentRunId" in run["tags"] for run in runs)


def test_a_run_is_tagged_with_what_one_filters_by(runs: list[dict]):
    for run in runs:
        expected = {"task": "tiny", "cell": "rnn", "study.adhoc": "member", "complete": "yes", "status": "finished",
                    "synthetic": "true", "engine": "reference"}  # fmt: skip
        assert {name: run["tags"][name] for name in expected} == expected
    assert {run["name"] for run in runs} >= {
        f"tiny rnn lr {run['params']['lr']} seed {run['params']['seed']}" for run in runs if run["params"]["seed"] != "0"
    }


def test_a_run_has_the_settings_of_its_trial(published: Path, runs: list[dict]):
    records = Store(published).read(keys_of(published))
    for run in runs:
        settings = records[run["tags"]["key"]].settings
        assert float(run["params"]["lr"]) == settings["lr"]
        assert run["params"]["seed"] == str(settings["seed"])
        assert run["params"]["training.epochs"] == "4"
        assert run["params"]["training.constants.beta1"] == "0.9"
        assert run["params"]["sizes.H"] == "6"


def test_losses_are_curves_over_epochs(published: Path, runs: list[dict]):
    records = Store(published).read(keys_of(published))
    for run in runs:
        curve = records[run["tags"]["key"]].curve
        for split in ("train", "valid"):
            rows = curve[curve.split == split]
            for score in ("nll", "nll_sequence_mean"):
                assert run["metrics"][f"{split}/{score}"] == [
                    [epoch, value] for epoch, value in zip(rows.epoch, rows[score], strict=True)
                ]
        assert "test/nll" not in run["metrics"]  # the test split is read once, when a trial ends


def test_best_scores_and_costs_are_numbers_of_the_run(published: Path, runs: list[dict]):
    trials = frame.load(published, "adhoc").trials.set_index(["key", "split"])
    for run in runs:
        row = trials.loc[(run["tags"]["key"], "test")]
        assert run["metrics"]["best/test_nll"] == [[0, row.nll]]
        assert run["metrics"]["cost/parameters_total"] == [[0, row.parameters_total]]
        assert run["metrics"]["cost/units"] == [[0, 6.0]]
        assert run["metrics"]["cost/seconds"] == [[0, row.seconds]]


def test_a_run_names_its_data_set(home: Tiny, runs: list[dict]):
    import yaml

    content = yaml.safe_load(home.yaml.read_text())["content"]
    assert {tuple(run["datasets"][0]) for run in runs} == {("tiny", content[:32], "code")}


def test_artifacts_belong_below_the_results_wherever_one_stands(published: Path, runs: list[dict]):
    assert all(run["artifact_uri"].startswith((published / "mlruns").as_uri()) for run in runs)


def test_publishing_twice_is_the_same_as_once(published: Path, runs: list[dict]):
    assert python(PUBLISH, published) == "0\n"
    assert without_times(look(published)) == without_times(runs)


CUT_SHORT = """
import sys
from pathlib import Path
from bench.records import track

results, key = Path(sys.argv[1]), sys.argv[2]
with track._client(results) as (client, experiment):
    run = client.create_run(experiment, tags={"key": key}, run_name="half")
    client.log_metric(run.info.run_id, "train/nll", 99.0, step=1)
"""


def test_a_run_that_was_cut_short_is_replaced(results: Path):
    key = keys_of(results)[0]
    python(CUT_SHORT, results, key)
    assert [run["name"] for run in look(results)] == ["half"]
    assert python(PUBLISH, results) == "4\n"
    (again,) = [run for run in look(results) if run["tags"]["key"] == key]
    assert again["tags"]["complete"] == "yes"
    assert again["metrics"]["train/nll"][0][1] != 99.0
    assert len(look(results)) == 4


def test_a_trial_gets_the_tag_of_each_study_that_it_belongs_to(published: Path, tmp_path: Path):
    results = Path(shutil.copytree(published, tmp_path / "results"))
    study_file.write_points(results, "second", study_file.read(results, "adhoc"))
    # The copied store's runs still name the first folder's artifacts, which does not matter here.
    assert python(PUBLISH, results) == "0\n"
    for run in look(results):
        assert (run["tags"]["study.adhoc"], run["tags"]["study.second"]) == ("member", "member")


ATTACH = """
import sys
from pathlib import Path
from bench.records import track

track.attach(Path(sys.argv[1]), "adhoc")
"""


def test_figures_and_tables_stand_in_a_run_of_the_study(results: Path):
    (results / "adhoc" / "results.png").write_bytes(b"\x89PNG")
    (results / "adhoc" / "report.html").write_text("first")
    python(ATTACH, results)
    (results / "adhoc" / "report.html").write_text("second")
    python(ATTACH, results)
    (run,) = look(results)
    assert sorted(run["artifacts"]) == ["report.html", "results.png"]  # not study.json, which is no figure
    assert (run["tags"]["kind"], run["tags"]["study.adhoc"]) == ("study", "figures")
    assert next((results / "mlruns").rglob("report.html")).read_text() == "second"


def test_four_processes_publish_to_a_fresh_store_at_once(results: Path):
    command = [sys.executable, "-c", PUBLISH, str(results)]
    env = {**os.environ, "PYTHONWARNINGS": "ignore"}
    at_once = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    new = [int(process.communicate(timeout=120)[0]) for process in at_once]
    assert [process.returncode for process in at_once] == [0] * 4
    assert sum(new) == 4
    assert sorted(run["tags"]["key"] for run in look(results)) == sorted(keys_of(results))


OFFLINE = """
import sys

def refuse(event, arguments):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and str(arguments[1][0]) not in ("127.0.0.1", "::1")):
        import os, traceback
        traceback.print_stack()
        os._exit(7)  # even where the attempt would be in a thread whose exceptions are swallowed

sys.addaudithook(refuse)
"""


def test_nothing_is_told_to_anybody(results: Path):
    """Without the variables that switch MLflow's telemetry off, or that it takes for a test."""
    told = ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "CI", "PYTEST_CURRENT_TEST")
    env = {name: value for name, value in os.environ.items() if name not in told}
    command = [sys.executable, "-c", OFFLINE + PUBLISH, str(results)]
    run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "4\n"), run.stderr


def test_the_watch_for_telling_works():
    program = OFFLINE + "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 7
