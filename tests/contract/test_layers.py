"""The import picture: which room may import which. Imports inside functions and for type checkers count like any other.

A room is a folder of the package. Arrows point down only: from a room to one that stands below it.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from gatebench.core import registry

# Room -> the rooms that it may import, besides itself; the package's own face is the room "gatebench".
PICTURE: dict[str, set[str]] = {
    "core": set(),
    "graph": {"core"},
    "data": {"core"},
    "records": {"core"},
    "cells": {"graph"},
    "ingest": {"core", "data"},
    "report": {"core", "records"},
    "engines": {"core", "graph"},
    "training": {"core", "graph", "data", "engines"},
    "study": {"core", "graph", "data", "records", "engines", "training"},
    "models": {"core", "graph", "data", "records", "engines", "training"},
    "speed": {"core", "graph", "data", "records", "engines", "training", "models"},
    "cli": {"core", "graph", "data", "records", "ingest", "report", "engines", "training", "study", "models", "speed"},
}
FACE = "gatebench"
"""The public face, ``gatebench/__init__.py``: it may import any room, inside its functions; only its version is imported."""
IMPORTERS_OF_THE_FACE = {"records", "cli"}

# Libraries that are heavy or that would tie the code to one choice, with the only places that know them.
CONFINED = {
    "hydra": ["gatebench.cli"],
    "omegaconf": ["gatebench.cli"],
    "mlflow": ["gatebench.records.mlflow"],
    "matplotlib": ["gatebench.report"],
    "seaborn": ["gatebench.report"],
    "llvmlite": ["gatebench.engines.fused_cpu"],
    "jax": ["gatebench.speed"],
    "onnx": ["gatebench.models.export.onnx_file"],
    "onnxruntime": ["gatebench.speed.inference"],
}
WITHOUT_TORCH = ["gatebench.core", "gatebench.graph", "gatebench.cells", "gatebench.records.frame", "gatebench.report"]
MOST_ARROWS, MOST_ROOMS, MOST_LINES = 45, 14, 350
DIALECT = ("found", "own", "told", "kept", "way")
"""Words that say nothing of what a variable holds."""


def name_of(path: Path) -> str:
    parts = ["gatebench", *path.relative_to(registry.PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(registry.PACKAGE.rglob("*.py"))}


@cache
def imported(name: str) -> frozenset[str]:
    """Full names of what a module imports, wherever in its text."""
    names = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports by a relative name"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                # a name inside a module stands for the module; of another's package, the full name is kept
                names.add(node.module if node.module in MODULES and full not in MODULES else full)
    return frozenset(names)


def imported_of_ours(name: str) -> set[str]:
    return {other for other in imported(name) if other.split(".")[0] == "gatebench"}


def within(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")


def room(name: str) -> str:
    parts = name.split(".")
    return FACE if len(parts) == 1 else parts[1]


@cache
def arrows() -> frozenset[tuple[str, str]]:
    """Pairs of rooms of which the first imports the second."""
    pairs = {(room(name), room(other)) for name in MODULES for other in imported_of_ours(name)}
    return frozenset((a, b) for a, b in pairs if a != b)


def arrows_between_rooms() -> set[tuple[str, str]]:
    """The pairs of which neither is the public face, which hands on what any room does."""
    return {pair for pair in arrows() if FACE not in pair}


def test_the_reader_of_imports_sees_them():
    # a reader that finds nothing would let everything pass
    assert {"gatebench.core.errors", "hydra"} <= imported("gatebench.cli.compose")
    assert imported_of_ours("gatebench.cells.gru") == {"gatebench.graph.ops"}
    assert "mlflow.MlflowClient" in imported("gatebench.records.mlflow")  # stands inside a function
    assert len(arrows()) > 20


def test_every_room_is_in_the_picture_and_they_are_few():
    rooms = {room(name) for name in MODULES} - {FACE}
    assert rooms == set(PICTURE)
    assert len(rooms) <= MOST_ROOMS
    assert len(arrows_between_rooms()) <= MOST_ARROWS


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_what_lies_below(name: str):
    home = room(name)
    for other in imported_of_ours(name):
        assert other in MODULES, f"{name} imports {other}, which is no module of ours"
        target = room(other)
        if target == FACE:
            assert home in IMPORTERS_OF_THE_FACE, f"{name} imports the public face"
        elif home != FACE:
            # cells are data: they import the operations and nothing of one another
            assert target in PICTURE[home] or (target == home != "cells"), f"{name} imports {other}"


def test_no_arrow_runs_back_up():
    # static_order raises CycleError and names the circle: of rooms, and of files
    list(TopologicalSorter({a: {b for x, b in arrows() if x == a and b != FACE} for a in PICTURE}).static_order())
    order = list(TopologicalSorter({name: imported_of_ours(name) - {FACE} for name in MODULES}).static_order())
    assert set(order) >= set(MODULES) - {FACE}


def test_nobody_imports_cells():
    assert [a for a, b in arrows() if b == "cells"] == []


def test_a_cell_imports_its_operations_and_types():
    for name in MODULES:
        if room(name) == "cells":
            others = {other for other in imported(name) if not within(other, "typing")}
            assert others - {"gatebench.graph.initial"} == {"gatebench.graph.ops"}, name


@pytest.mark.parametrize("library", CONFINED)
def test_a_library_stays_in_its_place(library: str):
    users = [name for name in MODULES if any(within(other, library) for other in imported(name))]
    assert users, library
    assert [user for user in users if not any(within(user, place) for place in CONFINED[library])] == []


def test_frame_and_report_know_no_torch():
    for name in MODULES:
        if any(within(name, place) for place in WITHOUT_TORCH):
            assert not any(within(other, "torch") for other in imported(name)), name


@pytest.mark.parametrize("name", MODULES)
def test_a_file_is_read_in_one_sitting(name: str):
    assert len(MODULES[name].read_text().splitlines()) <= MOST_LINES


def nodes() -> Iterator[ast.AST]:
    """Every node of every module's syntax tree."""
    for path in MODULES.values():
        yield from ast.walk(ast.parse(path.read_text()))


