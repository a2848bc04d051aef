"""The help of the command and of each subcommand; it waits for no heavy library."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebench.cli import parser
from gatebench.cli.compose import GROUPS
from gatebench.core import documentation, registry
from support.command_line import CommandLine
from support.datasets import Tiny

COMMANDS = [
    "cells", "compare", "completion", "count", "dashboard", "data", "export", "merge", "pack", "publish", "report",
    "sample", "speed", "status", "submit", "sweep",
]  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "mlflow", "seaborn", "matplotlib", "pandas", "numpy", "scipy", "hydra", "joblib"}
"""What takes longer to import than a help may take to appear."""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(gatebench: CommandLine, command: str):
    result = gatebench(command, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"usage: gatebench {command}")
    assert "==" not in result.out
    assert len(result.out) > 100


def test_help_lists_every_command(gatebench: CommandLine):
    result = gatebench("--help")
    assert result.code == 0
    listed, _, examples = result.out.partition("examples:")
    assert sorted(re.findall(r"^  (\w+)", listed, re.MULTILINE)) == COMMANDS
    assert [group for group in re.findall(r"^(\w+):", listed, re.MULTILINE) if group != "usage"] == list(parser.GROUPS)
    assert all(line.split()[1] in COMMANDS for line in examples.splitlines() if line.startswith("  "))
    assert gatebench().out == result.out


def test_a_sweep_of_nothing_is_its_help(gatebench: CommandLine, tmp_path: Path):
    """It would train, for hours, what nobody asked for."""
    assert gatebench("sweep").out == gatebench("sweep", "--help").out


@pytest.mark.parametrize(
    ("typed", "meant"), [("swep", "sweep"), ("comapre", "compare"), ("datas", "data"), ("cell", "cells")]
)
def test_a_mistyped_command_gets_the_nearest(gatebench: CommandLine, typed: str, meant: str):
    result = gatebench(typed, "x")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(
        f"gatebench: unknown command '{typed}'; did you mean '{meant}'? (there are: cells, compare,"
    )
    assert result.err.count("\n") == 1


def test_a_flag_that_no_command_has_is_named(gatebench: CommandLine):
    result = gatebench("count", "--nothing")
    assert result.code == 2
    assert "--nothing" in result.err or "required" in result.err


def test_help_of_a_sweep_lists_every_choice(gatebench: CommandLine):
    result = gatebench("sweep", "--help")
    for group in GROUPS:
        for choice in registry.available("conf", ".yaml", group):
            assert choice in result.out


def imported_by(home: Tiny, folder: Path, program: str, **environment: str) -> set[str]:
    """Top-level names of what a program has imported when it ends."""
    ending = "import atexit, sys; atexit.register(lambda: print('\\n' + '+'.join(sys.modules)))\n"
    command = [sys.executable, "-c", ending + program]
    env = {**home.env, **environment}
    run = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split("+"))


@pytest.mark.parametrize("words", [["--help"], ["completion", "--query"], ["sweep", "--help"], ["compare", "--help"]])
def test_help_and_tab_do_not_wait_for_a_heavy_library(home: Tiny, tmp_path: Path, words: list[str]):
    program = f"from gatebench import cli; sys.argv = {['gatebench', *words]}; cli.main()"
    line = "gatebench sweep cell=g"
    names = imported_by(home, tmp_path, program, COMP_LINE=line, COMP_POINT=str(len(line)))
    assert "gatebench.cli" in names
    assert names & HEAVY == set()


def test_no_module_of_the_command_line_imports_a_heavy_library(home: Tiny, tmp_path: Path):
    folder = registry.PACKAGE / "cli"
    modules = [path.relative_to(registry.PACKAGE.parent).with_suffix("") for path in folder.rglob("*.py")]
    names = [".".join(module.parts) for module in modules if module.name != "__init__"]
    assert len(names) > 15
    imported = imported_by(home, tmp_path, f"import {', '.join(names)}")
    assert set(names) <= imported
    assert imported & HEAVY == set()


NAMED = re.compile(r"(?<![\w./-])(?:docs|conf)/\w[\w./-]*\.(?:md|ya?ml)")
"""A page or a file of settings by its path in the repository, which an installed package does not have."""


def texts(file: Path) -> Iterator[str]:
    """What a module of the package may print: its texts but for docstrings, and for paths of which an address is made."""
    tree = ast.parse(file.read_text())
    docstrings = {statement.value for statement in ast.walk(tree) if isinstance(statement, ast.Expr)}
    calls = [call for call in ast.walk(tree) if isinstance(call, ast.Call)]
    paths = {word for call in calls if getattr(call.func, "id", "") == "address" for word in call.args}
    for node in set(ast.walk(tree)) - docstrings - paths:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_text_names_a_page_without_its_address():
    """Whoever installed the package has no folder of pages."""
    modules = sorted(registry.PACKAGE.rglob("*.py"))
    named = {(file.name, page) for file in modules for text in texts(file) for page in NAMED.findall(text)}
    assert named == {("plugin_conf.py", "conf/study/NAME.yaml")}  # in a folder of the user's
    templates = [*registry.PACKAGE.rglob("*.j2"), *registry.PACKAGE.rglob("*.js")]
    assert len(templates) >= 3
    assert [file.name for file in templates if NAMED.search(file.read_text())] == []


def test_addresses_in_a_help_are_of_files_that_are_there(gatebench: CommandLine):
    shown = [gatebench(*words, "--help").out for words in (["sweep"], ["data", "add"])]
    paths = {path for text in shown for path in re.findall(rf"{re.escape(documentation.ADDRESS)}([\w./-]+)", text)}
    assert paths == {"conf/config.yaml", "docs/slurm.md", "docs/own-data.md"}
    assert [path for path in paths if not (ROOT / path).is_file()] == []
