"""A folder that one stands in may hold files called like modules: no process of a command imports them."""

import ast
import subprocess
from pathlib import Path

import pytest

from gatebench.core import registry
from gatebench.speed import studies
from support.commands import COMMAND
from support.datasets import Tiny, make_tiny

STUDY = [
    "cell=gru", "task=tiny", "budget=units_64", "budget.units=4", "training.epochs=1", "search.size=1",
    "population.seeds=[1]", "publish=false", "name=timed",
]  # fmt: skip
"""One trial of its search and one confirming trial."""
MODULES = [
    "gatebench", "hydra", "hydra_plugins/evil", "joblib", "json", "mlflow", "numpy", "sitecustomize", "submitit", "torch",
    "usercustomize", "yaml",
]  # fmt: skip
LEAVES_A_MARK = "import sys; open('mark', 'a').write(f'{__name__} of {sys.orig_argv}\\n')"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A small data set; the folder that tests stand in has modules that write down who imports them."""
    home = make_tiny(tmp_path_factory.mktemp("interpreters"))
    for name in MODULES:
        path = home.folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(LEAVES_A_MARK)
    return home


def mark(home: Tiny) -> str:
    path = home.folder / "mark"
    return path.read_text() if path.exists() else ""


def train(home: Tiny, launcher: str) -> Path:
    """Results of a sweep by a launcher."""
    results = home.folder / f"results-{launcher}"
    words = [COMMAND, "sweep", *STUDY, f"hydra/launcher={launcher}", f"results={results}"]
    subprocess.run(words, env=home.env, cwd=home.folder, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    return results


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_launchers_of_plugins_train_with_the_libraries_that_are_installed(home: Tiny, launcher: str):
    results = train(home, launcher)
    assert mark(home) == ""
    assert len(list(results.glob("trials/*/record.json"))) == 2


def test_workers_and_a_plain_script_that_studies_are_timed_against_do_so(home: Tiny, monkeypatch: pytest.MonkeyPatch):
    trials = studies._trials(train(home, "local"))
    assert len(trials) == 2
    monkeypatch.chdir(home.folder)
    for name in ("GATEBENCH_PATH", "GATEBENCH_DATA"):
        monkeypatch.setenv(name, home.env[name])
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    studies._script(trials[0])
    assert mark(home) == ""


def test_every_python_that_the_package_starts_is_started_so():
    starts = 0
    for path in registry.PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "sys.executable" in text:
            names = [ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]
            assert "interpreters.ENVIRONMENT" in names, path
            starts += 1
    assert starts >= 3
