"""Sweeps that leave one machine: through Slurm, and logged to a shared MLflow server."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from gatebench.cli.slurm import tasks_allowed
from gatebench.records.store import Store
from support.commands import COMMAND, result_columns, sweep, without_compile_lines
from support.daemons import wait_until
from support.datasets import Tiny, make_tiny
from support.services import MlflowServer
from support.slurm import SLURM_CONF, Slurm, running_slurm

pytestmark = pytest.mark.cluster

POINTS = [
    "cell=rnn,gru,lstm", "task=tiny", "budget=units_64", "budget.units=5,6", "training.patience=1000000", "search.size=2",
    "population.seeds=[1,2]",
]  # fmt: skip
"""Six jobs of four trials."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("cluster"))


PACED = """
import time
from gatebench.training import loop

update = loop.Population.update


def paced(self, *arguments):
    time.sleep(0.1)
    return update(self, *arguments)


loop.Population.update = paced
"""
"""The ``sitecustomize`` of a node on which an epoch (one update, here) takes a tenth of a second at the least."""


def log_of(results: Path, job: str = "*") -> str:
    """What the jobs of such a name logged."""
    return "".join(path.read_text() for path in sorted(results.glob(f"logs/adhoc/{job}.log")))


def array(slurm: Slurm, seconds: float = 60) -> str:
    """Number of the one array in the queue, once it is there."""
    wait_until(lambda: slurm.run("squeue", "--noheader", "--format=%F"), seconds, "the array to be submitted")
    (job,) = set(slurm.run("squeue", "--noheader", "--format=%F").split())
    return job


