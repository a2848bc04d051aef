"""``gatebench compare``: it keeps to its time, its trials are those of a sweep by hand, and its verdict is right."""

import io
import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.cli import compose
from gatebench.cli.commands import sweep as sweep_command
from gatebench.cli.commands.compare import conclude
from gatebench.cli.comparison import ComparisonRequest, SavedPlan
from gatebench.cli.deadline import TimeUp, until
from gatebench.core.errors import BadInput
from gatebench.records import frame, looks
from gatebench.records.frame import ComparisonGroup
from gatebench.report import verdict as verdicts
from gatebench.study.schedule import ComparisonPlan
from gatebench.study.settings import SEEDS
from support import sources
from support.commands import COMMAND, environment_of, record_times, run_command, working_in
from support.datasets import Tiny, make_tiny
from support.verdicts import verdict_of

MINUTES = 10.0
"""More than it needs, whatever else the machine does."""


# The command


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("compare"))


@pytest.fixture(scope="module")
def compared(home: Tiny) -> tuple[Path, list[str]]:
    """Results of a comparison, and what it said."""
    results = home.folder / "compared"
    return results, compare(home, results, "--pipelines", 2)


def compare(home: Tiny, results: Path, *words: object) -> list[str]:
    with environment_of(home):
        return run_command("compare", "tiny", "--cells", "rnn,gru", "--minutes", MINUTES, "--results", results, *words)


