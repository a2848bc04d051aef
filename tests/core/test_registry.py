"""Where things of one's own are looked for: houses that are named, and the one in the working folder, which runs nothing."""

import os
from pathlib import Path

import pytest

from gatebench.core import registry


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEBENCH_PATH", raising=False)
    for house in (registry.LOCAL_FOLDER, "named"):
        for kind in registry.BUILT_IN:
            (tmp_path / house / kind).mkdir(parents=True)
    return tmp_path


def test_the_house_of_the_working_folder_is_searched_for_data_and_never_for_code(here: Path):
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
    for house, name in ((registry.LOCAL_FOLDER, "mine"), ("named", "mine"), (registry.LOCAL_FOLDER, "other")):
        (here / house / "datasets" / f"{name}.yaml").touch()
    assert registry.find("datasets", "mine", ".yaml") == here / "named" / "datasets" / "mine.yaml"
    assert registry.find("datasets", "other", ".yaml") == here / registry.LOCAL_FOLDER / "datasets" / "other.yaml"


def test_things_are_added_to_the_first_that_is_named(here: Path, monkeypatch: pytest.MonkeyPatch):
    assert registry.local_folder() == Path(registry.LOCAL_FOLDER)
    monkeypatch.setenv("GATEBENCH_PATH", os.pathsep.join([str(here / "named"), str(here / "other")]))
    assert registry.local_folder() == here / "named"
