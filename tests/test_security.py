"""What commands leave open: nothing goes out that nobody asked for, nothing is unpickled, files are as the umask says."""

import ast
import stat
import subprocess
from pathlib import Path

import pytest

from gatebench.core import registry
from support.commands import COMMAND, SMALL
from support.datasets import Tiny, make_tiny

LOOPBACK = """
import os, sys


def refuse(event, arguments):
    away = event == "socket.getaddrinfo" and arguments[0] not in (None, "127.0.0.1", "localhost")
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        away = arguments[1][0] not in ("127.0.0.1", "::1")
    if away:
        with open(os.environ["ATTEMPTS"], "a") as file:
            file.write(f"{event} {arguments[1:] if event == 'socket.connect' else arguments}\\n")
        raise OSError("there is no network")


sys.addaudithook(refuse)
"""
"""The ``sitecustomize`` of every Python process of a command, workers included."""
TELEMETRY_SWITCHES = ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "CI", "PYTEST_CURRENT_TEST", "PYTEST_VERSION")
"""What switches MLflow's telemetry off, or tells it that this is a test."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("security"))


@pytest.fixture(scope="module")
def offline(home: Tiny) -> dict[str, str]:
    """The environment of a machine that reaches nothing but itself."""
    site = home.folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(LOOPBACK)
    attempts = home.folder / "attempts"
    attempts.touch()
    env = {name: value for name, value in home.env.items() if name not in TELEMETRY_SWITCHES}
    return {**env, "PYTHONPATH": str(site), "ATTEMPTS": str(attempts)}


def run(home: Tiny, env: dict[str, str], *command: str) -> None:
    subprocess.run([COMMAND, *command], env=env, cwd=home.folder, check=True, capture_output=True, umask=0o027, timeout=200)


@pytest.fixture(scope="module")
def results(home: Tiny, offline: dict[str, str]) -> Path:
    """A study from its training to its report, with workers and MLflow, under a umask of 027."""
    run(home, offline, "sweep", *(o for o in SMALL if "publish" not in o), "hydra/launcher=local")
    run(home, offline, "status", "adhoc")
    run(home, offline, "report", "adhoc")
    run(home, offline, "publish", "adhoc")
    return home.folder / "results"


def test_no_command_opens_a_connection_beyond_this_machine(results: Path, offline: dict[str, str]):
    assert (results / "mlflow.db").stat().st_size > 0  # MLflow was asked
    assert Path(offline["ATTEMPTS"]).read_text() == ""


def test_a_call_would_be_noticed(home: Tiny, offline: dict[str, str], tmp_path: Path):
    env = {**offline, "ATTEMPTS": str(tmp_path / "attempts"), "GATEBENCH_DATA": str(tmp_path)}
    subprocess.run([COMMAND, "data", "fetch", "jsb_chorales"], env=env, cwd=home.folder, check=False, capture_output=True)
    assert "socket.getaddrinfo" in (tmp_path / "attempts").read_text()


def test_files_are_as_open_as_the_umask_says(results: Path):
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in results.rglob("*")}
    assert len(modes) > 50
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o750}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o640}


def test_nothing_that_could_run_code_is_read():
    """By any name under which Python's libraries unpickle, or make objects of a text."""
    forbidden = {
        "pickle",
        "dill",
        "cloudpickle",
        "marshal",
        "shelve",
        "eval",
        "exec",
        "unsafe_load",
        "full_load",
        "read_pickle",
    }
    # It executes a module that it writes itself, of the cell's equations alone.
    writes_what_it_runs = registry.PACKAGE / "models" / "export" / "source.py"
    for path in registry.PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names |= {
            alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        names |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        names |= {call.rpartition(".")[2] for call in calls}
        assert names & forbidden == ({"exec", "eval"} if path == writes_what_it_runs else set()), path
        assert not calls & {"torch.load", "joblib.load"}, path
        assert "allow_pickle=True" not in path.read_text(), path


def test_the_working_folder_gets_nothing_but_results(home: Tiny, results: Path):
    assert results.is_dir()
    assert {path.name for path in home.folder.iterdir()} <= {"plugins", "data", "results", "site", "attempts"}
