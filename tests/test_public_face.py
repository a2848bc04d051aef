"""What a notebook needs of the package, each function against the command that does the same."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gatebench
from gatebench.cli.comparison import ComparisonRequest, SavedPlan
from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.study.schedule import ComparisonPlan
from support.commands import environment_of, run_command, sweep
from support.datasets import Tiny
from support.verdicts import verdict_of

FACE = ("cells", "count", "compare", "results", "load")


def printed_json(*words: object):
    return json.loads("\n".join(run_command(*words, "--json")))


def test_importing_the_package_loads_nothing_and_finds_every_function():
    code = (
        "import sys, gatebench\n"
        f"assert all(callable(getattr(gatebench, name)) for name in {FACE})\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "assert not {'torch', 'numpy', 'pandas', 'yaml', 'hydra'} & loaded\n"
        "assert {name for name in sys.modules if name.startswith('gatebench')} == {'gatebench', 'gatebench.cells'}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", FACE)
def test_every_function_has_a_full_docstring(name: str):
    text = getattr(gatebench, name).__doc__
    assert text.splitlines()[0].endswith(".")
    assert "Return" in text.splitlines()[0] or "return" in text.splitlines()[0]


# cells


def test_the_function_stays_when_cells_are_imported():
    code = (
        "import importlib, gatebench\n"
        "gru = importlib.import_module('gatebench.cells.gru')\n"
        "from gatebench.cells import lstm\n"
        "assert (gru.__name__, lstm.__name__) == ('gatebench.cells.gru', 'gatebench.cells.lstm')\n"
        "assert len(gatebench.cells()) == len(gatebench.cells()) > 5\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_cells_are_those_of_the_command():
    cells = gatebench.cells()
    assert [cell.name for cell in cells] == list(registry.available("cells", ".py"))
    fields = [{"cell": c.name, "title": c.title, "paper": c.paper, "latex": c.equations, "gates": c.gates} for c in cells]
    assert fields == [{name: cell[name] for name in fields[0]} for cell in printed_json("cells")]


def test_a_cell_of_a_plugin_folder_is_among_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "cells").mkdir()
    text = '"""Linear unit."""\n\nPAPER = "none"\n\n\ndef step(x, h, *, W, U):\n    h = W @ x + U @ h\n    return h\n'
    (tmp_path / "cells" / "linear_unit.py").write_text(text)
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    (cell,) = (cell for cell in gatebench.cells() if cell.name == "linear_unit")
    assert (cell.title, cell.paper, cell.equations) == ("Linear unit", "none", ["h_{t} = W x_{t} + U h_{t-1}"])


# count


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cell": "gru", "inputs": 88, "units": 46}, ["gru", "--inputs", 88, "--units", 46]),
        ({"cell": "gru", "inputs": 88, "parameters": 20_000}, ["gru", "--inputs", 88, "--parameters", 20_000]),
        (
            {"cell": "lstm", "inputs": 20, "outputs": 5, "total_parameters": 9000},
            ["lstm", "--inputs", 20, "--outputs", 5, "--total-parameters", 9000],
        ),
        ({"cell": "rnn", "inputs": [54, 88], "flops": 1e5}, ["rnn", "--inputs", 54, 88, "--flops", 1e5]),
        (
            {"cell": "lstm_augmented", "inputs": np.int64(9), "units": 7, "projection": None, "length": 2},
            ["lstm_augmented", "projection=null", "length=2", "--inputs", 9, "--units", 7],
        ),
    ],
    ids=["units", "parameters", "total_parameters", "flops", "options"],
)
def test_count_is_that_of_the_command(arguments: dict, words: list):
    assert vars(gatebench.count(**arguments)) == printed_json("count", *words)


def test_a_budget_buys_the_nearest_size():
    counted = gatebench.count("gru", 88, parameters=20_000)
    assert (counted.units, counted.parameters_recurrent) == (48, 3 * 48 * (88 + 48 + 1))
    assert counted.flops_per_step == 2 * 3 * 48 * (88 + 48)
    assert counted.state_size == 48


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 5, "flops": 100}, "units and flops given, expected exactly one of units, parameters, total_parameters"),
        ({}, "no size given, expected exactly one of units"),
        ({"units": 0}, "gru needs at least one input and one unit"),
        ({"units": "five"}, "units is 'five', expected a whole number"),
        ({"inputs": 2.5, "units": 5}, "inputs is 2.5, expected a whole number"),
        ({"inputs": [], "units": 5}, "inputs is empty"),
        ({"outputs": 0, "units": 5}, "outputs is 0, expected at least one output"),
        ({"parameters": "many"}, "parameters is 'many', expected a finite number"),
        ({"parameters": float("inf")}, "parameters is inf, expected a finite number"),
        ({"parameters": 3}, "a budget of 3 parameters recurrent is too small"),
        ({"units": 5, "gate": True}, "cell gru has no option 'gate'"),
        ({"cell": "grru", "units": 5}, "unknown cell 'grru'; did you mean 'gru'?"),
    ],
)
def test_count_says_what_was_expected(arguments: dict, message: str):
    with pytest.raises(BadInput, match=message.replace("?", r"\?")) as raised:
        gatebench.count(**{"cell": "gru", "inputs": 4, **arguments})
    assert "\n" not in str(raised.value)


# results, load


def test_results_are_the_trials_of_a_study(tiny: Tiny):
    with pytest.raises(BadInput, match="adhoc"):
        gatebench.results("adhoc", str(tiny.folder / "results"))
    small = ["cell=rnn", "task=tiny", "budget=units_64", "budget.units=3", "training.epochs=1", "search.size=1"]
    sweep(tiny, *small, "population.seeds=[1]", "publish=false", "hydra/launcher=basic")
    trials = gatebench.results("adhoc", str(tiny.folder / "results"))
    assert set(trials.stage) == {"search", "confirm"}
    run_command("report", "adhoc", "--results", tiny.folder / "results")
    written = pd.read_csv(tiny.folder / "results" / "adhoc" / "trials.csv")
    assert list(trials.columns) == list(written.columns)
    assert list(trials.key) == list(written.key)
    key = trials[trials.stage == "confirm"].key.iloc[0]
    model = gatebench.load(key, str(tiny.folder / "results"))
    assert model.settings["key"] == key
    with pytest.raises(BadInput, match="no finished trial 'nothing'"):
        gatebench.load("nothing", str(tiny.folder / "results"))


def test_published_results_are_read_wherever_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    trials = gatebench.results("jsb")
    assert set(trials.study) == {"jsb"}
    assert (trials.stage == "confirm").sum() > 50
    with pytest.raises(BadInput, match=r"no study 'jbs' in results; did you mean 'jsb'.*published are in .*results"):
        gatebench.results("jbs")
    monkeypatch.setattr(registry, "CHECKOUT", None)  # as in a wheel
    with pytest.raises(BadInput, match=r"no study 'jsb' in results.*published are in the folder results/ of the repository"):
        gatebench.results("jsb")


# compare


def test_compare_gives_the_verdict_of_the_command(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tiny.folder)
    plan = ComparisonPlan(parameters=1000, batch=4, epochs=2, search=1, pipelines=2)
    request = ComparisonRequest("tiny", 10.0, ["rnn", "gru"], None, None, "compare_tiny", Path("results"))
    SavedPlan(10.0, plan).write(request)
    with environment_of(tiny):
        lines = gatebench.compare("tiny", cells=["rnn", "gru"])
    assert verdict_of(lines) == lines[-4:]
    assert capsys.readouterr().out.splitlines()[-len(lines) :] == lines
    assert set(gatebench.results("compare_tiny").cell) == {"rnn", "gru"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "tinny"}, "unknown task 'tinny'; did you mean 'tiny'"),
        ({"cells": ["gru"]}, "expected two or more different ones"),
        ({"cells": ["gru", "grru"]}, "unknown cell 'grru'"),
        ({"minutes": 0}, "minutes is 0, expected a positive number"),
        ({"pipelines": 0}, "pipelines is 0, expected a whole number from 1"),
        ({"class_weights": "equal"}, "class-weights is equal, expected balanced or none"),
        ({"forget_bias": float("nan")}, "forget-bias is nan, expected a number"),
    ],
)
def test_compare_says_what_was_expected(tiny: Tiny, arguments: dict, message: str):
    with pytest.raises(BadInput, match=message):
        gatebench.compare(**{"task": "tiny", "results": str(tiny.folder / "results"), **arguments})
    assert not (tiny.folder / "results").exists()


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: gatebench.count(3, inputs=2, units=3), "cell"),  # pyright: ignore[reportArgumentType]
        (lambda: gatebench.results(3), "study"),  # pyright: ignore[reportArgumentType]
        (lambda: gatebench.load(3), "key"),  # pyright: ignore[reportArgumentType]
    ],
)
def test_a_name_that_is_no_text_is_refused(call: Callable[[], object], argument: str):
    with pytest.raises(BadInput, match=f"^{argument} is 3, expected a text$"):
        call()
