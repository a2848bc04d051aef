"""``gatebench merge`` as its user meets it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.records import collection, study_file
from gatebench.records.store import Store, read
from support.command_line import CommandLine
from support.merged import contents, every_row
from support.records import WEIGHTS, make_point, make_record

A, B, C = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def folders(gatebench: CommandLine) -> tuple[Path, Path]:
    """The results folder, and that of a colleague, who has one trial more, and one with other numbers."""
    for name, keys in (("results", [A, B]), ("theirs", [A, B, C])):
        store = Store(gatebench.folder / name)
        store.write_all([(make_record(key, epochs=4 if (name, key) == ("theirs", B) else 3), WEIGHTS) for key in keys])
        study_file.add_points(store.results, "some", [make_point(keys[:1], keys[1:])])
    return gatebench.folder / "results", gatebench.folder / "theirs"


def test_a_merge_says_what_came_and_what_to_do_next(gatebench: CommandLine, folders: tuple[Path, Path]):
    results, theirs = folders
    before = contents(theirs)
    planned = gatebench("merge", "theirs", "--dry-run")
    assert "some: 1 trials would come, 1 are here already, 1 have other numbers here, which would stay" in planned.out
    assert not (results / "some" / "replication").exists()
    done = gatebench("merge", "theirs")
    assert (done.code, done.err) == (0, "")
    assert "some: 1 trials came, 1 are here already, 1 have other numbers here, which stay" in done.out
    assert "kept as a replication" in done.out
    assert "next: gatebench report some\n" in done.out
    assert "3 trials are of another version's protocol" in done.out  # whoever made them up hashed nothing
    assert len(every_row(results)) == 4
    assert contents(theirs) == before
    whole = contents(results)
    assert "some: 0 trials came, 2 are here already, 1 have other numbers" in gatebench("merge", "theirs").out
    assert contents(results) == whole


def test_another_folder_is_merged_into(gatebench: CommandLine, folders: tuple[Path, Path]):
    done = gatebench("merge", "theirs", "--results", "third")
    assert "some: 3 trials came, 0 are here already\n" in done.out
    assert "next: gatebench report some --results third\n" in done.out
    assert every_row(gatebench.folder / "third") == every_row(folders[1])


def test_what_stays_out_is_said_and_the_rest_comes(gatebench: CommandLine, folders: tuple[Path, Path]):
    results, theirs = folders
    (theirs / "trials" / C / "record.json").write_text("{")
    done = gatebench("merge", "theirs")
    assert done.code == 2
    assert done.err.startswith("gatebench: 1 record(s) of theirs stay out: record theirs/trials/")
    assert done.err.count("\n") == 1
    assert len(every_row(results)) == 3


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("results", "is the results folder itself"),
        ("nowhere", "expected one that has trials/"),
        ("theirs/some", "folder of one study"),
        ("later", "later version"),
        ("damaged", "damaged"),
    ],
)
def test_a_source_that_is_none_is_one_line(gatebench: CommandLine, folders: tuple[Path, Path], source: str, words: str):
    for name in ("later", "damaged"):
        shutil.copytree(folders[1], gatebench.folder / name)
    file = study_file.path(gatebench.folder / "later", "some")
    file.write_text(file.read_text().replace('"search"', '"temperature": 1, "search"'))
    (gatebench.folder / "damaged" / "some" / collection.NAME).write_bytes(b"PAR1")
    assert words in gatebench.refuses("merge", source)
    assert words in gatebench.refuses("merge", source, "--dry-run")


def test_a_trial_that_is_damaged_here_is_set_aside_and_theirs_comes(gatebench: CommandLine, folders: tuple[Path, Path]):
    results, theirs = folders
    (results / "trials" / B / "record.json").write_text("{")
    done = gatebench("merge", "theirs")
    assert done.code == 0
    assert (
        f"record results/trials/{B} is damaged (record.json does not fit its checksum in SHA256SUMS); set aside" in done.err
    )
    assert "some: 2 trials came, 1 are here already" in done.out
    assert read(results / "trials" / B).summary == read(theirs / "trials" / B).summary


def test_labels_do_nothing_to_a_terminal(gatebench: CommandLine, folders: tuple[Path, Path]):
    _, theirs = folders
    (point,) = study_file.read(theirs, "some")
    study_file.add_points(theirs, "some", [replace(point, labels=replace(point.labels, task="\x1b[2J"))])
    line = gatebench.refuses("merge", "theirs")
    assert "\\x1b[2J" in line
    assert "\x1b" not in line


def test_an_empty_folder_has_nothing(gatebench: CommandLine):
    (gatebench.folder / "empty" / "trials").mkdir(parents=True)
    assert gatebench("merge", "empty").out == "nothing to merge: there is no finished trial\n"
    assert not list((gatebench.folder / "results").glob("*"))
