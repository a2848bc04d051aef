"""What of the steps to come is predicted, as a user says it: columns, how far ahead, and what is known of then."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from gatebench.data import cards, tasks
from gatebench.data.baselines import compute
from gatebench.data.contents import SPLITS, Forecast
from gatebench.data.forecasts import forecast
from support.adding import add, refused


def table(folder: Path, rows: int = 400) -> Path:
    """A load that hangs on the kind of the day, which is known ahead, and on the temperature, which is not."""
    random = np.random.default_rng(0)
    days = random.integers(0, 7, rows)
    temperature = random.standard_normal(rows).cumsum() / 3
    load = 10 * (days < 5) + temperature + random.standard_normal(rows)
    frame = pd.DataFrame({"load": load.round(2), "temperature": temperature.round(2), "day": [f"d{day}" for day in days]})
    frame.to_csv(folder / "load.csv", index=False)
    return folder / "load.csv"


def test_a_column_from_its_own_past_and_others(home: Path):
    lines = add(table(home), predict=["load"])
    assert any(line.startswith("predicted: load, the next step at each step") for line in lines)
    assert any("read alone: temperature, day=d0, day=d1" in line for line in lines)
    card = cards.load("mine")
    assert card.forecast == Forecast(("load",))
    task = tasks.load("mine", "mine", "forecast")
    assert (task.inputs, task.outputs) == (9, 1)
    assert yaml.safe_load(Path("gatebench_local/conf/task/mine.yaml").read_text())["predict"] == "forecast"
    assert card.baselines == compute.compute(card, cards.read_arrays(card), cards.read_origins(card))


def test_a_category_that_is_known_ahead_is_all_of_its_columns(home: Path):
    add(table(home), predict=["load"], known=["day"], horizon=3)
    card = cards.load("mine")
    assert card.forecast == Forecast(("load",), tuple(f"day=d{i}" for i in range(7)), 3)
    assert forecast.sizes(card) == (9 + 7 * 3, 3)
    add(table(home), "blind", predict=["load"], horizon=3)
    blind = cards.load("blind").baselines
    assert card.baselines["linear_diagonal"]["test"]["nll"] < blind["linear_diagonal"]["test"]["nll"] - 0.5


def test_what_is_known_is_not_predicted(home: Path):
    add(table(home), known=["day"])
    assert cards.load("mine").forecast == Forecast(("load", "temperature"), tuple(f"day=d{i}" for i in range(7)))


def test_all_columns_by_a_step_is_no_forecast(home: Path):
    path = table(home)
    add(path, "plain", without=["day"])
    add(path, "said", without=["day"], predict=["load", "temperature"], horizon=1)
    plain, said = ((Path("gatebench_local/datasets") / f"{name}.yaml").read_text() for name in ("plain", "said"))
    assert said.replace("said", "plain").splitlines()[6:] == plain.splitlines()[6:]
    assert "forecast" not in said


def test_columns_of_arrays_have_numbers(home: Path):
    random = np.random.default_rng(1)
    np.savez(home / "x.npz", *[random.standard_normal((20, 3)) for _ in range(12)])
    add(home / "x.npz", predict=["2"], horizon=4)
    card = cards.load("mine")
    assert forecast.columns(card).predicted == [2]
    assert {len(a) for split in SPLITS for a in cards.read_arrays(card)[split]} == {20}


def test_windows_are_longer_than_the_horizon_and_short_sequences_are_said(home: Path):
    random = np.random.default_rng(2)
    np.save(home / "x.npy", random.standard_normal(3000))
    add(home / "x.npy", "series", horizon=60)
    assert min(len(a) for split in SPLITS for a in cards.read_arrays(cards.load("series"))[split]) >= 200
    lengths = [5] * 3 + [30] * 12
    np.savez(home / "y.npz", *[random.standard_normal((length, 1)) for length in lengths])
    lines = add(home / "y.npz", "uneven", horizon=8)
    assert any(line.startswith("left out: 3 sequences of at most 8 steps, too short to predict") for line in lines)
    assert all(len(a) == 30 for split in SPLITS for a in cards.read_arrays(cards.load("uneven"))[split])


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"predict": ["lod"]}, "--predict lod is no column; did you mean 'load'"),
        ({"predict": ["load"], "known": ["load"]}, "--known has load, which is predicted"),
        ({"known": ["load", "temperature", "day"]}, "--known has all columns"),
        ({"horizon": 0}, "--horizon is 0; expected a whole number of steps from 1"),
        ({"horizon": 300}, "the 300 steps that are predicted at once; expected some: use a shorter --horizon"),
        ({"predict": ["load"], "label": "day"}, "--predict says which columns go on, but a target is predicted"),
        ({"predict": ["load"], "without": ["load"]}, "--predict load is no column that is read"),
    ],
)  # fmt: skip
def test_what_cannot_be_forecast_is_one_line(home: Path, choices: dict[str, object], message: str):
    assert message in refused(table(home), **choices)


def test_symbols_and_recordings_go_on_as_they_are(home: Path):
    (home / "x.txt").write_text("the quick brown fox jumps over the lazy dog. " * 40)
    assert "--horizon is for columns of numbers, but what is there is symbols" in refused(home / "x.txt", horizon=3)
