"""Where things of one's own are looked for: houses that are named, and the one in the working folder, which runs nothing."""

import os
from pathlib import Path

import pytest

from bench import places


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEBENCH_PATH", raising=False)
    for house in (places.HOUSE, "named"):
        for kind in places.OWN:
            (tmp_path / house / kind).mkdir(parents=True)
    return tmp_path


def test_the_house_of_the_working_folder_is_searched_for_data_and_never_for_code(here: Path):
    for kind in places.OWN:
        expected = [here / places.HOUSE / kind] if kind in ("conf", "datasets") else []
        assert places.houses(kind) == [places.OWN[kind], *expected]


def test_what_is_named_goes_last_and_so_before(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GATEBENCH_PATH", os.pathsep.join([str(here / "named"), str(here / "nowhere"), places.HOUSE]))
    assert places.houses("datasets") == [
        places.OWN["datasets"],
        here / places.HOUSE / "datasets",
        here / "named" / "datasets",
    ]
    for house, name in ((places.HOUSE, "mine"), ("named", "mine"), (places.HOUSE, "other")):
        (here / house / "datasets" / f"{name}.yaml").touch()
    assert places.find("datasets", "mine", ".yaml") == here / "named" / "datasets" / "mine.yaml"
    assert places.find("datasets", "other", ".yaml") == here / places.HOUSE / "datasets" / "other.yaml"


def test_things_are_added_to_the_first_that_is_named(here: Path, monkeypatch: pytest.MonkeyPatch):
    assert places.house() == Path(places.HOUSE)
    monkeypatch.setenv("GATEBENCH_PATH", os.pathsep.join([str(here / "named"), str(here / "other")]))
    assert places.house() == here / "named"
