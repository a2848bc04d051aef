"""The tests themselves: what they share stands in ``tests/support``, and no test module needs another one."""

import ast
import re
from pathlib import Path

import pytest

from gatebench.core import registry

TESTS = Path(__file__).parents[1]
MODULES = {path.relative_to(TESTS).as_posix(): path for path in sorted(TESTS.rglob("*.py"))}
OTHERS = {path.stem for path in MODULES.values() if path.name.startswith("test_") or path.name == "conftest.py"}


def imported_names(text: str) -> set[str]:
    """First words of all that a text imports, wherever in it, programs for other processes in its strings included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." if node.level else (node.module or "").split(".")[0])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "import" in node.value:
            lines = (line.split() for line in node.value.splitlines())
            names |= {words[1].split(".")[0] for words in lines if len(words) > 1 and words[0] in ("from", "import")}
    return names


@pytest.mark.parametrize("name", MODULES)
def test_no_test_module_imports_another(name: str):
    assert imported_names(MODULES[name].read_text()) & (OTHERS | {".", "tests"}) == set()


def test_an_import_is_noticed_wherever_it_stands():
    text = 'PROGRAM = """\n    from spam import a\n"""\ndef f():\n    import ham\n'
    assert imported_names(text) == {"spam", "ham"}


def test_marks_stand_in_the_files_that_they_are_about():
    """Where make looks for them: ``make test-data`` reads the files alone that have the mark in their text."""
    others = [name for name, path in MODULES.items() if not path.name.startswith("test_")]
    assert [name for name in others if re.search(r"mark\.(data|cluster|timed|gpu|wheel)\b", MODULES[name].read_text())] == []


def test_support_holds_no_tests_but_those_that_tests_of_cells_inherit():
    assert [name for name in MODULES if name.startswith("support/") and "def test_" in MODULES[name].read_text()] == [
        "support/cells.py"
    ]


@pytest.mark.parametrize("cell", sorted(path.stem for path in (registry.PACKAGE / "cells").glob("*.py")))
def test_every_cell_is_tested_against_its_equations(cell: str):
    text = MODULES[f"cells/test_{cell}.py"].read_text()
    assert re.search(r"\((CellLaws|OracleLaws)\):", text), "its class has the laws of cells, or those with an oracle"
    assert f'    name = "{cell}"\n' in text
