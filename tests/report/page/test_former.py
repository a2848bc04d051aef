"""What an earlier study said is kept beside a later one, for all of its reports."""

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from gatebench.core.errors import BadInput
from gatebench.records import frame as frames
from gatebench.report import conclusions
from gatebench.report.page import page
from support.commands import COMMAND, SMALL, sweep
from support.datasets import Tiny


@pytest.fixture
def copy(home: Tiny, tmp_path: Path) -> Path:
    """A copy of the results, with a later study of one more seed, whose labels are the same."""
    results = Path(shutil.copytree(home.folder / "results", tmp_path / "results"))
    sweep(home, *SMALL, "population.seeds=[1,2,3]", "name=later", results=results)
    return results


def test_conclusions_of_an_earlier_study_are_kept(home: Tiny, copy: Path):
    command = [COMMAND, "report", "later", "--results", str(copy), "--former", "adhoc"]
    run = subprocess.run(command, env=home.env, cwd=home.folder, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == (f"{copy}/later/report.html\n", "")
    expected = conclusions.of_study(frames.load(copy, "adhoc"))
    shutil.rmtree(copy / "adhoc")  # what was kept stands by itself
    pd.testing.assert_frame_equal(frames.load(copy, "later").former["adhoc"], expected)


def test_what_cannot_be_an_earlier_study_is_refused_and_nothing_written(copy: Path):
    for name, message in (("later", "the study of the report"), ("absent", "no study 'absent'")):
        with pytest.raises(BadInput, match=message):
            page.write(copy, "later", former=[name])
    assert not (copy / "later" / "former").exists()


def test_a_damaged_table_of_conclusions_is_named(copy: Path):
    folder = copy / "later" / "former"
    folder.mkdir()
    (folder / "adhoc.csv").write_text("task,budget\ntiny,units_64\n")
    with pytest.raises(BadInput, match=r"former/adhoc.csv is damaged .* gatebench report later --former adhoc"):
        frames.load(copy, "later")
