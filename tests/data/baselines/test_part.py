"""Baselines of a large data set are those of a part of it, evenly taken, in the units of the whole."""

from dataclasses import replace

import numpy as np
import pytest

from gatebench.data import cards
from gatebench.data.baselines import compute, part
from gatebench.data.contents import SPLITS, Arrays
from gatebench.data.origins import NO_ORIGINS, Origins

CARD = replace(cards.load("jsb_chorales"), kind="reals", facts={"width": 2})


def walks(count: int, width: int = 2, steps: int = 50) -> Arrays:
    random = np.random.default_rng(0)
    return {
        split: [random.normal(size=(steps, width)).cumsum(0) * 0.1 + random.normal() for _ in range(number)]
        for split, number in zip(SPLITS, (count, count // 4, count // 4), strict=True)
    }


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "LARGE", 2**12)
    monkeypatch.setattr(part, "NUMBERS", 20_000)


def test_a_data_set_that_is_not_large_is_taken_as_it_is():
    arrays = walks(8)
    assert part.take(arrays, NO_ORIGINS) == part.Part(arrays, NO_ORIGINS)


@pytest.mark.usefixtures("large")
def test_a_part_is_evenly_taken_and_about_as_large_as_it_is_to_be():
    arrays = walks(2000)
    taken = part.take(arrays, NO_ORIGINS).arrays
    starts = {array.tobytes(): place for place, array in enumerate(arrays["train"])}
    places = [starts[array.tobytes()] for array in taken["train"]]
    assert places == sorted(set(places))
    assert 0.8 * part.NUMBERS <= sum(array.size for array in taken["train"]) <= 1.2 * part.NUMBERS
    assert np.diff(places).max() <= 1.5 * len(arrays["train"]) / part.STRETCHES
    assert places[0] < 100
    assert places[-1] > 1900


@pytest.mark.usefixtures("large")
def test_windows_of_different_stretches_do_not_follow_one_another():
    arrays = walks(2000)
    series = {split: np.zeros(len(arrays[split]), int) for split in SPLITS}
    taken = part.take(arrays, Origins(series))
    numbers = taken.origins.series["train"]
    assert len(numbers) == len(taken.arrays["train"])
    assert len(set(numbers.tolist())) == part.STRETCHES
    assert not {*numbers.tolist()} & {*taken.origins.series["test"].tolist()}


@pytest.mark.usefixtures("large")
def test_a_long_sequence_is_cut():
    arrays = {split: [array] for split, (array, *_) in walks(8, steps=30_000).items()}
    taken = part.take(arrays, NO_ORIGINS).arrays["train"]
    assert len(taken) == part.STRETCHES
    assert sum(array.size for array in taken) <= part.NUMBERS


@pytest.mark.usefixtures("large")
def test_scores_are_those_of_the_part_in_the_units_of_the_whole(monkeypatch: pytest.MonkeyPatch):
    arrays = walks(2000)
    for array in arrays["train"][::7]:  # so that deviations of the part are others
        array *= 3
    taken = part.take(arrays, NO_ORIGINS).arrays
    computed = compute.compute(CARD, arrays)
    monkeypatch.setattr(part, "LARGE", 2**40)
    of_part = compute.compute(CARD, taken)
    deviations = [np.concatenate(of["train"]).std(0) for of in (taken, arrays)]
    shift = np.log(deviations[0] / deviations[1]).sum()
    assert abs(shift) > 0.001
    for name, scores in of_part.items():
        for split in SPLITS:
            assert computed[name][split]["nll"] == pytest.approx(scores[split]["nll"] + shift, abs=2e-4)


@pytest.mark.usefixtures("large")
def test_scores_of_a_part_are_near_those_of_the_whole(monkeypatch: pytest.MonkeyPatch):
    arrays = walks(2000)
    of_part = compute.compute(CARD, arrays)
    monkeypatch.setattr(part, "LARGE", 2**40)
    whole = compute.compute(CARD, arrays)
    assert of_part.keys() == whole.keys()
    assert all(abs(of_part[name]["test"]["nll"] - whole[name]["test"]["nll"]) < 0.1 for name in whole)