@contextmanager
def started(home: Tiny, slurm: Slurm, folder: Path, *overrides: str) -> Iterator[subprocess.Popen[str]]:
    """A paced sweep through Slurm, with its results in the folder; it ends with the block, also where a test fails."""
    node = folder / "node"
    node.mkdir()
    (node / "sitecustomize.py").write_text(PACED)
    command = [COMMAND, "sweep", *POINTS, "publish=false", "hydra/launcher=slurm", *overrides, f"results={folder / 'slurm'}"]
    env = {**home.env, **slurm.env, "PYTHONPATH": str(node)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, cwd=home.folder, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def assert_as_on_one_machine(home: Tiny, folder: Path, *overrides: str) -> None:
    """Every number the same to the last bit."""
    sweep(home, *POINTS, *overrides, "publish=false", "hydra/launcher=basic", results=folder / "local")
    pd.testing.assert_frame_equal(result_columns(folder / "slurm"), result_columns(folder / "local"), check_exact=True)


def test_an_array_with_two_jobs_stopped_and_requeued_ends_as_on_one_machine(home: Tiny, slurm: Slurm, tmp_path: Path):
    """Both had saved what they were at, and went on from there."""
    long, results = "training.epochs=100", tmp_path / "slurm"
    with started(home, slurm, tmp_path, long) as process:
        job = array(slurm)
        for task, name in ((0, "tiny_rnn_*_units=5_*"), (3, "tiny_gru_*_units=6_*")):
            wait_until(lambda name=name: "trains " in log_of(results, name), 120, f"the first population of task {task}")
            slurm.run("scontrol", "requeue", f"{job}_{task}")
        output, errors = process.communicate(timeout=400)
    assert process.returncode == 0, errors + log_of(results)
    assert "Traceback" not in errors
    # submitit says in between what it misses in a Slurm without accounting.
    assert output.startswith("adhoc: 24 trials in 6 job(s), 0 finished, 24 to train\n")
    assert "\nadhoc: all trials are finished\n" in output
    assert log_of(results).count("stopped and saved") == log_of(results).count("goes on with") == 2
    assert_as_on_one_machine(home, tmp_path, long)


def test_a_job_whose_time_is_up_saves_and_goes_on(home: Tiny, slurm: Slurm, tmp_path: Path):
    """Slurm's limits are whole minutes, and it looks at them twice in one: the warning comes before this has trained."""
    # A rate is given: one population, so that the warning does not come between two, where there is nothing to save.
    overrides = ["cell=rnn", "budget.units=5", "training.lr=0.01", "training.epochs=640"]
    early = ["hydra.launcher.timeout_min=1", "hydra.launcher.signal_delay_s=1"]
    with started(home, slurm, tmp_path, *overrides, *early) as process:
        _, errors = process.communicate(timeout=500)
    log = log_of(tmp_path / "slurm")
    assert process.returncode == 0, errors + log
    assert log.count("stopped and saved") == log.count("goes on with") >= 1
    assert_as_on_one_machine(home, tmp_path, *overrides)


def test_an_array_is_split_where_a_slurm_allows_fewer_tasks(home: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Three jobs, two tasks an array at the most, of the indices 0 and 1: one more is refused."""
    monkeypatch.setattr("support.slurm.SLURM_CONF", f"{SLURM_CONF}MaxArraySize=2\n")
    overrides = ["budget.units=5", "training.epochs=2"]
    with running_slurm() as small:
        assert tasks_allowed(small.run("scontrol", "show", "config")) == 2
        with pytest.raises(RuntimeError, match="array"):
            small.run("sbatch", "--array=0-2", "--wrap=true")
        with started(home, small, tmp_path, *overrides) as process:
            output, errors = process.communicate(timeout=400)
        assert process.returncode == 0, errors + log_of(tmp_path / "slurm")
        assert "\nadhoc: all trials are finished\n" in output
        tasks = small.run("scontrol", "show", "job", "--oneliner")
    assert len(tasks.splitlines()) == 3
    assert sorted(re.findall(r"ArrayTaskId=(\d+)", tasks)) == ["0", "1"]  # a single job makes no array
    assert_as_on_one_machine(home, tmp_path, *overrides)


def test_ctrl_c_leaves_the_jobs_in_the_queue_and_says_so(home: Tiny, slurm: Slurm, tmp_path: Path):
    with started(home, slurm, tmp_path, "cell=rnn", "budget.units=5", "training.epochs=50") as process:
        array(slurm)
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "adhoc: interrupted; its jobs go on in the batch system" in errors
    wait_until(lambda: len(list(tmp_path.glob("slurm/trials/*/record.json"))) == 4, 120, "the job to end all the same")


# Tracking


def runs(server: MlflowServer) -> list[str]:
    """Keys of all trials that a server knows."""
    client = MlflowClient(server.uri)
    (experiment,) = [e.experiment_id for e in client.search_experiments() if e.name == "gatebench"]
    server_runs = client.search_runs([experiment], max_results=1000)
    assert all(run.info.status == "FINISHED" for run in server_runs)
    return sorted(run.data.tags["key"] for run in server_runs if "kind" not in run.data.tags)


def publish(home: Tiny, results: Path, uri: str) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "publish", "adhoc", "--results", str(results), "--tracking-uri", uri]
    return subprocess.run(command, env=home.env, capture_output=True, text=True, timeout=300, check=False)


SHORT = ["cell=rnn,gru", "budget.units=5", "training.epochs=20", "hydra/launcher=local"]


def test_trials_are_logged_to_a_server_on_a_database(home: Tiny, mlflow_server: MlflowServer, tmp_path: Path):
    command = [COMMAND, "sweep", *POINTS, *SHORT, f"tracking.uri={mlflow_server.uri}", f"results={tmp_path}"]
    run = subprocess.run(command, env=home.env, cwd=home.folder, capture_output=True, text=True, check=True, timeout=300)
    assert without_compile_lines(run.stderr) == ""
    trained = sorted(Store(tmp_path).finished())
    assert set(trained) <= set(runs(mlflow_server))
    before = runs(mlflow_server)
    assert publish(home, tmp_path, mlflow_server.uri).stdout.startswith("adhoc: 0 trials logged")
    assert runs(mlflow_server) == before  # twice is the same as once
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("away", ["stop", "pause"])
def test_training_goes_on_with_the_server_away_or_silent(home: Tiny, mlflow_server: MlflowServer, tmp_path: Path, away: str):
    """Records are complete, and are logged later."""
    getattr(mlflow_server, away)()
    other = ["training.epochs=21" if away == "stop" else "training.epochs=22"]
    command = [COMMAND, "sweep", *POINTS, *SHORT, *other, f"tracking.uri={mlflow_server.uri}", f"results={tmp_path}"]
    begun = time.monotonic()
    run = subprocess.run(command, env=home.env, cwd=home.folder, capture_output=True, text=True, check=True, timeout=300)
    assert "not all is logged to MLflow" in run.stderr
    assert "later: gatebench publish" in run.stderr
    assert "Traceback" not in run.stderr
    assert time.monotonic() - begun < 90
    assert len(Store(tmp_path).finished()) == 8
    if away == "stop":
        refused = publish(home, tmp_path, mlflow_server.uri)
        assert refused.returncode == 2
        assert "the records are complete: mend the store, then give the same command again" in refused.stderr
        mlflow_server.start()
    else:
        mlflow_server.resume()
    assert publish(home, tmp_path, mlflow_server.uri).stdout.startswith("adhoc: 8 trials logged")
    assert Store(tmp_path).finished() <= set(runs(mlflow_server))
