"""``gatebench submit`` as its user meets it, and what a maintainer does with what it wrote."""

from pathlib import Path

import pytest

from gatebench.records import study_file
from gatebench.records.store import Store
from support.command_line import CommandLine
from support.merged import every_row
from support.records import WEIGHTS, make_point, make_record

A, B, C = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def results(gatebench: CommandLine) -> Path:
    store = Store(gatebench.folder / "results")
    store.write_all([(make_record(key), WEIGHTS) for key in (A, B)])
    study_file.add_points(store.results, "some", [make_point([A], [B, C])])
    return store.results


def test_a_study_is_handed_over_as_one_file(gatebench: CommandLine, results: Path):
    done = gatebench("submit", "some")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("some.gatebench.zip: 2 trials of some (1 more are planned, and not finished), ")
    assert "no weights" in done.out
    command = done.out.rstrip().rpartition(": gatebench ")[2]
    collected = gatebench(*command.split(), "--results", "collected")
    assert (collected.code, collected.err) == (0, "")
    assert collected.out.startswith("some: 2 trials came, 0 are here already\n")
    assert every_row(gatebench.folder / "collected") == every_row(results)


def test_a_file_that_is_there_stays(gatebench: CommandLine, results: Path):
    assert gatebench("submit", "some", "--output", "x.zip").code == 0
    assert "x.zip is there already" in gatebench.refuses("submit", "some", "--output", "x.zip")
    assert "no study 'other'" in gatebench.refuses("submit", "other")


def test_a_place_that_cannot_be_written_is_one_line(gatebench: CommandLine, results: Path):
    assert "cannot be written" in gatebench.refuses("submit", "some", "--output", "results/some/study.json/x.zip")


def test_an_archive_that_is_damaged_is_one_line_and_nothing_is_written(gatebench: CommandLine, results: Path):
    gatebench("submit", "some")
    path = gatebench.folder / "some.gatebench.zip"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "nothing was written" in gatebench.refuses("merge", path.name, "--results", "collected")
    assert not (gatebench.folder / "collected").exists()
