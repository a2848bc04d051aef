"""What of the steps to come is predicted, as a user says it: columns, how far ahead, and what is known of then."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from gatebench.data import cards, framings, tasks
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


def modes(folder: Path, rows: int = 1500) -> Path:
    """A temperature that follows a mode, which stays for long and then goes on to the next one of three, or of two."""
    random = np.random.default_rng(4)
    moves = random.random(rows) < 0.08
    mode, valve = np.cumsum(moves) % 3, np.cumsum(random.random(rows) < 0.1) % 2
    temperature = 5 * mode + 0.3 * random.standard_normal(rows)
    names, valves = np.array(["idle", "heat", "cool"])[mode], np.array(["open", "shut"])[valve]
    pd.DataFrame({"temperature": temperature.round(2), "mode": names, "valve": valves}).to_csv(
        folder / "modes.csv", index=False
    )
    return folder / "modes.csv"


def test_a_category_is_predicted_as_a_class_from_its_own_past_and_others(home: Path):
    lines = add(modes(home), predict=["mode"])
    assert any("predicted: mode, one of 3 classes, the next step" in line for line in lines)
    assert any(line.endswith("read: its own past and temperature, valve=shut") for line in lines)
    assert not any(line.startswith("noise:") for line in lines)
    card, frame = cards.load("mine"), pd.read_csv(home / "modes.csv")
    assert (card.target.ahead, card.target.kind, set(card.target.names)) == (1, "label", {"idle", "heat", "cool"})
    task = tasks.load("mine", "mine", "target")
    assert (task.inputs, task.outputs, task.predicted) == (5, 1, "label")
    train = np.concatenate([s.y[:, 0] for s in task.splits["train"]])
    names = [card.target.names[i] for i in train]
    assert names == frame["mode"][1 : 1 + len(names)].tolist(), "the class of the step after the one that is read"
    one_hot = np.concatenate([s.x for s in task.splits["train"]])[
        1:, [card.names.index(f"mode={n}") for n in card.target.names]
    ]
    assert (one_hot.argmax(1) == train[:-1]).all(), "which is read at the next step"
    assert card.has_series
    assert card.baselines == compute.compute(card, cards.read_arrays(card), cards.read_origins(card))
    assert card.baselines["logistic"]["test"]["nll"] < card.baselines["unigram"]["test"]["nll"] - 0.4
    assert yaml.safe_load(Path("gatebench_local/conf/task/mine.yaml").read_text())["likelihood"] == {"name": "categorical"}


def test_a_category_of_two_is_a_class_too(home: Path):
    add(modes(home), predict=["valve"])
    card, frame = cards.load("mine"), pd.read_csv(home / "modes.csv")
    task = tasks.load("mine", "mine", "target")
    names = [card.target.names[i] for s in task.splits["train"] for i in s.y[:, 0]]
    assert names == frame["valve"][1 : 1 + len(names)].tolist()


def test_categories_beside_numbers_are_read_alone_unless_they_are_named(home: Path):
    lines = add(modes(home))
    assert any(line.startswith("predicted: temperature, the next step") for line in lines)
    assert cards.load("mine").forecast == Forecast(("temperature",))


def test_a_model_that_looks_ahead_would_read_the_class(home: Path):
    add(modes(home), predict=["mode"])
    add(modes(home), "of_step", label="mode")
    card, of_step = cards.load("mine"), cards.load("of_step")
    assert (framings.target.causal(card), framings.target.causal(of_step)) == (True, False)
    assert "ahead:" not in (Path("gatebench_local/datasets") / "of_step.yaml").read_text()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"predict": ["temperature", "mode"]}, "--predict has mode, a category, and temperature; expected it alone"),
        ({"predict": ["mode", "valve"]}, "--predict has mode, a category, and valve; expected it alone"),
        ({"predict": ["mode"], "horizon": 2}, "so that --horizon is for numbers alone; expected none: remove --horizon"),
        ({"predict": ["mode"], "known": ["temperature"]}, "so that --known is for numbers alone"),
    ],
)  # fmt: skip
def test_what_is_not_said_of_a_category_is_one_line(home: Path, choices: dict[str, object], message: str):
    assert message in refused(modes(home), **choices)
