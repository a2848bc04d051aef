"""A replication is kept beside the first run, and shown by later reports."""

import shutil
import subprocess
from html import escape
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from gatebench.core.errors import BadInput
from gatebench.records import frame as frames
from gatebench.report.page import page
from support.commands import COMMAND
from support.datasets import Tiny
from support.figures import FIGURES


@pytest.fixture
def copy(home: Tiny, reported: dict[str, bytes], tmp_path: Path) -> Path:
    """A copy of the reported results, which a test may change."""
    return Path(shutil.copytree(home.folder / "results", tmp_path / "results"))


HEADING = f'id="replication"><summary><h2>{FIGURES["replication"].TITLE}</h2>'


def test_a_second_run_is_kept_beside_the_first_and_shown(home: Tiny, copy: Path, second: Path, reported: dict[str, bytes]):
    assert HEADING not in reported["report.html"].decode()
    command = [COMMAND, "report", "adhoc", "--results", str(copy), "--replication", str(second)]
    run = subprocess.run(command, env=home.env, cwd=home.folder, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == (f"{copy}/adhoc/report.html\n", "")
    copied = {path.name for path in (copy / "adhoc" / "replication").iterdir() if path.suffix != ".lock"}
    assert copied == {"study.json", "records.parquet"}
    html = (copy / "adhoc" / "report.html").read_text().replace("&#39;", "&#x27;")
    assert HEADING in html
    assert escape(FIGURES["replication"].CAPTION) in html
    table = pd.read_csv(copy / "adhoc" / "replication.csv", dtype=str).set_index("cell")
    assert list(table.index) == ["rnn", "gru"]
    scores = [frames.load(results, "adhoc").confirmed("test").set_index(["cell", "key"]).nll for results in (copy, second)]
    for row in table.reset_index().to_dict("records"):
        a, b = (nll[row["cell"]] for nll in scores)
        assert row["same trial"] == f"{np.sqrt(((a - b) ** 2).mean()):.4f}"
        assert row["seeds"] == f"{a.std():.4f}"
        assert row["engines"] == "fused_cpu x 2; reference x 2"
    # The copy is the whole second run; the first is as it was.
    replication = frames.load(copy, "adhoc").replication
    assert replication is not None
    pd.testing.assert_frame_equal(
        replication.trials.drop(columns="study"), frames.load(second, "adhoc").trials.drop(columns="study")
    )
    assert (copy / "adhoc" / "trials.csv").read_bytes() == reported["trials.csv"]


def test_a_second_run_that_was_kept_is_shown_without_being_named(copy: Path, second: Path, tmp_path: Path):
    gone = Path(shutil.copytree(second, tmp_path / "gone"))
    with mpl.rc_context():
        page.write(copy, "adhoc", replication=gone)
        first = {path.name: path.read_bytes() for path in (copy / "adhoc").iterdir() if path.is_file()}
        shutil.rmtree(gone)
        # In a clone, which has no more than what is published.
        clone = tmp_path / "clone"
        shutil.copytree(copy / "adhoc", clone / "adhoc", ignore=lambda *_: {"report.html", "replication.csv"})
        page.write(clone, "adhoc")
    redrawn = {path.name: path.read_bytes() for path in (clone / "adhoc").iterdir() if path.is_file()}
    assert HEADING.encode() in first["report.html"]
    assert {name for name in first if redrawn[name] != first[name]} == set()


def test_a_replication_under_the_name_of_earlier_versions_is_read(copy: Path, second: Path):
    with mpl.rc_context():
        page.write(copy, "adhoc", replication=second)
    replicated = frames.load(copy, "adhoc").replication
    (copy / "adhoc" / "replication").rename(copy / "adhoc" / "again")
    former = frames.load(copy, "adhoc").replication
    assert replicated is not None
    assert former is not None
    pd.testing.assert_frame_equal(former.trials.drop(columns="study"), replicated.trials.drop(columns="study"))


def test_the_first_run_is_no_second_one(copy: Path):
    for same in (copy, copy / ".." / copy.name):
        with pytest.raises(BadInput, match="the folder of the first run; expected that of a second one"):
            page.write(copy, "adhoc", replication=same)
    assert not (copy / "adhoc" / "replication").exists()


def test_a_folder_without_the_study_is_no_second_run(copy: Path, second: Path, tmp_path: Path):
    with pytest.raises(BadInput, match=f"no study 'adhoc' in {tmp_path / 'empty'}"):
        page.write(copy, "adhoc", replication=tmp_path / "empty")
    # A study of which nothing is finished.
    (tmp_path / "planned" / "adhoc").mkdir(parents=True)
    shutil.copy(second / "adhoc" / "study.json", tmp_path / "planned" / "adhoc")
    with pytest.raises(BadInput, match="no finished trial of study 'adhoc'"):
        page.write(copy, "adhoc", replication=tmp_path / "planned")
    assert not (copy / "adhoc" / "replication").exists()
