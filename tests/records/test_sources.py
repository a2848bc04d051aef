"""What may be merged: a results folder, whole; whatever else is given is one line, and nothing of it is read further."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gatebench import __version__
from gatebench.core.errors import BadInput
from gatebench.records import collection, sources, study_file
from gatebench.records.schema import Labels
from gatebench.records.store import Store
from support.merged import contents
from support.records import WEIGHTS, make_point, make_record

A, B = "a" * 16, "b" * 16


def make_results(folder: Path, study: str = "some") -> Path:
    Store(folder).write(make_record(A), WEIGHTS)
    study_file.add_points(folder, study, [make_point([A], [B])])
    Store(folder).publish(study, [A])
    return folder


def read_all(folder: Path) -> None:
    for place in sources.of_folder(folder).places:
        list(place.records())


def refused(folder: Path, *words: str) -> None:
    """One line with these words."""
    before = contents(folder) if folder.exists() else {}
    with pytest.raises(BadInput) as raised:
        read_all(folder)
    for word in words:
        assert word in str(raised.value)
    assert before == (contents(folder) if folder.exists() else {})


def test_a_folder_has_its_trials_and_what_its_studies_published(tmp_path: Path):
    source = sources.of_folder(make_results(tmp_path))
    assert source.plans == {"some": [make_point([A], [B])]}
    places = [(place.study, [record.key for record in place.records()]) for place in source.places]
    assert places == [(None, [A]), ("some", [A])]
    assert dict(source.places[0].weights(A) or {}).keys() == WEIGHTS.keys()
    assert source.places[0].weights(B) is None
    assert source.places[1].weights(A) is None
    assert source.left_out == []


def test_what_is_no_results_folder_is_said(tmp_path: Path):
    refused(tmp_path / "nowhere", "nowhere", "expected one that has trials/")
    (tmp_path / "trials.txt").write_text("x")
    refused(tmp_path, "is no results folder", "expected one that has trials/")
    refused(make_results(tmp_path / "results") / "some", "folder of one study", str(tmp_path / "results"))


@pytest.mark.parametrize("name", ["study.json", collection.NAME])
@pytest.mark.parametrize("content", [b"", b"{", b"PAR1" * 9, b"\xff" * 99, b"null", b"[" * 9999])
def test_a_damaged_study_is_said(tmp_path: Path, name: str, content: bytes):
    make_results(tmp_path)
    (tmp_path / "some" / name).write_bytes(content)
    refused(tmp_path, str(tmp_path / "some" / name), "damaged")


def test_a_key_that_stands_twice_is_said(tmp_path: Path):
    path = make_results(tmp_path) / "some" / collection.NAME
    table = pd.read_parquet(path)
    pd.concat([table, table]).to_parquet(path)
    refused(tmp_path, str(path), "twice")


def test_a_study_of_a_later_version_is_said(tmp_path: Path):
    """What this version does not know would be lost."""
    file = study_file.path(make_results(tmp_path), "some")
    described = json.loads(file.read_text())
    for point in described["points"].values():
        point["temperature"] = 1
    file.write_text(json.dumps(described))
    refused(tmp_path, str(file), "temperature", __version__, "later version")


@pytest.mark.parametrize(("version", "is_later"), [("99.0.0", True), ("0.1.0.1", False), (__version__, False), ("0", False)])
def test_records_of_a_later_version_stay_out(tmp_path: Path, version: str, is_later: bool):
    record = make_record(A)
    versions = {**record.provenance.versions, "gatebench": version}
    Store(tmp_path).write(replace(record, provenance=replace(record.provenance, versions=versions)), WEIGHTS)
    source = sources.of_folder(tmp_path)
    assert [one.key for one in source.places[0].records()] == ([] if is_later else [A])
    assert len(source.left_out) == is_later
    assert all(A in line and "99.0.0" in line and __version__ in line for line in source.left_out)


@pytest.mark.parametrize("study", ["trials", "logs", "a b", "<script>", "x\x1b[2J", "'", "a" * 201])
def test_a_study_is_called_what_a_sweep_could_call_it(tmp_path: Path, study: str):
    make_results(tmp_path, study)
    refused(tmp_path, "names a study", "expected letters")


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "a\x1b[2J", "<!-- a", "</p>", "x" * 1001, "\u202etxt"])
def test_labels_say_nothing_to_a_browser_or_a_terminal(tmp_path: Path, label: str):
    study_file.add_points(tmp_path, "some", [replace(make_point([], [A]), labels=Labels("t", label, "b", "m"))])
    refused(tmp_path, "study.json: cell", "expected")