def classes_of_one_name() -> list[str]:
    names = Counter(node.name for node in nodes() if isinstance(node, ast.ClassDef))
    return sorted(name for name, count in names.items() if count > 1)


def identifiers() -> Counter[str]:
    """How often each name is used or defined: of variables, arguments, attributes, functions and classes."""
    names: Counter[str] = Counter()
    for node in nodes():
        for field in ("id", "attr", "arg", "name"):
            if isinstance(name := getattr(node, field, None), str):
                names[name] += 1
    return names


def levels() -> int:
    """Rooms of the longest way down, the lowest and the highest one included."""
    depth: dict[str, int] = {}
    for home in TopologicalSorter({a: {b for x, b in arrows() if x == a and b != FACE} for a in PICTURE}).static_order():
        depth[home] = 1 + max((depth[b] for a, b in arrows() if a == home and b != FACE), default=0)
    return max(depth.values())


def test_a_class_name_stands_for_one_class():
    assert classes_of_one_name() == []


def numbers() -> dict[str, object]:
    """The table "The house in numbers" of CONTRIBUTING.md: row -> number."""
    longest = max(MODULES, key=lambda name: len(MODULES[name].read_text().splitlines()))
    counts = identifiers()
    return {
        "rooms, the public face included": len({room(name) for name in MODULES}),
        "levels that rooms stand on": levels(),
        "arrows between rooms": len(arrows_between_rooms()),
        "longest file, lines": f"{len(MODULES[longest].read_text().splitlines())} ({longest})",
        "uses of `Any`": counts["Any"],
        "class names that stand for several classes": len(classes_of_one_name()),
        "names of the former dialect": sum(counts[name] for name in DIALECT),
    }


if __name__ == "__main__":
    for row, number in numbers().items():
        print(f"{row}: {number}")
