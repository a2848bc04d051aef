"""The plan of a comparison: saved, extended, made anew; and the sweep that it stands for."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.cli import compose
from gatebench.cli.comparison import ComparisonRequest, SavedPlan, plan_comparison
from gatebench.core.errors import BadInput
from gatebench.study import run
from gatebench.study.schedule import MANY, ComparisonPlan, Pace
from support.commands import environment_of, run_command
from support.datasets import Tiny, make_tiny


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("comparison"))


def tiny_request(results: Path, **other: object) -> ComparisonRequest:
    return replace(ComparisonRequest("tiny", 1.0, ["rnn", "gru"], None, 2, "compare_tiny", results), **other)  # pyright: ignore


def test_too_little_time_is_one_line_with_the_least(home: Tiny, tmp_path: Path):
    with (
        environment_of(home),
        pytest.raises(BadInput, match=r"^1 minutes are too few to compare 2 cells on tiny; .*: --minutes \d+$"),
    ):
        plan_comparison(tiny_request(tmp_path), time.monotonic())
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_is_too_short_for_the_time_is_made_anew(home: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    short = ComparisonPlan(parameters=1000, batch=1, epochs=31, search=3, pipelines=2)
    for epochs, is_kept in ((31, False), (150, True)):
        SavedPlan(0.5, replace(short, epochs=epochs)).write(tiny_request(tmp_path))
        with environment_of(home):
            saved = plan_comparison(tiny_request(tmp_path), time.monotonic() + 10_000)
        assert (saved.plan == replace(short, epochs=epochs)) == is_kept
        assert ("as before" in capsys.readouterr().out) == is_kept
        assert SavedPlan.read(tiny_request(tmp_path).plan_file) == saved


def test_a_plan_says_what_it_could_show(home: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    shown = []
    for most in (2, 8):
        with environment_of(home):
            plan_comparison(tiny_request(tmp_path / str(most), pipelines=most), time.monotonic() + 10_000)
        shown.append(float(re.findall(r"a difference of about ([\d.]+) nats per time step", capsys.readouterr().out)[0]))
    assert shown[0] > 1.5 * shown[1] > 0


def test_a_plan_is_made_of_the_pace_of_two_populations_of_every_cell(
    home: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """What is measured is seconds for each trial."""
    per_trial = {("rnn", 1): 0.05, ("rnn", MANY): 0.02, ("gru", 1): 0.06, ("gru", MANY): 0.03}
    monkeypatch.setattr(run, "seconds_per_epoch", lambda job, _: per_trial[job.labels.cell, job.search.size])
    with environment_of(home):
        saved = plan_comparison(tiny_request(tmp_path), time.monotonic() + 10_000)
    pace = {"rnn": Pace(0.05, MANY * 0.02), "gru": Pace(0.06, MANY * 0.03)}
    assert saved.seconds == pytest.approx(replace(saved.plan, pipelines=1).seconds(pace))
    minutes = saved.plan.seconds(pace) / 60
    said = f"time: at most about {minutes:.1f} min for all cells (an epoch of one trial and of 12: rnn 0.05 and 0.24 s, gru "
    assert said in capsys.readouterr().out


def test_another_budget_is_another_plan(home: Tiny, tmp_path: Path):
    SavedPlan(1.0, ComparisonPlan(1000, 1, 200, 3, 2)).write(tiny_request(tmp_path))
    with environment_of(home):
        assert plan_comparison(tiny_request(tmp_path, parameters=3000), time.monotonic() + 10_000).plan.parameters == 3000
        assert "budget.parameters=3000" in tiny_request(tmp_path).overrides(ComparisonPlan(3000, 1, 200, 3, 2))


def test_settings_of_the_protocol_are_part_of_the_plan_and_of_every_trial(home: Tiny, tmp_path: Path):
    plan, asked = ComparisonPlan(1000, 1, 150, 3, 2), {"forget_bias": 6.5, "class_weights": "none"}
    SavedPlan(0.5, plan).write(tiny_request(tmp_path))
    request = tiny_request(tmp_path, **asked)
    assert not SavedPlan(1.0, plan).satisfies(request)
    assert SavedPlan(1.0, plan, settings=request.settings).satisfies(request)
    assert not SavedPlan(1.0, plan, settings=request.settings).satisfies(tiny_request(tmp_path))
    with environment_of(home):
        saved = plan_comparison(request, time.monotonic() + 10_000)
        jobs = compose.compose_jobs(request.overrides(plan))
        plain = compose.compose_jobs(tiny_request(tmp_path).overrides(plan))
    assert saved.settings == {"training.class_weights": "none", "training.forget_bias": "6.5"}
    assert SavedPlan.read(request.plan_file) == saved
    assert {job.training.forget_bias for job in jobs} == {6.5}
    assert {job.training.forget_bias for job in plain} == {1.0}
    assert jobs[0].labels.training != plain[0].labels.training


def test_a_plan_that_is_only_asked_for_is_not_saved(home: Tiny, tmp_path: Path):
    words = ("compare", "tiny", "--cells", "rnn,gru", "--results", tmp_path, "--dry-run", "--pipelines", 2, "--minutes")
    with environment_of(home):
        lines = run_command(*words, 10_000)
        assert list(tmp_path.iterdir()) == []
        file = SavedPlan(1.0, ComparisonPlan(1000, 1, 150, 3, 2), 90.0).write(tiny_request(tmp_path))
        again = run_command(*words, 0.5)
    assert [line.partition(":")[0] for line in lines[:4]] == ["data", "plan", "time", "power"]
    assert lines[-1] == again[-1] == "nothing is trained or saved; the same without --dry-run does it"
    assert again[0].startswith("plan: as before, 1,000 recurrent parameters")
    assert again[1].startswith("time: at most about 3.0 min for all cells, with what is trained of it already")
    assert SavedPlan.read(tiny_request(tmp_path).plan_file) == file


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"minutes": 1, "plan": {"epochs": 0}}', '{"minutes": null, "plan": null}', "1"]
)
def test_a_damaged_plan_is_one_line(tmp_path: Path, text: str):
    path = tiny_request(tmp_path).plan_file
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(BadInput, match=r"plan.json is damaged \(.*\); remove it, and the study is planned anew"):
        plan_comparison(tiny_request(tmp_path), time.monotonic())


def test_results_may_have_any_name(tmp_path: Path):
    overrides = tiny_request(tmp_path / "a b=c,d").overrides(ComparisonPlan(1000, 1, 1, 1, 1))
    assert {job.results for job in compose.compose_jobs([*overrides, "task=bach_chorales"])} == {tmp_path / "a b=c,d"}


@pytest.mark.parametrize("name", ["null", "true", "1e3", "1.50", "nan", "2024", "plain", "a.b-c"])
def test_a_study_is_called_what_was_asked_for_even_where_hydra_has_a_word_for_that(tmp_path: Path, name: str):
    request = replace(tiny_request(tmp_path), study=name)
    overrides = [*request.overrides(ComparisonPlan(1000, 1, 1, 1, 1)), "task=bach_chorales"]
    assert {job.study for job in compose.compose_jobs(overrides)} == {name}
