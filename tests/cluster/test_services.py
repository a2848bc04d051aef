"""The services that tests stand on behave as the real ones do: they are the real ones."""

import contextlib
import re
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from support.daemons import wait_until
from support.services import MlflowServer, Postgres, running_postgres
from support.slurm import KILL_WAIT, SLURM_CONF, Slurm, running_slurm

pytestmark = pytest.mark.cluster


def submit(slurm: Slurm, folder: Path, script: str, *options: str) -> str:
    """Submit a shell script; returns the job's number."""
    path = folder / "job.sh"
    path.write_text(f"#!/bin/bash\ncd {folder}\n{script}\n")
    return slurm.run("sbatch", "--parsable", *options, f"--output={folder}/%a.log", path)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_an_array_runs_every_task_at_once(slurm: Slurm, tmp_path: Path):
    # No task ends before all three have begun.
    script = """
        touch began.$SLURM_ARRAY_TASK_ID
        until [ $(ls began.* | wc -l) = 3 ]; do sleep 0.1; done
        echo $SLURM_ARRAY_TASK_ID
    """
    job = submit(slurm, tmp_path, script, "--array=0-2")
    wait_until(lambda: [slurm.state(f"{job}_{task}") for task in range(3)] == ["COMPLETED"] * 3, 30, "the array")
    assert [lines(tmp_path / f"{task}.log") for task in range(3)] == [["0"], ["1"], ["2"]]


def test_a_requeued_job_is_told_and_runs_a_second_time(slurm: Slurm, tmp_path: Path):
    script = """
        trap 'echo told $SLURM_RESTART_COUNT >> log; exit 1' TERM
        echo began $SLURM_RESTART_COUNT >> log
        [ "$SLURM_RESTART_COUNT" ] || { sleep 60 & wait; }
    """
    job = submit(slurm, tmp_path, script)
    wait_until(lambda: lines(tmp_path / "log"), 30, "the first run")
    slurm.run("scontrol", "requeue", job)
    wait_until(lambda: slurm.state(job) == "COMPLETED", 40, "the second run")
    assert lines(tmp_path / "log") == ["began", "told", "began 1"]


def test_a_job_that_does_not_leave_is_killed_after_its_time(slurm: Slurm, tmp_path: Path):
    # Lines are added, none is written over: the job may be killed before the line that would replace one.
    job = submit(slurm, tmp_path, "trap 'date +%s > told' TERM; while :; do date +%s >> last; sleep 0.1; done")
    wait_until(lambda: slurm.state(job) == "RUNNING" and lines(tmp_path / "last"), 30, "the job")
    slurm.run("scontrol", "requeue", job)
    wait_until(lambda: slurm.state(job) == "PENDING", KILL_WAIT + 15, "its end")
    assert KILL_WAIT - 2 <= int(lines(tmp_path / "last")[-1]) - int(lines(tmp_path / "told")[0]) <= KILL_WAIT + 5


def test_a_slurm_ends_with_its_jobs_and_leaves_another_alone(slurm: Slurm, tmp_path: Path):
    job = submit(slurm, tmp_path, "sleep 60")
    with contextlib.suppress(InterruptedError), running_slurm() as other:
        # Neither signals nor the end of its parent reach the second sleep.
        submit(other, tmp_path, "trap '' TERM; touch began; setsid bash -c 'trap \"\" TERM; sleep 61' & sleep 62")
        wait_until((tmp_path / "began").exists, 30, "the other's job")
        wait_until(lambda: len(other.processes(daemons=False)) == 3, 10, "its processes")
        raise InterruptedError
    assert other.processes() == []
    assert not other.folder.exists()
    wait_until(lambda: slurm.state(job) == "RUNNING", 30, "the job of the first")


def test_a_slurm_that_does_not_start_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("support.slurm.SLURM_CONF", SLURM_CONF.replace("sched/backfill", "sched/nonsense"))
    with pytest.raises(RuntimeError, match=r"(?s)slurmctld ended with 1.*sched/nonsense") as caught, running_slurm():
        pass
    folders = set(re.findall(r"/tmp/gatebench-\w+", str(caught.value)))
    assert len(folders) == 1
    assert not any(Path(folder).exists() for folder in folders)
    programs = [place.read_bytes().decode() for place in Path("/proc").glob("[0-9]*/cmdline") if place.exists()]
    assert not [program for program in programs if folders & set(re.findall(r"/tmp/gatebench-\w+", program))]


def test_the_database_keeps_a_table(postgres: Postgres):
    engine = sqlalchemy.create_engine(postgres.uri)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE chords (name text)"))
        connection.execute(sqlalchemy.text("INSERT INTO chords VALUES ('tonic')"))
    engine.dispose()
    with engine.begin() as connection:
        assert connection.execute(sqlalchemy.text("SELECT name FROM chords")).scalars().all() == ["tonic"]
        connection.execute(sqlalchemy.text("DROP TABLE chords"))
    engine.dispose()


def test_a_database_ends_although_a_client_stays():
    with running_postgres() as other:
        client = psycopg2.connect(other.uri.replace("+psycopg2", ""))
    with contextlib.closing(client), pytest.raises(psycopg2.OperationalError):
        client.cursor().execute("SELECT 1")


def test_a_server_that_was_away_knows_what_it_knew(
    mlflow_server: MlflowServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # A client tries for minutes otherwise.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    client = MlflowClient(mlflow_server.uri)
    experiment = client.create_experiment("away")
    run = client.create_run(experiment).info.run_id
    client.log_metric(run, "nll", 8.5)
    client.log_text(run, "C minor", "key.txt")
    assert list(mlflow_server.artifacts.rglob("key.txt"))
    mlflow_server.stop()
    with pytest.raises(MlflowException, match="Connection refused"):
        client.get_run(run)
    mlflow_server.start()
    assert client.get_run(run).data.metrics == {"nll": 8.5}
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    assert Path(client.download_artifacts(run, "key.txt", str(tmp_path))).read_text() == "C minor"


def test_a_paused_server_takes_connections_and_never_answers(mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    client = MlflowClient(mlflow_server.uri)
    mlflow_server.pause()
    with pytest.raises(MlflowException, match="timed out"):
        client.search_experiments()
    mlflow_server.resume()
    wait_until(mlflow_server.healthy, 10, "an answer")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    assert client.search_experiments()
