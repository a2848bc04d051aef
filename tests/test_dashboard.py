"""The dashboard: MLflow's page over the results, for this machine alone, and gone when it ends."""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatebench.records import mlflow, study_file
from support.commands import COMMAND, SMALL, sweep
from support.daemons import free_ports
from support.datasets import Tiny, make_tiny
from support.processes import assert_group_ends, group_has_ended


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Two trials."""
    settled = make_tiny(tmp_path_factory.mktemp("dashboard"))
    sweep(settled, *SMALL, "cell=rnn", "training.lr=0.02")
    return settled


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dashboard:
    """A running dashboard, its first two lines, and a file of its errors."""

    def __init__(self, process: subprocess.Popen[str], port: int, errors: Path) -> None:
        assert process.stdout is not None
        self.process, self.port, self.errors = process, port, errors
        self.line, self.charts = process.stdout.readline(), process.stdout.readline()

    def ask(self, path: str, question: dict[str, Any]) -> dict[str, Any]:
        """An answer of the REST API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/2.0/mlflow/{path}",
            json.dumps(question).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):  # not yet
            return False


@pytest.fixture(scope="module")
def dashboard(home: Tiny, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    results = home.folder / "results"
    subprocess.run([COMMAND, "publish", "adhoc", "--results", str(results)], env=home.env, check=True, capture_output=True)
    errors = tmp_path_factory.mktemp("server") / "errors"
    for library in ("mlflow", "numpy", "fastapi"):  # that the folder has files of these names changes nothing
        errors.with_name(f"{library}.py").write_text("raise SystemExit('a file of the folder was run')")
    with errors.open("w") as out:
        process = subprocess.Popen(
            [COMMAND, "dashboard", "--port", str(port), "--results", str(results)],
            env=home.env, stdout=subprocess.PIPE, stderr=out, text=True, start_new_session=True, cwd=errors.parent,
        )  # fmt: skip
    running = Dashboard(process, port, errors)
    try:
        assert running.answers()  # it says where it is once it is there
        yield running
    finally:
        if not group_has_ended(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_it_says_where_it_is(dashboard: Dashboard):
    assert dashboard.line.startswith(f"http://127.0.0.1:{dashboard.port}/#/experiments/")
    assert dashboard.line.endswith("  (Ctrl-C ends it)\n")
    assert dashboard.charts.startswith(f"http://127.0.0.1:{dashboard.port}/#/experiments/")
    assert dashboard.charts.endswith("  (the same trials as charts)\n")


def test_the_view_that_it_opens_is_there(dashboard: Dashboard):
    experiments = dashboard.ask("experiments/search", {"max_results": 10})["experiments"]
    tags = {tag["key"] for experiment in experiments for tag in experiment.get("tags", [])}
    for line in (dashboard.line, dashboard.charts):
        found = re.search(r"&viewStateShareKey=(\S+)  ", line)
        assert found is not None
        assert f"mlflow.sharedViewState.{found[1]}" in tags


def test_it_lists_the_runs(dashboard: Dashboard):
    (experiment,) = [
        e for e in dashboard.ask("experiments/search", {"max_results": 10})["experiments"] if e["name"] == "gatebench"
    ]
    assert f"/experiments/{experiment['experiment_id']}/" in dashboard.line  # the page that it opens on
    runs = dashboard.ask("runs/search", {"experiment_ids": [experiment["experiment_id"]]})["runs"]
    tags = [{tag["key"]: tag["value"] for tag in run["data"]["tags"]} for run in runs]
    trials = [tag for tag in tags if tag.get("kind") != "study"]
    assert [(tag["cell"], tag["task"], tag["study.adhoc"]) for tag in trials] == [("rnn", "tiny", "member")] * 2


def test_it_shows_its_page(dashboard: Dashboard):
    with urllib.request.urlopen(f"http://127.0.0.1:{dashboard.port}/", timeout=30) as answer:
        assert b"<html" in answer.read().lower()


def test_its_server_says_nothing_while_all_is_well(dashboard: Dashboard):
    assert dashboard.process.stdout is not None
    assert dashboard.answers()
    assert dashboard.errors.read_text() == "gatebench: starting MLflow, which takes some seconds\n"
    assert select.select([dashboard.process.stdout], [], [], 0)[0] == []


def test_it_listens_on_this_machine_alone(dashboard: Dashboard):
    """By the kernel's own table of listening sockets, over IPv4 and IPv6, and by trying this machine's other address."""
    listening = []
    for table in ("tcp", "tcp6"):
        for line in (Path("/proc/net") / table).read_text().splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == "0A" and int(port, 16) == dashboard.port:
                listening.append(address)
    assert listening == ["0100007F"]  # 127.0.0.1
    outer = socket.gethostbyname(socket.gethostname())
    if not outer.startswith("127."):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((outer, dashboard.port), 5)


def test_ctrl_c_ends_it_and_all_that_it_started(dashboard: Dashboard):
    """The last test of this file: it ends what the others look at. Ctrl-C reaches the command alone, as `kill -INT` does."""
    dashboard.process.send_signal(signal.SIGINT)
    dashboard.process.communicate(timeout=30)
    assert dashboard.process.returncode == 130
    assert_group_ends(dashboard.process.pid)
    assert not dashboard.answers()


def test_a_port_that_is_taken_is_one_line(home: Tiny, dashboard: Dashboard):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [COMMAND, "dashboard", "--port", port, "--results", str(home.folder / "results")]
        run = subprocess.run(command, env=home.env, capture_output=True, text=True, timeout=120, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1, run.stderr
    assert run.stderr.startswith(f"gatebench: port {port} ")


def test_an_unknown_study_is_one_line(home: Tiny):
    command = [COMMAND, "dashboard", "adhok", "--port", "0", "--results", str(home.folder / "results")]
    run = subprocess.run(command, env=home.env, capture_output=True, text=True, timeout=120, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1, run.stderr
    assert "no study 'adhok'" in run.stderr
    assert "did you mean 'adhoc'?" in run.stderr


def test_trials_that_are_not_logged_are_named(home: Tiny, tmp_path: Path):
    """Or else the page is empty, and nobody knows why: here, those of a study that has the trials of another one."""
    results = Path(
        shutil.copytree(home.folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("mlflow.db"))
    )
    points = study_file.read(results, "adhoc")
    mlflow.publish(results, study_file.keys(points))
    study_file.add_points(results, "second", points)
    (port,) = free_ports(1)
    command = [COMMAND, "dashboard", "second", "--port", str(port), "--results", str(results)]
    with subprocess.Popen(command, env=home.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "no confirming trial" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
