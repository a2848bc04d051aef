"""The import picture: who may import whom. Imports inside functions and for type checkers count like any other."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from bench import places

# Every room (a folder or a file of the package) with what it may import of ours, besides itself; the longest name that
# fits a module is its room. Below all of them lies the ground: the version, places, and checks of values from outside.
GROUND = {"bench", "bench.places", "bench.checks"}
PICTURE = {
    "bench": {"bench.export"},
    "bench.places": set(),
    "bench.checks": {"bench.places"},
    "bench.graph": GROUND,
    "bench.data": GROUND,
    "bench.records": GROUND,
    "bench.cells": {"bench.graph.ops"},
    "bench.engines": GROUND | {"bench.graph"},
    "bench.report": GROUND | {f"bench.records.{name}" for name in ("frame", "study_file", "record", "files", "samples")},
    "bench.progress": GROUND | {"bench.records.files"},
    "bench.stopping": GROUND | {"bench.records.files"},
    "bench.training": GROUND | {"bench.engines", "bench.graph", "bench.data.tasks", "bench.records.record"},
    "bench.job": GROUND | {"bench.training", "bench.data", "bench.graph", "bench.records"},
    "bench.study": GROUND
    | {"bench.job", "bench.stopping", "bench.training", "bench.engines", "bench.data", "bench.graph", "bench.records"},
    "bench.planning": GROUND,
    "bench.speed": GROUND | {"bench.training", "bench.data", "bench.graph", "bench.records"},
    "bench.trained": GROUND | {"bench.data", "bench.graph", "bench.records"},
    "bench.sample": GROUND | {"bench.trained", "bench.training", "bench.data", "bench.graph", "bench.records"},
    "bench.export": GROUND | {"bench.trained", "bench.training", "bench.data", "bench.graph", "bench.records"},
    "bench.cli": {"bench"},
}
ALONE = {"bench", "bench.places", "bench.checks"}  # rooms that are one file: what is below them is another room

# Libraries that are heavy or that would tie the code to one choice, with the only places that know them.
CONFINED = {
    "hydra": ["bench.cli"],
    "omegaconf": ["bench.cli"],
    "mlflow": ["bench.records.track"],
    "matplotlib": ["bench.report"],
    "seaborn": ["bench.report"],
    "llvmlite": ["bench.engines._fused"],
    "jax": ["bench.speed"],
    "onnx": ["bench.export.onnx_file"],
}
WITHOUT_TORCH = ["bench.records.frame", "bench.report", "bench.graph", "bench.places", "bench.checks", "bench.cells"]


def name_of(path: Path) -> str:
    parts = ["bench", *path.relative_to(places.PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(places.PACKAGE.rglob("*.py"))}


def imported(name: str) -> set[str]:
    """Full names of what a module imports, wherever in its text."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports by a relative name"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                # a name inside a module stands for the module; of another's package, the full name is kept
                found.add(node.module if node.module in MODULES and full not in MODULES else full)
    return found


def ours(name: str) -> set[str]:
    return {other for other in imported(name) if other.split(".")[0] == "bench"}


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room(name: str) -> str:
    rooms = [r for r in PICTURE if name == r or (r not in ALONE and within(name, r))]
    assert rooms, f"{name} has no room in the picture"
    return max(rooms, key=len)


def test_the_test_sees_imports():
    # a reader that finds nothing would let everything pass
    assert {"bench.places", "hydra"} <= imported("bench.cli.compose")
    assert {"bench.places", "bench.study"} <= imported("bench.cli.sweep")
    assert {"pandas", "bench.records.study_file", "bench.records.provenance", "bench.job"} <= imported("bench.study")
    assert {"torch", "bench.engines._network"} <= imported("bench.engines._choice")  # the former stands inside a function
    assert ours("bench.cells.gru") == {"bench.graph.ops"}
    assert "mlflow.MlflowClient" in imported("bench.records.track")  # stands inside a function
    assert {room(name) for name in MODULES} >= {"bench.cells", "bench.graph", "bench.report", "bench.study"}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_what_lies_below(name):
    home = room(name)
    for other in ours(name):
        assert other in MODULES, f"{name} imports {other}, which is no module of ours"
        own = home not in ALONE and within(other, home)
        allowed = any(other == target or (target not in ALONE and within(other, target)) for target in PICTURE[home])
        # cells are data: they import the operations and nothing of one another
        allowed = allowed or (own and home != "bench.cells") or home == "bench.cli"
        assert allowed, f"{name} imports {other}"


def test_nobody_imports_cells():
    importers = [name for name in MODULES if any(within(other, "bench.cells") for other in ours(name))]
    assert importers == []


def test_a_cell_imports_its_operations_and_types():
    for name in MODULES:
        if within(name, "bench.cells"):
            assert {other for other in imported(name) if not within(other, "typing")} == {"bench.graph.ops"}, name


def test_no_circles():
    # static_order raises CycleError and names the circle
    order = list(TopologicalSorter({name: ours(name) for name in MODULES}).static_order())
    assert set(order) == set(MODULES)


@pytest.mark.parametrize("library", CONFINED)
def test_a_library_stays_in_its_place(library):
    users = [name for name in MODULES if any(within(other, library) for other in imported(name))]
    assert [user for user in users if not any(within(user, place) for place in CONFINED[library])] == []


def test_frame_and_report_know_no_torch():
    for name in MODULES:
        if any(within(name, place) for place in WITHOUT_TORCH):
            assert not any(within(other, "torch") for other in imported(name)), name
