"""Baselines of windows of series look back over the windows before, as far as a model that carries its state knows them."""

from dataclasses import replace

import numpy as np
import pytest

from gatebench.data import cards, series
from gatebench.data.baselines import compute, lags
from gatebench.data.contents import SPLITS, Forecast, Target
from gatebench.data.origins import Origins
from gatebench.data.sequences import Sequence

BASE = cards.load("jsb_chorales")
CLASSES = 3
WINDOWS = {"train": [40, 7, 31, 22], "valid": [19, 18], "test": [25, 12]}
"""Split -> steps of the windows of each series."""


def reals(random, steps):
    waves = np.sin(2 * np.pi * (np.arange(steps) + random.uniform(0, 12)) / 12)[:, None]
    return waves + 0.3 * random.standard_normal((steps, 2)).cumsum(0) / np.sqrt(1 + np.arange(steps))[:, None]


def symbols(random, steps):
    text = [0, 1]
    while len(text) < steps:
        text.append((text[-1] + text[-2]) % CLASSES if random.random() < 0.8 else int(random.integers(CLASSES)))
    return np.array(text)[:, None]


def with_label(random, steps):
    x = random.standard_normal((steps, 1))
    return np.concatenate([x, (x + np.roll(x, 3, 0) > 0).astype(float)], 1)


def with_value(random, steps):
    x = random.standard_normal((steps, 1))
    return np.concatenate([x, np.roll(x, 2, 0) + 0.3 * random.standard_normal((steps, 1))], 1)


KINDS = {
    "reals": (reals, {"kind": "reals", "names": (), "season": 12}),
    "forecast": (reals, {"kind": "reals", "names": (), "season": 12, "forecast": Forecast(("1",), (), 3)}),
    "known ahead": (reals, {"kind": "reals", "names": (), "season": 12, "forecast": Forecast(("1",), ("0",), 2)}),
    "symbols": (symbols, {"kind": "symbols", "names": tuple("abc")}),
    "label of a step": (with_label, {"kind": "reals", "names": (), "target": Target("step", "label", 1, ("a", "b"))}),
    "value of a step": (with_value, {"kind": "reals", "names": (), "target": Target("step", "value", 1, ("a",))}),
}
LOOK_BACK = {
    "reals": {"last_change", "ar", "var", "seasonal_naive", "seasonal_mean"},
    "forecast": {"last_change", "ar", "var", "seasonal_naive", "seasonal_mean"},
    "known ahead": {"last_change", "ar", "var", "seasonal_naive", "seasonal_mean"},
    "symbols": {"ngram_3", "ngram_4", "ngram_5"},
    "label of a step": {"logistic_lags"},
    "value of a step": {"linear_lags"},
}
"""Baselines that read more than what stands at a step."""


def cut(whole):
    """Cut series, each as long as all windows, into these windows: arrays of each split, and their series."""
    arrays, numbers = {split: [] for split in SPLITS}, {split: [] for split in SPLITS}
    for number, one in enumerate(whole):
        ends = np.cumsum([steps for split in SPLITS for steps in WINDOWS[split]]).tolist()
        parts = np.split(one, ends[:-1])
        for split in SPLITS:
            taken, parts = parts[: len(WINDOWS[split])], parts[len(WINDOWS[split]) :]
            arrays[split] += taken
            numbers[split] += [number] * len(taken)
    return arrays, numbers


@pytest.fixture(params=list(KINDS))
def case(request):
    make, entries = KINDS[request.param]
    random = np.random.default_rng(11)
    whole = [make(random, sum(map(sum, WINDOWS.values()))) for _ in range(6)]
    card = replace(BASE, name="some", facts={"width": whole[0].shape[1]}, **entries)
    return request.param, card, whole


def test_series_in_windows_score_as_the_unbroken_series(case):
    """All windows of all splits together are what a test split of the unbroken series is, with the same training windows."""
    name, card, whole = case
    arrays, numbers = cut(whole)
    in_windows = compute.compute(card, arrays, Origins(numbers))
    unbroken = compute.compute(
        card, {**arrays, "test": whole}, Origins({**numbers, "test": [100 + i for i in range(len(whole))]})
    )
    apart = compute.compute(card, arrays)
    lost = (card.forecast.horizon if card.forecast else 0 if card.target else 1) * len(whole)  # at the end of a series
    counts = {split: len(whole) * sum(WINDOWS[split]) - (lost if split == "train" else 0) for split in SPLITS}
    assert LOOK_BACK[name] <= set(in_windows)
    for baseline, scores in in_windows.items():
        total = sum(scores[split]["nll"] * counts[split] for split in SPLITS)
        assert total / sum(counts.values()) == pytest.approx(unbroken[baseline]["test"]["nll"], abs=1e-4), baseline
        if baseline in LOOK_BACK[name]:
            assert any(scores[split]["nll"] != apart[baseline][split]["nll"] for split in ("valid", "test")), baseline


def test_nothing_that_comes_later_is_known(case):
    _, card, whole = case
    arrays, numbers = cut(whole)
    before = compute.compute(card, arrays, Origins(numbers))
    other = cut([one[::-1] for one in whole])[0]
    after = compute.compute(card, {**arrays, "test": other["test"]}, Origins(numbers))
    for baseline, scores in before.items():
        assert {split: after[baseline][split] for split in ("train", "valid")} == {
            split: scores[split] for split in ("train", "valid")
        }


def test_a_period_longer_than_half_a_window_is_recognised():
    random = np.random.default_rng(12)
    steps = sum(map(sum, WINDOWS.values()))
    whole = [np.sin(2 * np.pi * np.arange(steps) / 30)[:, None] + 0.1 * random.standard_normal((steps, 1)) for _ in range(4)]
    arrays, numbers = cut(whole)
    card = replace(BASE, name="some", kind="reals", names=(), facts={"width": 1})
    scores = compute.compute(card, arrays, Origins(numbers))["seasonal_naive"]
    assert scores == compute.compute(replace(card, season=30), arrays, Origins(numbers))["seasonal_naive"]
    assert "seasonal_naive" not in compute.compute(card, arrays)


def test_what_is_known_ends_where_that_of_a_model_ends(monkeypatch):
    """The last steps before a split, of which a window that is begun is whole; the place in the series goes on counting."""
    monkeypatch.setattr(series, "PAST_STEPS", 8)
    lengths = {"train": [6, 5, 4], "valid": [7], "test": [3]}
    splits, position = {}, 0
    for split, of_split in lengths.items():
        splits[split] = []
        for steps in of_split:
            splits[split].append(Sequence(np.zeros((steps, 1)), np.zeros((steps, 1)), 0, position))
            position += 1
    rows = lags.stack(splits)
    assert rows["train"].positions[rows["train"].scored].tolist() == [*range(15)]
    assert rows["valid"].positions[rows["valid"].scored].tolist() == [*range(9, 16)], "windows of 4 and 5 steps before"
    assert rows["test"].positions[rows["test"].scored].tolist() == [*range(11, 14)], "windows of 7 and 4 steps before"
    places = np.concatenate([rows[split].steps[rows[split].scored] for split in SPLITS])
    assert places.tolist() == [*range(25)]
