"""Labelled series inside a wheel: however they are written, the published test stays, and validation comes from train."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data import cards, facts, tasks
from gatebench.data.baselines.compute import compute
from gatebench.data.contents import SPLITS, Arrays
from gatebench.data.readers import labelled_series
from support.labelled import FORMATS, LABELS, series, write_card

PUBLISHED = [name for name in registry.available("datasets", ".yaml") if name.startswith(("ucr_", "uea_"))]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "datasets").mkdir()
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path))
    return tmp_path


def without_labels(arrays: list[np.ndarray]) -> list[list[float]]:
    return [array[:, :-1].ravel().tolist() for array in arrays]


@pytest.mark.parametrize("form", FORMATS)
def test_the_published_test_stays_and_validation_is_taken_from_each_class(home: Path, form: str):
    suffix, columns, uneven = FORMATS[form]
    write_card(home, home, suffix, columns, uneven)
    arrays = cards.read_arrays(cards.load("x"))
    train, test = series("train", columns, uneven), series("test", columns, uneven)
    # of class 1, at 1, 2, 3, 6, 8, 9, every second one; of class 2, at 0, 4, 5, 7, likewise
    held_out = [2, 4, 6, 7, 9]
    assert without_labels(arrays["test"]) == [array.ravel().tolist() for array in test]
    assert without_labels(arrays["valid"]) == [train[i].ravel().tolist() for i in held_out]
    assert without_labels(arrays["train"]) == [array.ravel().tolist() for i, array in enumerate(train) if i not in held_out]
    assert [int(array[0, -1]) for array in arrays["test"]] == [0, 1, 1]
    assert [int(array[0, -1]) for array in arrays["valid"]] == [int(LABELS["train"][i]) - 1 for i in held_out]
    task = tasks.load("x", "x", "target")
    assert (task.inputs, task.outputs) == (columns, 1)
    assert [len(task.splits[split]) for split in SPLITS] == [5, 5, 3]


def test_a_class_that_is_rarer_than_every_gives_nothing_to_validation():
    assert labelled_series.held_out_positions(["a", "b", "a", "a", "b", "a", "a"], 3) == {3}


WRONG = {
    "a class that the card does not name": (
        {"target": {"of": "sequence", "kind": "label", "names": ["1", "3"]}},
        "not in tuple",
    ),
    "a member that is not there": ({"options": {"train": "a.ts", "test": "b.ts", "valid_every": 2}}, "a.ts"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_card_that_does_not_fit_its_wheel_is_refused(home: Path, what: str):
    write_card(home, home, "ts", 1, True)
    changed, reason = WRONG[what]
    path = home / "datasets" / "x.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changed))
    with pytest.raises(BadInput, match=f"dataset x cannot be read by labelled_series: .*{reason}"):
        cards.read_arrays(cards.load("x"))


@pytest.mark.data
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_set_is_as_its_card_says(name: str):
    card = cards.load(name)
    arrays: Arrays = cards.read_arrays(card)
    assert facts.compute(card, arrays) == card.facts
    assert compute(card, arrays) == card.baselines
