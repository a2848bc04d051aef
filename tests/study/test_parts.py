"""Studies of several sweeps: the parts of a study file."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebench.core.errors import BadInput
from gatebench.records import study_file
from support.commands import sweep
from support.datasets import Tiny

TWO = """# @package _global_
name: two
parts:
  - [cell=lstm, training.batch=5]
  - [study=other]
training: { epochs: 2 }
budget: { units: 5 }
search: { size: 1 }
population: { seeds: [1] }
hydra: { sweeper: { params: { cell: 'rnn, gru', budget: units_64, task: tiny } } }
"""


@pytest.fixture
def two(home: Tiny) -> Iterator[Path]:
    folder = home.plugin_folder / "conf" / "study"
    folder.mkdir(exist_ok=True)
    other = TWO.replace("'rnn, gru'", "gru_reset_after").partition("parts:")
    (folder / "two.yaml").write_text(TWO)
    (folder / "other.yaml").write_text(other[0] + other[2].partition("\n  - [study=other]\n")[2])
    yield folder / "two.yaml"
    shutil.rmtree(folder)


ON_ONE_CORE = ["publish=false", "hydra/launcher=basic"]


@pytest.mark.usefixtures("two")
def test_a_study_may_be_several_sweeps(home: Tiny, tmp_path: Path):
    printed = sweep(home, "study=two", *ON_ONE_CORE, results=tmp_path)
    assert printed.startswith("two: 8 trials in 4 job(s), 0 finished, 8 to train\n")
    cells = {(point.labels.cell, point.labels.training) for point in study_file.read(tmp_path, "two")}
    assert cells == {("rnn", "modern"), ("gru", "modern"), ("lstm", "modern batch=5"), ("gru_reset_after", "modern")}
    assert sweep(home, "study=two", *ON_ONE_CORE, results=tmp_path).startswith("two: nothing to train, all 8")


def test_a_part_may_give_one_cell_further_seeds(home: Tiny, two: Path, tmp_path: Path):
    two.write_text(TWO.replace("[cell=lstm, training.batch=5]", "[cell=gru, 'population.seeds=[1,2,3]']"))
    assert sweep(home, "study=two", *ON_ONE_CORE, results=tmp_path).startswith(
        "two: 8 trials in 3 job(s), 0 finished, 8 to train\n"
    )
    seeds = {point.labels.cell: len(point.confirm) for point in study_file.read(tmp_path, "two")}
    assert seeds == {"rnn": 1, "gru": 3, "gru_reset_after": 1}
    assert sweep(home, "study=two", *ON_ONE_CORE, results=tmp_path).startswith("two: nothing to train, all 8")


def test_a_part_may_give_one_cell_further_pipelines(home: Tiny, two: Path, tmp_path: Path):
    """Each with the seeds that it was given there; what another command then plans forgets none."""
    two.write_text(TWO.replace("[cell=lstm, training.batch=5]", "[cell=gru, pipelines=3, 'population.seeds=[2]']"))
    for _ in range(2):
        sweep(home, "study=two", *ON_ONE_CORE, results=tmp_path)
        points = study_file.read(tmp_path, "two")
        trials = {(point.labels.cell, point.pipeline): len(point.confirm) for point in points}
        assert trials == {("rnn", 1): 1, ("gru", 1): 2, ("gru", 2): 1, ("gru", 3): 1, ("gru_reset_after", 1): 1}


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("choice", "cells"),
    [("cell=gru", {"gru"}), ("task=tiny", {"rnn", "gru", "lstm"}), ("training.batch=3", {"rnn", "gru", "gru_reset_after"})],
)
def test_a_part_that_chooses_otherwise_is_left_out(home: Tiny, tmp_path: Path, choice: str, cells: set[str]):
    *jobs, total = sweep(home, "study=two", choice, "--dry-run", *ON_ONE_CORE, results=tmp_path).splitlines()
    assert {job.split(", ")[1] for job in jobs} == cells
    assert total.startswith("two: ")


@pytest.mark.usefixtures("two")
def test_all_parts_may_be_left_out(home: Tiny, tmp_path: Path):
    *jobs, _ = sweep(home, "study=two", "parts=[]", "--dry-run", *ON_ONE_CORE, results=tmp_path).splitlines()
    assert [job.split(", ")[1] for job in jobs] == ["rnn", "gru"]
    with pytest.raises(BadInput, match=r"^parts=\[0\]: expected parts=\[\], which leaves out"):
        sweep(home, "study=two", "parts=[0]", *ON_ONE_CORE, results=tmp_path)


@pytest.mark.parametrize(
    ("parts", "message"), [("parts: 3", "expected a list of lists of overrides"), ("parts: [[", "cannot be read")]
)
def test_parts_that_are_no_lists_of_overrides_are_refused(home: Tiny, two: Path, tmp_path: Path, parts: str, message: str):
    two.write_text(f"# @package _global_\nname: two\n{parts}\n")
    with pytest.raises(BadInput, match=message):
        sweep(home, "study=two", *ON_ONE_CORE, results=tmp_path)
