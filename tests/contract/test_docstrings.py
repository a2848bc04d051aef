"""Whoever hovers over a public name of the package reads a sentence about it.

Of module constants, too, which no linter asks for: their docstring stands below them. Where a field has a docstring, it is
held to the same rule.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebench.core import registry

MODULES = {str(path.relative_to(registry.PACKAGE)): path for path in sorted(registry.PACKAGE.rglob("*.py"))}
STATED_BY_PLACE = {
    "cells": {"PAPER", "step", "sizes", "initial"},
    "cli/commands": {"SUMMARY", "GROUP"},
    "ingest/readers": {"SUFFIXES", "MOST_FILES"},
    "report/figures": {"ORDER", "TITLE", "CAPTION", "NOTES", "BY_GROUP"},
}
"""Folder -> the names that each of its files states; what they mean is said once, in the module that reads them."""
FRAGMENTS = ("Of ", "As ", "And ", "Those ", "So is ", "So are ", "None.", "The same ")
"""Beginnings of what is no sentence of its own, because it leans on the definition above it."""
FEWEST_WORDS = 4


def docstring_below(body: list[ast.stmt], place: int) -> str | None:
    """The text that stands below an assignment."""
    below = body[place + 1] if place + 1 < len(body) else None
    if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
        return below.value.value
    return None


def public_names(statement: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return [name for name in names if not name.startswith("_")]


def definitions(body: list[ast.stmt], owner: str = "") -> Iterator[tuple[str, str | None]]:
    """Public constants, functions and classes with their methods, each with its docstring; fields that have one."""
    for place, statement in enumerate(body):
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            text = docstring_below(body, place)
            if not owner or text is not None:
                yield from ((owner + name, text) for name in public_names(statement))
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef) and not statement.name.startswith("_"):
            yield owner + statement.name, ast.get_docstring(statement)
            if isinstance(statement, ast.ClassDef):
                yield from definitions(statement.body, f"{statement.name}.")


def fault(text: str | None) -> str | None:
    """What is wrong with a docstring; None: nothing."""
    if text is None:
        return "missing"
    summary = text.strip().split("\n\n")[0]
    if len(summary.split()) < FEWEST_WORDS:
        return "too short"
    if not (summary[0] in "`(" or summary[0].isupper() or summary[0].isdigit()):
        return "begins with a small letter"
    return "a fragment" if summary.startswith(FRAGMENTS) or summary.endswith(",") else None


def faults(module: str) -> list[str]:
    tree = ast.parse(MODULES[module].read_text())
    stated = STATED_BY_PLACE.get(Path(module).parent.as_posix(), set())
    documented = [("the module", ast.get_docstring(tree)), *definitions(tree.body)]
    return [f"{name}: {wrong}" for name, text in documented if name not in stated and (wrong := fault(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "missing"),
        ("A number.", "too short"),
        ("number of rows of a matrix", "begins with a small letter"),
        ("Of the members in their order.", "a fragment"),
        ("Rows of the first matrix,", "a fragment"),
        ("Rows of the first matrix.", None),
        ("``cell`` is the name of one.", None),
    ],
)
def test_what_is_no_sentence_is_seen(text: str | None, expected: str | None):
    assert fault(text) == expected


def test_all_kinds_of_definitions_are_seen():
    source = 'A = 1\n_B = 2\nclass C:\n    x: int\n    y: int\n    """Why."""\n    def f(self): ...\n'
    assert list(definitions(ast.parse(source).body)) == [("A", None), ("C", None), ("C.y", "Why."), ("C.f", None)]


@pytest.mark.parametrize("module", MODULES)
def test_public_names_are_documented(module: str):
    assert faults(module) == []
