"""Somebody without rights: the user nobody without a home, a checkout that cannot be written, a full TMPDIR."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from support.commands import COMMAND, result_columns, sweep, without_compile_lines
from support.datasets import Tiny, make_tiny

pytestmark = pytest.mark.cluster

NOBODY = 65534
STUDY = [
    "cell=rnn,gru", "task=tiny", "budget=units_64", "budget.units=6", "training.epochs=2", "search.size=2",
    "population.seeds=[1,2]",
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("strangers"))


@pytest.fixture(scope="module")
def undisturbed(home: Tiny) -> pd.DataFrame:
    sweep(home, *STUDY, "publish=false", "hydra/launcher=basic", results=home.folder / "undisturbed")
    return result_columns(home.folder / "undisturbed")


def run_as_nobody(home: Tiny, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A command of a user who owns nothing and has no home; what is read lies in folders of root alone."""
    rights = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    reads = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    names = ("HOME", "XDG_CACHE_HOME", "GATEBENCH_CACHE", "MPLCONFIGDIR", "USER", "LOGNAME")
    environment = {name: value for name, value in home.env.items() if name not in names}
    return subprocess.run(
        ["setpriv", *rights, *reads, COMMAND, *words], env={**environment, **env}, cwd=home.folder,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A folder for what is temporary without any room."""
    place = tmp_path / "full"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=1777", "tmpfs", place], check=True)
    (place / "filler").write_bytes(bytes(4096))
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A results folder that belongs to nobody."""
    folder = tmp_path / "results"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    return folder


def test_nobody_comes_to_the_same_numbers_and_writes_into_the_results_alone(
    home: Tiny, mine: Path, undisturbed: pd.DataFrame
):
    before = {path: path.stat().st_mtime_ns for path in home.folder.rglob("*")}
    done = run_as_nobody(home, "sweep", *STUDY, f"results={mine}")
    assert (done.returncode, without_compile_lines(done.stderr)) == (0, "")
    pd.testing.assert_frame_equal(result_columns(mine), undisturbed, check_exact=True)
    for words in (["status", "adhoc"], ["report", "adhoc"], ["publish", "adhoc"]):
        done = run_as_nobody(home, *words, "--results", str(mine))
        assert (done.returncode, without_compile_lines(done.stderr)) == (0, "")
    assert (mine / "adhoc" / "report.html").is_file()
    assert {path: path.stat().st_mtime_ns for path in home.folder.rglob("*")} == before


def test_nobody_is_told_in_a_line_where_nothing_can_be_written(home: Tiny, tmp_path: Path):
    done = run_as_nobody(home, "sweep", *STUDY, f"results={tmp_path / 'of_root'}")
    assert done.returncode == 2
    (line,) = without_compile_lines(done.stderr).splitlines()
    assert "cannot be written (Permission denied)" in line


@pytest.mark.parametrize("as_nobody", [True, False])
def test_a_full_folder_for_what_is_temporary_costs_nothing(
    home: Tiny, full: Path, mine: Path, undisturbed: pd.DataFrame, as_nobody: bool
):
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        if as_nobody:
            return run_as_nobody(home, *words, TMPDIR=str(full))
        environment = {**home.env, "TMPDIR": str(full)}
        return subprocess.run(
            [COMMAND, *words], env=environment, cwd=home.folder, capture_output=True, text=True, check=False
        )

    for words in (["sweep", *STUDY, f"results={mine}"], ["report", "adhoc", "--results", str(mine)]):
        done = run(*words)
        assert (done.returncode, without_compile_lines(done.stderr)) == (0, "")
    pd.testing.assert_frame_equal(result_columns(mine), undisturbed, check_exact=True)
