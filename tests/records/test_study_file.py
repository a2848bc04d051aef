"""A study's file: points are merged with what is known of them, and no command makes a study smaller."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gatebench.core.errors import BadInput
from gatebench.records import status, study_file
from gatebench.records.schema import Labels
from support.records import LABELS, make_point

PUBLISHED = Path(__file__).resolve().parents[2] / "results"
STUDIES = sorted(path.parent.name for path in PUBLISHED.glob("*/study.json"))
A, B, C, D = ("a" * 16, "b" * 16, "c" * 16, "d" * 16)


def one(results: Path):
    (point,) = study_file.read(results, "some")
    return point


def test_fewer_seeds_than_before_leave_those_that_are_known(tmp_path: Path):
    study_file.add_points(tmp_path, "some", [make_point([A], [B, C])])
    study_file.add_points(tmp_path, "some", [make_point([A], [B])])
    assert one(tmp_path) == make_point([A], [B, C])


def test_further_seeds_are_added(tmp_path: Path):
    study_file.add_points(tmp_path, "some", [make_point([A], [B])])
    study_file.add_points(tmp_path, "some", [make_point([A], [D, B])])
    assert one(tmp_path) == make_point([A], [B, D])


def test_a_plan_forgets_nothing(tmp_path: Path):
    """The command plans for all seeds, a job knows of its own: whoever writes last, both are there."""
    study_file.add_points(tmp_path, "some", [make_point([A], [B], planned=1)])
    study_file.add_points(tmp_path, "some", [make_point([A], [], lr=None, planned=8)])
    assert one(tmp_path) == make_point([A], [B], planned=8)
    study_file.add_points(tmp_path, "some", [make_point([A], [B, C], planned=2)])
    assert one(tmp_path).confirm_planned >= 2
    assert one(tmp_path).confirm == [B, C]


def test_a_job_of_few_seeds_leaves_the_wider_plan(tmp_path: Path):
    study_file.add_points(tmp_path, "some", [make_point([A], [], lr=None, planned=8)])
    study_file.add_points(tmp_path, "some", [make_point([A], [B], planned=3)])
    assert one(tmp_path) == make_point([A], [B], planned=8)


def test_a_search_of_which_every_setting_diverged_plans_nothing(tmp_path: Path):
    study_file.add_points(tmp_path, "some", [make_point([A], [], lr=None, planned=3)])
    hopeless = make_point([A], [], lr=None, planned=0)
    study_file.add_points(tmp_path, "some", [hopeless])
    assert one(tmp_path).confirm_planned == 0


def test_another_selected_setting_has_trials_of_its_own(tmp_path: Path):
    study_file.add_points(tmp_path, "some", [make_point([A], [B, C])])
    study_file.add_points(tmp_path, "some", [make_point([A], [D], lr=0.02)])
    assert one(tmp_path) == make_point([A], [D], lr=0.02)


def test_a_search_that_was_extended_is_still_the_one_that_was_planned(tmp_path: Path):
    """A plan of its first trials makes it no shorter; and it leaves the plan of confirming trials as wide as it was."""
    planned, extended = make_point([A], [], lr=None, planned=8), make_point([A, B], [C], planned=3)
    for point in (planned, make_point([A, B], [], lr=None, planned=3), extended):
        study_file.add_points(tmp_path, "some", [point])
        assert one(tmp_path) == replace(point, confirm_planned=8)
    study_file.add_points(tmp_path, "some", [planned])
    assert one(tmp_path) == replace(extended, confirm_planned=8)
    study_file.add_points(tmp_path, "some", [make_point([A], [D], lr=0.02)])  # a search that may not be extended any more
    assert one(tmp_path) == make_point([A], [D], lr=0.02)


def test_another_search_takes_the_place_of_the_former_one(tmp_path: Path):
    study_file.add_points(tmp_path, "some", [make_point([A], [], lr=None, planned=8)])
    study_file.add_points(tmp_path, "some", [make_point([B], [], lr=None, planned=2)])
    assert one(tmp_path) == make_point([B], [], lr=None, planned=2)


def test_points_of_other_labels_stay(tmp_path: Path):
    other = replace(make_point([A], [B]), labels=replace(LABELS, training="modern search.size=4"))
    study_file.add_points(tmp_path, "some", [make_point([C], [D])])
    study_file.add_points(tmp_path, "some", [other])
    assert study_file.read(tmp_path, "some") == [make_point([C], [D]), other]
    groups = "tiny, units_64, modern", "tiny, units_64, modern search.size=4"
    places = {
        C: (LABELS, "search", 1, groups[0]),
        D: (LABELS, "confirm", 1, groups[0]),
        A: (other.labels, "search", 1, groups[1]),
        B: (other.labels, "confirm", 1, groups[1]),
    }
    assert study_file.studies_of(tmp_path) == {key: {"some": place} for key, place in places.items()}


def test_labels_are_read_as_they_are_written():
    assert str(Labels("a", "b", "c", "d e=1")) == "a, b, c, d e=1"


@pytest.mark.parametrize("study", STUDIES)
def test_a_published_file_stays_byte_for_byte_where_nothing_is_new(tmp_path: Path, study: str):
    """Or else whoever has a published study under git finds it changed by a command that trained nothing."""
    published = study_file.path(PUBLISHED, study).read_bytes()
    copy = study_file.path(tmp_path, study)
    copy.parent.mkdir()
    copy.write_bytes(published)
    points = study_file.read(tmp_path, study)
    study_file.add_points(tmp_path, study, [replace(point, confirm=point.confirm[:1]) for point in points])
    assert copy.read_bytes() == published


def test_a_new_file_is_written_in_the_order_of_the_published_ones(tmp_path: Path):
    """So that a study that grows changes in the lines that are new."""
    study_file.add_points(tmp_path, "some", [make_point([A], [B])])
    orders = [list(json.loads(study_file.path(*of).read_text())) for of in ((tmp_path, "some"), (PUBLISHED, STUDIES[0]))]
    assert orders[0] == orders[1]


def test_the_pipelines_of_a_point_stand_beside_each_other(tmp_path: Path):
    """A first one is written as by versions that had no other."""
    first, second = make_point([A], [B]), make_point([C], [], lr=None, planned=1, pipeline=2)
    study_file.add_points(tmp_path, "some", [first])
    alone = json.loads(study_file.path(tmp_path, "some").read_text())["points"]
    study_file.add_points(tmp_path, "some", [second])
    written = json.loads(study_file.path(tmp_path, "some").read_text())["points"]
    assert alone == {name: point for name, point in written.items() if "pipeline" not in point}
    assert [point.get("pipeline") for point in written.values()] == [None, 2]
    study_file.add_points(tmp_path, "some", [replace(second, selected=first.selected, confirm=[D])])
    assert study_file.read(tmp_path, "some") == [first, make_point([C], [D], pipeline=2)]
    places = {A: ("search", 1), B: ("confirm", 1), C: ("search", 2), D: ("confirm", 2)}
    group = "tiny, units_64, modern"
    assert study_file.studies_of(tmp_path) == {key: {"some": (LABELS, *place, group)} for key, place in places.items()}


@pytest.mark.parametrize("pipeline", [0, -1, 1.5, "2"])
def test_a_pipeline_is_a_number_from_1(tmp_path: Path, pipeline: object):
    study_file.add_points(tmp_path, "some", [make_point([A], [B], pipeline=2)])
    file = study_file.path(tmp_path, "some")
    file.write_text(file.read_text().replace('"pipeline": 2', f'"pipeline": {json.dumps(pipeline)}'))
    with pytest.raises(BadInput, match="damaged"):
        study_file.read(tmp_path, "some")


# Damage

DAMAGED = ["", "{", "[]", "null", "{}", '{"points": []}', '"text"', '{"points": 3}', "\udcff", '{"study": "some", "poi']


def damage(results: Path, text: str, study: str = "some") -> Path:
    path = study_file.path(results, study)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode(errors="surrogateescape"))
    return path


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_of_which_nothing_is_known_is_set_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
):
    path = damage(tmp_path, text)
    with pytest.raises(BadInput, match=r"study\.json is damaged \(.*give the sweep's command again.*retrains nothing"):
        status.describe(tmp_path, "some")
    (aside,) = (tmp_path / "damaged").iterdir()
    assert aside.read_bytes().decode(errors="surrogateescape") == text
    assert f"set aside in {aside}; nothing of it is known; give the sweep's command again" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize("text", DAMAGED)
def test_the_sweep_makes_a_damaged_file_anew(tmp_path: Path, text: str):
    """As if it had not been there: the same, to the byte."""
    study_file.add_points(tmp_path / "whole", "some", [make_point([A], [B])])
    damage(tmp_path, text)
    study_file.add_points(tmp_path, "some", [make_point([A], [B])])
    assert study_file.path(tmp_path, "some").read_bytes() == study_file.path(tmp_path / "whole", "some").read_bytes()
    (aside,) = (tmp_path / "damaged").iterdir()
    assert aside.read_bytes().decode(errors="surrogateescape") == text


@pytest.mark.parametrize("study", STUDIES)
def test_a_damaged_file_of_a_reported_study_is_made_anew_of_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], study: str
):
    """All trials, where they stood; what a report does not say, the sweep's command adds."""
    before = study_file.read(PUBLISHED, study)
    (tmp_path / study).mkdir()
    shutil.copy(PUBLISHED / study / "trials.csv", tmp_path / study)
    path = damage(tmp_path, study_file.path(PUBLISHED, study).read_text()[:-40], study)
    after = {point.name: point for point in study_file.read(tmp_path, study)}
    reported = set(pd.read_csv(path.parent / "trials.csv").key)
    for point in before:
        if reported & set(point.keys):
            made = after[point.name]
            assert (made.search, made.confirm) == (
                [key for key in point.search if key in reported],
                [key for key in point.confirm if key in reported],
            )
            assert made.selected == (point.selected if made.confirm else None)
    assert f"set aside in {tmp_path}/damaged/{study}.study.json." in capsys.readouterr().err
    assert study_file.read(tmp_path, study) == list(after.values())
    assert capsys.readouterr().err == ""
    study_file.add_points(tmp_path, study, before)
    grown = {point.name: point for point in study_file.read(tmp_path, study)}
    assert {point.name: point for point in before}.items() <= grown.items()


def test_other_studies_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    study_file.add_points(tmp_path, "other", [make_point([A], [B])])
    damage(tmp_path, "{")
    assert study_file.studies_of(tmp_path).keys() == {A, B}
    assert "some/study.json is damaged" in capsys.readouterr().err
    assert study_file.studies_of(tmp_path).keys() == {A, B}
    assert capsys.readouterr().err == ""


def test_a_label_that_changed_is_seen(tmp_path: Path):
    """It stands in a file twice."""
    study_file.add_points(tmp_path, "some", [make_point([A], [B])])
    path = study_file.path(tmp_path, "some")
    text = path.read_text()
    damage(tmp_path, text.replace('"gru"', '"gsu"'))
    study_file.add_points(tmp_path, "some", [make_point([A], [B])])
    assert path.read_text() == text
    assert len(list((tmp_path / "damaged").iterdir())) == 1
