"""A machine that gives little: optimised Python, no HOME, 64 open files, one core, ASCII, no terminal, an odd folder."""

import ast
import os
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from gatebench.core import registry
from support.command_line import CommandResult
from support.commands import result_columns, sweep, without_compile_lines
from support.datasets import Tiny

MAIN = "from gatebench.cli import main; main()"
STUDY = [
    "cell=rnn,gru", "task=tiny", "budget=units_64", "budget.units=6", "training.epochs=2", "search.size=2",
    "population.seeds=[1,2]", "publish=false",
]  # fmt: skip
POOR = {
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "TMPDIR": "/nowhere",
    "PYTHONWARNINGS": "error",
}
"""An encoding that knows ASCII alone, no folder for what is temporary, and no warning that passes."""
TEXT_METHODS = {"read_text", "write_text"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name needs quotes everywhere."""
    path = tmp_path_factory.mktemp("environment") / "größe \"of' $it\nall"
    path.mkdir()
    return path


def _restrict() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def run(home: Tiny, folder: Path, *words: str) -> CommandResult:
    """A command of optimised Python in the poor environment, in its folder."""
    env = {name: value for name, value in home.env.items() if name not in ("HOME", "LANG", "LC_CTYPE")}
    done = subprocess.run(
        [sys.executable, "-O", "-c", MAIN, *words], env={**env, **POOR}, cwd=folder, capture_output=True,
        stdin=subprocess.DEVNULL, preexec_fn=_restrict, check=False,
    )  # fmt: skip
    errors = without_compile_lines(done.stderr.decode(errors="replace"))
    return CommandResult(done.returncode, done.stdout.decode(errors="replace"), errors)


@pytest.fixture(scope="module")
def poor(home: Tiny, folder: Path) -> CommandResult:
    return run(home, folder, "sweep", *STUDY)


def test_a_study_comes_to_the_same_numbers(home: Tiny, folder: Path, poor: CommandResult, tmp_path: Path):
    assert (poor.code, poor.err) == (0, "")
    sweep(home, *STUDY, "hydra/launcher=basic", results=tmp_path / "results")
    pd.testing.assert_frame_equal(result_columns(folder / "results"), result_columns(tmp_path / "results"), check_exact=True)


@pytest.mark.usefixtures("poor")
@pytest.mark.parametrize("words", ["report adhoc", "cells lstm", "data list"])
def test_other_commands_work(home: Tiny, folder: Path, words: str):
    result = run(home, folder, *words.split())
    assert (result.code, result.err) == (0, "")
    assert result.out


@pytest.mark.parametrize("words", ["sweep cell=größe", "count gru --inputs 0 --units 4"])
def test_refusals_are_the_same_line(home: Tiny, folder: Path, words: str):
    before = sorted(folder.iterdir())
    result = run(home, folder, *words.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1, result.err
    assert sorted(folder.iterdir()) == before


def _calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", sorted(registry.PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_texts_are_in_the_encoding_that_is_named_and_asserts_tell_types_alone(path: Path):
    """Or else a file would be read otherwise on another machine, or a check be none under ``python -O``."""
    for call in _calls(path):
        if isinstance(call.func, ast.Attribute) and call.func.attr in TEXT_METHODS:
            assert "encoding" in {keyword.arg for keyword in call.keywords} or len(call.args) > 1, ast.unparse(call)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assert):
            test = ast.unparse(node.test)
            assert test.endswith(" is not None") or test.startswith("isinstance(") or isinstance(node.test, ast.Attribute)