@pytest.fixture
def copy(compared: tuple[Path, list[str]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(compared[0], tmp_path / "results"))


def by_hand(lines: list[str]) -> list[str]:
    """The sweep that it says it ran."""
    (line,) = [line for line in lines if line.startswith("the same by hand: ")]
    return shlex.split(line.removeprefix("the same by hand: gatebench sweep "))


def test_it_says_its_plan_first_and_its_verdict_last(compared: tuple[Path, list[str]]):
    results, lines = compared
    assert lines[0] == "data: 13 training sequences, 91 predictions of 12 number(s) each"
    assert lines[1].startswith("plan: 1,000 recurrent parameters a cell, batches of 1, at most ")
    assert lines[1].endswith(
        " settings of learning rate and weight noise are tried in each pipeline, 2 pipelines, then more if they fit"
    )
    assert lines[2].startswith("time: at most about ")
    assert lines[3].startswith("power: this plan would show a difference of about ")
    assert lines[-5] == str(results / "compare_tiny" / "report.html")
    assert Path(lines[-5]).is_file()
    of_best = frame.load(results, "compare_tiny").best.sort_values("nll").key.iloc[0]
    assert lines[-6] == f"the best on validation as a module: gatebench export {of_best} --results {results}"
    assert verdict_of(lines)[0] == lines[-4]


def test_every_cell_has_the_same_plan(compared: tuple[Path, list[str]]):
    results = compared[0]
    trials = frame.load(results, "compare_tiny").trials
    plan = json.loads((results / "compare_tiny" / "plan.json").read_text())
    assert plan["minutes"] == MINUTES
    assert plan["plan"]["pipelines"] == 2
    size, searched = plan["plan"]["search"], {}
    for (cell, pipeline), trained in trials[trials.split == "test"].groupby(["cell", "pipeline"]):
        assert trained.stage.value_counts()["confirm"] == 1
        settings = trained[trained.stage == "search"][["lr", "weight_noise"]].to_numpy().tolist()
        assert size <= len(settings) <= sum(ComparisonPlan(**plan["plan"]).populations[:2])
        searched[cell, pipeline] = settings[:size]
    assert set(searched) == {(cell, pipeline) for cell in ("rnn", "gru") for pipeline in (1, 2)}
    assert searched["gru", 1] == searched["rnn", 1] != searched["rnn", 2] == searched["gru", 2]
    assert abs(trials.parameters_recurrent - 1000).max() < 60
    assert set(trials.budget) == {"parameters_1k"}


def test_its_trials_are_those_of_the_sweep_by_hand(home: Tiny, compared: tuple[Path, list[str]]):
    results, lines = compared
    before = record_times(results)
    with environment_of(home), redirect_stdout(io.StringIO()) as printed:
        assert sweep_command.sweep(by_hand(lines)) == 0
    assert f"nothing to train, all {len(before)} trials are finished" in printed.getvalue()
    assert record_times(results) == before


def test_the_same_command_again_trains_nothing_and_comes_to_the_same(
    home: Tiny, copy: Path, compared: tuple[Path, list[str]]
):
    before = record_times(copy)
    lines = compare(home, copy, "--pipelines", 2)
    assert lines[0].startswith("plan: as before, 1,000 recurrent parameters a cell")
    assert record_times(copy) == before
    assert verdict_of(lines) == verdict_of(compared[1])
    assert [look.pipelines for look in looks.read(copy, "compare_tiny")] == [2]


def test_more_pipelines_are_added_to_those_that_are_there(home: Tiny, copy: Path):
    before = record_times(copy)
    lines = compare(home, copy, "--pipelines", 3)
    assert lines[1].startswith("plan: as before, ")
    new = record_times(copy)
    assert before.items() <= new.items()
    trials = frame.load(copy, "compare_tiny").trials
    assert set(trials[trials.key.isin(new.keys() - before.keys())].pipeline) == {3}
    assert set(trials[trials.pipeline == 3].cell) == {"rnn", "gru"}
    best = verdict_of(lines)[0]
    assert "(mean of 3 pipelines)" in best or "means of 3 pipelines" in best
    assert [look.pipelines for look in looks.read(copy, "compare_tiny")] == [2, 3]
    assert frame.load(copy, "compare_tiny").looks == 2
    assert "given on this study 2 times" in (copy / "compare_tiny" / "report.html").read_text()


def test_what_is_left_of_an_interrupted_comparison_is_trained_by_the_same_command(
    home: Tiny, copy: Path, compared: tuple[Path, list[str]]
):
    before = record_times(copy)
    for key in before:
        if json.loads((copy / "trials" / key / "record.json").read_text())["settings"]["seed"] == SEEDS + 1:
            shutil.rmtree(copy / "trials" / key)
    (copy / "compare_tiny" / "records.parquet").unlink()  # where the report put them
    assert len(record_times(copy)) == len(before) - 2
    lines = compare(home, copy, "--pipelines", 2)
    assert set(record_times(copy)) == set(before)
    assert verdict_of(lines)[0].partition("(")[0] == verdict_of(compared[1])[0].partition("(")[0]


# The time


def tiny_request(results: Path, **other: object) -> ComparisonRequest:
    return replace(ComparisonRequest("tiny", 1.0, ["rnn", "gru"], None, 2, "compare_tiny", results), **other)  # pyright: ignore


def test_when_the_time_is_up_before_any_trial_is_confirmed_what_there_is_is_saved(
    home: Tiny, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    long = SavedPlan(0.0, ComparisonPlan(1000, batch=1, epochs=1_000_000, search=2, pipelines=2))
    for seconds in (5, 20, 80):  # a busy machine has not begun to train after a few
        with environment_of(home), redirect_stdout(io.StringIO()), pytest.raises(TimeUp), until(time.monotonic() + seconds):
            sweep_command.sweep([*tiny_request(tmp_path).overrides(long.plan), "training.patience=1000000"])
        if saved := list(tmp_path.glob("checkpoints/*/state.safetensors")):
            break
    assert saved
    assert record_times(tmp_path) == {}
    assert "interrupted" not in capfd.readouterr().err, "nobody did"
    missing = r"no verdict without every cell, and no pipeline is finished of rnn and gru; .* the same command goes on"
    with environment_of(home), pytest.raises(BadInput, match=missing):
        conclude(tiny_request(tmp_path), long)


def in_minutes(path: Path, minutes: int, *words: str) -> list[str]:
    """The last lines of a comparison of data that is added, which must end in time."""
    env = {name: value for name, value in os.environ.items() if name != "GATEBENCH_PATH"}
    label = ["--label", "label"] if path.stem == "recall" else []
    subprocess.run([COMMAND, "data", "add", path, *label], cwd=path.parent, env=env, check=True)
    started = time.monotonic()
    command = [COMMAND, "compare", path.stem, "--minutes", str(minutes), *words]
    lines = subprocess.run(command, cwd=path.parent, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert time.monotonic() - started <= 60 * minutes
    return verdict_of(lines.splitlines())


@pytest.mark.cluster
@pytest.mark.timed
def test_200_short_sequences_are_compared_within_the_minutes(tmp_path: Path):
    minutes = 1
    assert in_minutes(sources.noise(tmp_path, count=200), minutes)[0].startswith("Best cell: no")


@pytest.mark.cluster
@pytest.mark.timed
def test_the_cell_that_must_win_does_so_within_the_minutes(tmp_path: Path):
    """How far it learns is the machine's pace: how many epochs and pipelines fit. That it wins, and over what, is not."""
    best, difference, *_ = in_minutes(sources.recall(tmp_path), 2, "--cells", "rnn,gru")
    assert best.startswith("Best cell: gru, at ")
    assert "below rnn and below the best baseline" in best
    assert difference.startswith("By how much: gru is lower than rnn by ")


# The verdict, from a file to its first line


def verdict(source: Callable[..., Path], folder: Path, cells: list[str], plan: ComparisonPlan, **options: int) -> str:
    """What a small study of data that is added says first: as the command, but for the time."""
    with working_in(folder):
        path = source(folder, **options)
        run_command("data", "add", path, *(["--label", "label"] if source is sources.recall else []))
        request = ComparisonRequest(path.stem, 1.0, cells, None, None, "study", Path("results"))
        with redirect_stdout(io.StringIO()):
            assert sweep_command.sweep(request.overrides(plan), alone=False) == 0
        labels = compose.compose_jobs(request.overrides(plan))[0].labels
        study = frame.load(request.results, request.study)
        return verdicts.lines(study, ComparisonGroup(*(getattr(labels, name) for name in ComparisonGroup._fields)), cells)[0]


@pytest.mark.cluster
def test_where_a_gated_cell_must_win_it_is_named(tmp_path: Path):
    """What stood first is asked for after up to 90 symbols of noise."""
    line = verdict(sources.recall, tmp_path, ["rnn", "gru"], ComparisonPlan(1000, batch=8, epochs=60, search=3, pipelines=4))
    assert line.startswith("Best cell: gru, at 0.0")


@pytest.mark.parametrize("repetitions", [1, pytest.param(20, marks=pytest.mark.cluster)])
def test_where_there_is_nothing_to_learn_no_cell_wins(repetitions: int, tmp_path: Path):
    """One of twenty may."""
    plan, won = ComparisonPlan(1000, batch=8, epochs=10, search=3, pipelines=4), 0
    for seed in range(repetitions):
        folder = tmp_path / str(seed)
        folder.mkdir()
        line = verdict(sources.noise, folder, ["rnn", "lstm", "gru"], plan, seed=seed)
        won += not line.startswith(
            ("Best cell: none is recommended", "Best cell: none: ", "Best cell: no difference could be shown")
        )
    assert won <= repetitions / 20
