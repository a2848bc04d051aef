"""Studies that several files look at, each trained once."""

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from support.commands import COMMAND, LONG, SMALL, result_columns, sweep, without_compile_lines
from support.datasets import Tiny, make_tiny


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The small set of music, for tests that share what they train."""
    return make_tiny(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def finished(home: Tiny) -> Path:
    """Results of a finished study, run as its user does. Tests look at it and work on copies."""
    results = home.folder / "finished"
    command = [COMMAND, "sweep", *SMALL, f"results={results}"]
    run = subprocess.run(command, env=home.env, cwd=home.folder, capture_output=True, text=True, check=True)
    assert without_compile_lines(run.stderr) == ""
    assert run.stdout == (
        "adhoc: 8 trials in 2 job(s), 0 finished, 8 to train\n"
        f"adhoc: all trials are finished\nnext: gatebench report adhoc --results {results}\n"
    )
    return results


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, for a test that changes it."""
    return Path(shutil.copytree(finished, tmp_path / "results"))


@pytest.fixture(scope="session")
def undisturbed(home: Tiny) -> pd.DataFrame:
    """What a study that can be interrupted comes to without an interruption."""
    results = home.folder / "undisturbed"
    sweep(home, *LONG, results=results)
    trials = result_columns(results)
    assert len(trials) == 8 * 3
    return trials
