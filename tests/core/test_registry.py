"""Where a user's things are looked for, in plugin folders that are named and the local one, and how their code is loaded."""

import importlib
import os
import sys
from pathlib import Path

import pytest

from gatebench.core import registry
from gatebench.core.errors import BadInput


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEBENCH_PATH", raising=False)
    for folder in (registry.LOCAL_FOLDER, "named"):
        for kind in registry.BUILT_IN:
            (tmp_path / folder / kind).mkdir(parents=True)
    return tmp_path


def test_the_local_folder_is_searched_for_data_and_never_for_code(here: Path):
    for kind in registry.BUILT_IN:
        expected = [here / registry.LOCAL_FOLDER / kind] if kind in ("conf", "datasets") else []
        assert registry.folders(kind) == [registry.BUILT_IN[kind], *expected]


def test_what_is_named_goes_last_and_so_before(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(
        "GATEBENCH_PATH", os.pathsep.join([str(here / "named"), str(here / "nowhere"), registry.LOCAL_FOLDER])
    )
    assert registry.folders("datasets") == [
        registry.BUILT_IN["datasets"],
        here / registry.LOCAL_FOLDER / "datasets",
        here / "named" / "datasets",
    ]
    for folder, name in ((registry.LOCAL_FOLDER, "mine"), ("named", "mine"), (registry.LOCAL_FOLDER, "other")):
        (here / folder / "datasets" / f"{name}.yaml").touch()
    assert registry.find("datasets", "mine", ".yaml") == here / "named" / "datasets" / "mine.yaml"
    assert registry.find("datasets", "other", ".yaml") == here / registry.LOCAL_FOLDER / "datasets" / "other.yaml"


def test_nothing_replaces_what_the_package_has(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GATEBENCH_PATH", str(here / "named"))
    for place in ("named/cells/gru.py", "named/datasets/jsb_chorales.yaml", "named/datasets/mine.yaml"):
        (here / place).touch()
    assert registry.available("cells", ".py")["gru"] == registry.BUILT_IN["cells"] / "gru.py"
    for kind, name, suffix in (("cells", "gru", ".py"), ("datasets", "jsb_chorales", ".yaml")):
        with pytest.raises(BadInput, match=rf"named/{kind}/{name}{suffix} has the name of one that comes with gatebench"):
            registry.find(kind, name, suffix)
    assert registry.find("cells", "lstm", ".py").is_file()
    assert registry.find("datasets", "mine", ".yaml") == here / "named" / "datasets" / "mine.yaml"


def test_folders_whose_code_may_run_are_named_ones(here: Path, monkeypatch: pytest.MonkeyPatch):
    for folder in (registry.LOCAL_FOLDER, "named"):
        (here / folder / "cells" / "mine.py").touch()
        (here / folder / "figures" / "mine.py").touch()
    assert registry.folders_with_code() == []
    monkeypatch.setenv("GATEBENCH_PATH", str(here / "named"))
    assert registry.folders_with_code() == [here / "named"]


def test_things_are_added_to_the_first_that_is_named(here: Path, monkeypatch: pytest.MonkeyPatch):
    assert registry.local_folder() == Path(registry.LOCAL_FOLDER)
    monkeypatch.setenv("GATEBENCH_PATH", os.pathsep.join([str(here / "named"), str(here / "other")]))
    assert registry.local_folder() == here / "named"


def test_a_local_folder_of_an_earlier_version_is_hinted_at_where_a_name_is_unknown(here: Path):
    with pytest.raises(BadInput, match=r"^unknown datasets 'mine' \(there are: "):
        registry.find("datasets", "mine", ".yaml")
    (here / "gatebench_house").mkdir()
    hint = "gatebench_house/ is called gatebench_local/ now: rename it"
    assert registry.former_folder_hint() == hint
    with pytest.raises(BadInput, match=f"^unknown datasets 'mine'; {hint}"):
        registry.find("datasets", "mine", ".yaml")


# modules of files


PLUGIN = """\
from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Point:
    x: float = NUMBER


NUMBER = Point().x
"""


@pytest.mark.parametrize("kind", ["cells", "figures", "readers"])
def test_a_plugin_with_a_dataclass_is_loaded_once(here: Path, kind: str):
    path = here / "named" / kind / "mine.py"
    path.write_text(PLUGIN.replace("NUMBER", "1.5", 1))
    module = registry.load_module(f"gatebench.{kind}", path)
    assert module.Point.__module__ == module.__name__
    assert sys.modules[module.__name__] is module
    assert module.NUMBER == 1.5
    assert registry.load_module(f"gatebench.{kind}", path) is module
    assert registry.load_module(f"gatebench.{kind}", Path("named", kind, "mine.py")) is module


def test_a_file_of_the_package_is_its_module():
    loaded = registry.load_module("gatebench.cells", registry.BUILT_IN["cells"] / "gru.py")
    assert loaded is importlib.import_module("gatebench.cells.gru")


def test_two_plugin_folders_may_have_files_of_one_name(here: Path):
    paths = [here / folder / "cells" / "gru.py" for folder in (registry.LOCAL_FOLDER, "named")]
    for path in paths:
        path.write_text("HERE = __file__")
    modules = [registry.load_module("gatebench.cells", path) for path in paths]
    assert [module.HERE for module in modules] == [str(path) for path in paths]
    assert importlib.import_module("gatebench.cells.gru") not in modules


def test_a_changed_file_is_loaded_anew(here: Path):
    path = here / "named" / "cells" / "mine.py"
    path.write_text("NUMBER = 1")
    before = registry.load_module("gatebench.cells", path)
    times = path.stat()
    path.write_text("NUMBER = 2")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # the clock of a file system may be that coarse
    assert registry.load_module("gatebench.cells", path).NUMBER == 2
    assert before.NUMBER == 1


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("# a comment\n1 / 0", 2, "ZeroDivisionError: division by zero"),
        ("import nothing_of_this_name", 1, "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("import json\n\njson.loads('{')", 3, "JSONDecodeError"),
        ("\ndef step(x, h, *, W", 2, r"SyntaxError: '\(' was never closed"),
    ],
)
def test_a_file_that_fails_is_named_with_its_line_and_not_remembered(here: Path, text: str, line: int, reason: str):
    path = here / "named" / "cells" / "mine.py"
    path.write_text(text)
    before = {name for name in sys.modules if name.startswith("gatebench_plugin")}
    for _ in range(2):
        with pytest.raises(BadInput, match=rf"^{path}, line {line}: {reason}.*; correct the file$"):
            registry.load_module("gatebench.cells", path)
    assert {name for name in sys.modules if name.startswith("gatebench_plugin")} == before
