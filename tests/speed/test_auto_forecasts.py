"""Forecasts beside a study's: a seasonal naive in its metrics, and automatic nets placed by where each forecast begins."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

from gatebench.cli.commands import sweep
from gatebench.data import cards
from gatebench.records import beside, frame
from gatebench.speed import auto_forecasts
from gatebench.speed.auto_forecasts import Series
from support.commands import run_command, working_in

STEPS, SEASON, HORIZON = 400, 12, 5
SETTINGS = [
    "name=mine", "task=waves", "cell=gru,lstm", "budget=units_48", "budget.units=3", "training.batch=4",
    "training.epochs=2", "training.lr=0.01", "training.weight_noise=0", "pipelines=2", "population.seeds=[1]",
    "publish=false", "hydra/launcher=basic",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where waves were added, and a study of them was run."""
    folder = tmp_path_factory.mktemp("waves")
    random = np.random.default_rng(0)
    values = 10 + np.sin(2 * np.pi * np.arange(STEPS) / SEASON) + 0.1 * random.standard_normal(STEPS)
    with working_in(folder):
        pd.DataFrame({"level": values}).to_csv("waves.csv", index=False)
        run_command("data", "add", "waves.csv", "--horizon", HORIZON, "--season", SEASON)
        assert sweep.sweep(SETTINGS) == 0
    return folder


def rows_of(folder: Path) -> pd.DataFrame:
    return beside.read_file(beside.folder(folder / "results", "mine") / "forecasts.csv")


def test_without_the_package_there_is_a_seasonal_naive(folder: Path):
    with working_in(folder):
        auto_forecasts.main(["mine"])
        auto_forecasts.main(["mine"])
        shown = frame.load(Path("results"), "mine")
    rows = rows_of(folder)
    assert [*zip(rows.method, rows.metric, rows.repetition, strict=True)] == [
        ("seasonal naive", metric, 1) for metric in ("rmse", "mae", "mase")
    ]
    values = pd.read_csv(folder / "waves.csv").level.to_numpy()
    train, test = values[: round(0.7 * STEPS)], range(STEPS - round(0.15 * STEPS), STEPS)
    errors = [abs(values[last - h] - values[last - h - SEASON]) for last in test for h in range(HORIZON)]
    expected = np.mean(errors) / train.std()
    # Deviations are those of what is read: windows of train that follow one another share steps, which count twice.
    assert rows.value[1] == pytest.approx(expected, rel=5e-3)
    assert set(shown.beside.metric) == {"rmse", "mae", "mase"}


class Prophet:
    """In the place of NeuralForecast: knows what comes, and says it for every step from which the test split is forecast."""

    def __init__(self, models, freq):
        (self.net,) = models

    def cross_validation(self, table, val_size, test_size, n_windows, step_size):
        assert torch.get_num_threads() == 1
        assert (val_size, test_size, step_size) == (60 - HORIZON + 1, 60 + HORIZON - 1, 1)
        begins, h = len(table) - test_size, self.net["h"]
        places = [(cutoff, cutoff + step) for cutoff in range(begins - 1, len(table) - h) for step in range(1, h + 1)]
        cutoffs, steps = np.array(places).T
        said = {net: table["y"].to_numpy()[steps] for net in auto_forecasts.NETS}
        return pd.DataFrame({"ds": steps, "cutoff": cutoffs, **said})


class Asked(dict):
    """In the place of an automatic net: notes what it is made with."""

    options: ClassVar[dict] = {}

    def __init__(self, **options):
        super().__init__(options)
        self.options.update(options)

    @staticmethod
    def get_default_config(h, backend):
        return lambda trial: {"input_size": trial * h, "backend": backend}


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the prophet in the place of NeuralForecast."""
    modules = {name: ModuleType(name) for name in ("neuralforecast", "neuralforecast.auto", "optuna")}
    modules["neuralforecast"].NeuralForecast = Prophet
    for net in auto_forecasts.NETS:
        setattr(modules["neuralforecast.auto"], net, Asked)
    modules["optuna"].samplers = ModuleType("samplers")
    modules["optuna"].samplers.RandomSampler = lambda seed: seed
    for name, module in modules.items():
        module.__spec__ = ModuleSpec(name, None)
        monkeypatch.setitem(sys.modules, name, module)


def test_forecasts_stand_where_they_begin(folder: Path, monkeypatch: pytest.MonkeyPatch):
    asked = Asked.options
    stand_in(monkeypatch)
    with working_in(folder):
        (series, *_), *others = auto_forecasts.plans(Path("results"), "mine")
        torch.set_num_threads(2)
        forecasts = auto_forecasts.automatic(series, "AutoGRU", 7.0, 2)
        assert torch.get_num_threads() == 2
        assert series.scores(forecasts)["mae"] == pytest.approx(0, abs=1e-5)
        assert series.scores(np.roll(forecasts, 1, 0))["mae"] > 0.1
    assert asked["config"](64) == {
        "input_size": 64 * HORIZON, "backend": "optuna", "start_padding_enabled": True, "max_time": {"seconds": 3.5},
    }  # fmt: skip
    assert (asked["h"], asked["time_budget"], asked["search_alg"], len(others)) == (HORIZON, 3.5, 2, 1)


def test_more_time_is_a_method_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch):
    stand_in(monkeypatch)
    budgets = []
    for words in ([], ["--times", "10"]):
        with working_in(folder):
            auto_forecasts.main(["mine", *words])
        budgets.append(Asked.options["time_budget"])
    assert budgets[1] == pytest.approx(10 * budgets[0])
    nets = [f"NeuralForecast {net}" for net in auto_forecasts.NETS]
    methods = rows_of(folder).method.unique()
    assert [*methods] == ["seasonal naive", *nets, *(f"{net}, 10 times as long" for net in nets)]


@pytest.mark.parametrize("module", ["auto_forecasts", "plain_labels"])
def test_a_study_that_is_not_there_is_said_in_a_line(folder: Path, module: str):
    command = [sys.executable, "-m", f"gatebench.speed.{module}", "absent"]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert process.returncode == 1
    assert process.stderr.startswith("gatebench: no study 'absent' in ")
    assert process.stderr.count("\n") == 1


@pytest.mark.parametrize("times", ["0", "-1", "x", "1.5"])
def test_a_number_of_times_is_whole_and_from_1(times: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        auto_forecasts.main(["mine", f"--times={times}"])
    assert f"'{times}', expected a whole number from 1, for example 10" in capsys.readouterr().err


def test_the_time_is_the_processors_for_a_cell(folder: Path):
    with working_in(folder):
        seconds = [spent for _, _, spent in auto_forecasts.plans(Path("results"), "mine")]
        trials = frame.load(Path("results"), "mine").trials
    one_each = trials[trials.split == "test"]
    assert sum(seconds) == pytest.approx(one_each.core_seconds.sum() / 2, rel=1e-6)


def test_what_is_no_single_series_is_left_alone(folder: Path):
    with working_in(folder):
        run_command("data", "add", "waves.csv", "--name", "next", "--season", SEASON)
        assert cards.load("next").forecast is None
        assert Series.of(auto_forecasts.tasks.load("next", "next", "next_step")) is None
