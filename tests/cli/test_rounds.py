"""A comparison is trained in rounds, so that a deadline takes no cell from it, only its last round."""

import io
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd
import pytest

from gatebench.cli import rounds
from gatebench.cli.commands.compare import conclude
from gatebench.cli.comparison import ComparisonRequest, SavedPlan
from gatebench.core.errors import BadInput
from gatebench.records import collection, frame, looks
from gatebench.study.schedule import ComparisonPlan
from support.commands import environment_of, record_times, run_command
from support.datasets import Tiny, make_tiny

CELLS = ["rnn", "gru"]
SAVED = SavedPlan(1.0, ComparisonPlan(1000, batch=4, epochs=2, search=3, pipelines=3), seconds=60.0)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("rounds"))


def request_of(results: Path) -> ComparisonRequest:
    return ComparisonRequest("tiny", 1.0, CELLS, None, None, "compare_tiny", results)


@pytest.fixture(scope="module")
def trained(home: Tiny) -> Path:
    results = home.folder / "results"
    with environment_of(home), redirect_stdout(io.StringIO()):
        assert rounds.train(request_of(results), SAVED) == 0
    return results


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "results"))


def completed(results: Path) -> int:
    return rounds.completed(rounds.jobs_of(request_of(results), SAVED))


def without(results: Path, cell: str, pipeline: int) -> None:
    """Remove the confirming trial of a pipeline, as if there had been no time for it."""
    confirmed = frame.load(results, "compare_tiny").confirmed("test")
    (key,) = confirmed[(confirmed.cell == cell) & (confirmed.pipeline == pipeline)].key
    shutil.rmtree(results / "trials" / key)


def test_every_cell_has_a_pipeline_before_any_has_the_next(trained: Path):
    times, trials = record_times(trained), frame.load(trained, "compare_tiny").trials
    written = trials.key.map(times)
    for pipeline in (1, 2):
        assert written[trials.pipeline == pipeline].max() < written[trials.pipeline == pipeline + 1].min()
    assert [set(part.cell) for _, part in trials.groupby("pipeline")] == [set(CELLS)] * 3


def test_a_round_that_a_cell_did_not_end_is_left_out_of_verdict_and_report_for_all(
    home: Tiny, copy: Path, capsys: pytest.CaptureFixture[str]
):
    without(copy, "gru", 3)
    with environment_of(home):
        assert completed(copy) == 2
        lines = conclude(request_of(copy), SAVED)
        trials = frame.load(copy, "compare_tiny").trials
        left_out = trials[trials.pipeline == 3].key.nunique()
        assert left_out >= 2 * SAVED.plan.search + 1
        said = "pipelines: 2 of 3 are finished for every cell; report and verdict are about these, and leave out"
        assert f"{said} {left_out} trial(s) of others\n" in capsys.readouterr().out
        folder = copy / "compare_tiny"
        for again in (False, True):
            page, drawn = (folder / "report.html").read_text(), pd.read_csv(folder / "trials.csv")
            assert f" {left_out} more are left out: they are of pipelines that were not finished for every cell" in page
            assert set(drawn.key) == set(trials[trials.pipeline <= 2].key)
            assert set(pd.read_parquet(folder / "curves.parquet").key) <= set(drawn.key)
            assert set(collection.read_keys(folder / collection.NAME)) == set(trials.key)
            if not again:
                (folder / "trials.csv").unlink()
                run_command("report", "compare_tiny", "--results", copy)
    assert " of 2 pipelines" in lines[0]
    assert "not confirmed" not in lines[0]
    assert [look.pipelines for look in looks.read(copy, "compare_tiny")] == [2]


def test_without_a_requested_cell_there_is_no_verdict(home: Tiny, copy: Path, capsys: pytest.CaptureFixture[str]):
    without(copy, "gru", 1)
    with (
        environment_of(home),
        pytest.raises(
            BadInput,
            match=r"^compare_tiny: no verdict without every cell, and no pipeline is finished of gru; that takes about "
            r"1 more minute\(s\), and the same command goes on from here: --minutes 2$",
        ),
    ):
        conclude(request_of(copy), SAVED)
    assert "Best cell" not in capsys.readouterr().out
    assert looks.read(copy, "compare_tiny") == []


def test_what_is_left_of_a_round_is_trained_and_nothing_else(home: Tiny, copy: Path):
    before = record_times(copy)
    without(copy, "gru", 2)
    with environment_of(home), redirect_stdout(io.StringIO()):
        assert rounds.train(request_of(copy), SAVED) == 0
        assert completed(copy) == 3
        conclude(request_of(copy), SAVED)
    after = record_times(copy)
    assert "left out" not in (copy / "compare_tiny" / "report.html").read_text()
    assert before.keys() == after.keys()
    assert len(before.items() - after.items()) == 1
