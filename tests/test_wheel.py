"""What is built for release: a wheel with one top-level module, which runs the demonstration from an unrelated folder."""

import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution of this checkout, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)], check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (built,) = distributions.glob("*.whl")
    return built


def test_the_source_distribution_holds_what_its_tests_need_and_no_results(distributions: Path):
    (built,) = distributions.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {name.partition("/")[0] for name in names} == {
        *("bench", "conf", "datasets", "docs", "tests"),
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff", "LICENSE", "PKG-INFO"),
        *("Makefile", "constraints.txt", "pyproject.toml", ".gitignore"),
    }
    assert {"tests/support/datasets.py", "bench/gatebench/py.typed", "docs/cell.md"} <= names
    assert not [name for name in names if name.startswith("datasets/cache")]


def test_the_wheel_holds_code_configuration_and_cards_and_nothing_else(wheel: Path):
    names = [name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name]
    # Neither conf/ nor datasets/ may become a package of its own: the second is another project's name.
    assert {name.partition("/")[0] for name in names} == {"gatebench"}
    assert {
        "gatebench/conf/config.yaml",
        "gatebench/conf/hydra/launcher/local.yaml",
        "gatebench/datasets/jsb_chorales.yaml",
    } <= set(names)
    page = {f"gatebench/report/page/page.{kind}" for kind in ("html.j2", "css", "js")}
    assert page | {"gatebench/py.typed"} <= set(names)
    assert {Path(name).suffix for name in names} == {".py", ".yaml", ".csv", ".j2", ".css", ".js", ".typed"}


def test_an_installed_wheel_runs_the_demonstration(wheel: Path, tmp_path: Path):
    environment, home, empty = tmp_path / "environment", tmp_path / "home", tmp_path / "empty"
    venv.create(environment)
    for folder in (home, empty):
        folder.mkdir()
    # Python compiles what the commands import; pip would compile all of torch.
    pip = [sys.executable, "-m", "pip", "--python", str(environment), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-compile", "-c", str(ROOT / "constraints.txt"), f"{wheel}[bach]"], check=True)
    # Nothing of this checkout or of its user may help.
    inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    env = {**inherited, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}

    def gatebench(*words: str) -> str:
        command = [str(environment / "bin" / "gatebench"), *words]
        return subprocess.run(command, env=env, cwd=empty, stdout=subprocess.PIPE, text=True, check=True).stdout

    assert gatebench("sweep", "study=demo").endswith("demo: all trials are finished\nnext: gatebench report demo\n")
    assert len(gatebench("sample", "demo").splitlines()) == 2 * 2 * 4
    assert gatebench("report", "demo") == "results/demo/report.html\n"
    assert (empty / "results" / "demo" / "report.html").stat().st_size > 100_000
    assert {path.name for path in empty.iterdir()} == {"results"}
    assert gatebench("sweep", "study=demo").startswith("demo: nothing to train")
