"""Labelled series inside a wheel: however they are written, the published test stays, and validation comes from train."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data import cards, facts, tasks
from gatebench.data.baselines.compute import compute
from gatebench.data.contents import SPLITS, Arrays, content_digest
from gatebench.data.readers import labelled_series

PUBLISHED = [name for name in registry.available("datasets", ".yaml") if name.startswith(("ucr_", "uea_"))]
LABELS = {"train": ["2", "1", "1", "1", "2", "2", "1", "2", "1", "1"], "test": ["1", "2", "2"]}
"""Label of each series, as they stand in the files: six of class 1 and four of class 2 in train."""


def series(split: str, columns: int, uneven: bool) -> list[np.ndarray]:
    """Numbers that no two series share, of other lengths where they are uneven."""
    start = 0 if split == "train" else 1000
    lengths = [3 + (i % 4 if uneven else 0) for i in range(len(LABELS[split]))]
    return [start + 10 * i + np.arange(length * columns).reshape(length, columns) / 7 for i, length in enumerate(lengths)]


def as_ts(arrays: list[np.ndarray], labels: list[str]) -> str:
    cases = [":".join(",".join(map(repr, column.tolist())) for column in array.T) for array in arrays]
    below = "\n".join(f"{case}:{label}" for case, label in zip(cases, labels, strict=True))
    return f"# a remark: 1,2\n@problemName X\n@classLabel true 1 2\n@data\n{below}\n"


def as_rows(arrays: list[np.ndarray], labels: list[str]) -> str:
    rows = [[float(label), *array[:, 0].tolist()] for array, label in zip(arrays, labels, strict=True)]
    return "".join("   ".join(f"{number!r}" for number in row) + "\n" for row in rows)


def as_npz(uneven: bool) -> bytes:
    buffer = io.BytesIO()
    stacked = {f"X_{split}": np.stack(series(split, 1, uneven)) for split in LABELS}
    np.savez(buffer, allow_pickle=False, **stacked, **{f"y_{split}": np.array(LABELS[split], int) for split in LABELS})
    return buffer.getvalue()


FORMATS = {
    "ts of two columns": ("ts", 2, True),
    "ts of one": ("ts", 1, True),
    "rows": ("txt", 1, False),
    "npz": ("npz", 1, False),
}


def write_wheel(path: Path, suffix: str, columns: int, uneven: bool) -> dict[str, str]:
    """Write a wheel with the series in it; returns split -> the name of its member."""
    with zipfile.ZipFile(path, "w") as archive:
        if suffix == "npz":
            archive.writestr("sets/X.npz", as_npz(uneven))
            return dict.fromkeys(LABELS, "sets/X.npz")
        members = {split: f"sets/X_{split}.{suffix}" for split in LABELS}
        for split, name in members.items():
            write = as_ts if suffix == "ts" else as_rows
            archive.writestr(name, write(series(split, columns, uneven), LABELS[split]))
    return members


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "datasets").mkdir()
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path))
    return tmp_path


def write_card(home: Path, suffix: str, columns: int, uneven: bool, **changed: object) -> None:
    wheel = home / "x-1.0-py3-none-any.whl"
    options = {**write_wheel(wheel, suffix, columns, uneven), "valid_every": 2}
    card = {
        "title": "X", "description": "", "source": "", "licence": "", "citation": "", "time_step": "a step",
        "synthetic": True, "kind": "reals", "reader": "labelled_series", "options": options, "content": "",
        "facts": {}, "baselines": {},
        "files": [{"path": wheel.name, "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
        "target": {"of": "sequence", "kind": "label", "names": ["1", "2"]},
    } | changed  # fmt: skip
    write = (home / "datasets" / "x.yaml").write_text
    write(yaml.safe_dump(card))
    arrays = labelled_series.read(cards.load("x"), [wheel])
    write(yaml.safe_dump(card | {"content": content_digest(arrays), "facts": facts.compute(cards.load("x"), arrays)}))


def without_labels(arrays: list[np.ndarray]) -> list[list[float]]:
    return [array[:, :-1].ravel().tolist() for array in arrays]


@pytest.mark.parametrize("form", FORMATS)
def test_the_published_test_stays_and_validation_is_taken_from_each_class(home: Path, form: str):
    suffix, columns, uneven = FORMATS[form]
    write_card(home, suffix, columns, uneven)
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
    write_card(home, "ts", 1, True)
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
