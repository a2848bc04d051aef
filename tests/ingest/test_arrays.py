"""Arrays under the names that people give them, in either order of axes, in the files of NumPy and MATLAB."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from gatebench.data import cards
from gatebench.data.contents import SPLITS
from gatebench.ingest import limits
from support import arrays
from support.adding import add, refused


def read(name: str = "mine") -> dict[str, list[np.ndarray]]:
    return cards.read_arrays(cards.load(name))


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, float).tobytes()).hexdigest()[:8]


def by_content(name: str = "mine") -> dict[str, str]:
    """Inputs of each sequence -> its label."""
    target = cards.load(name).target
    assert target is not None
    assert target.of == "sequence"
    splits = read(name)
    return {digest(a[:, :-1]): target.names[int(a[0, -1])] for split in SPLITS for a in splits[split]}


@pytest.mark.parametrize("write", arrays.ALL, ids=lambda write: write.__name__)
def test_sequences_and_labels_are_the_same_in_every_file(home: Path, write):
    add(write(home))
    names = {"0": "down", "1": "up"} if write is arrays.one_hot else {"down": "down", "up": "up"}
    expected = {digest(array): label for array, label in zip(arrays.SEQUENCES, arrays.LABELS, strict=True)}
    assert {content: names[label] for content, label in by_content().items()} == expected


def smooth(steps: int, columns: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.sin(np.arange(steps)[:, None] / 3 + random.random(columns)) + 5 * np.arange(columns)


def test_time_along_the_last_axis_is_asked_about(home: Path):
    x = np.stack([smooth(20, 3, seed) for seed in range(12)])
    np.savez(home / "x.npz", x=x.transpose(0, 2, 1))
    line = refused(home / "x.npz")
    assert "x has shape (12, 3, 20), and its numbers change less along the last axis than along the second" in line
    assert "sequences of 20 steps of 3 columns, --axes NXT; or of 3 steps of 20 columns, --axes NTX" in line
    add(home / "x.npz", "turned", axes="NXT")
    add(home / "x.npz", "straight", axes="NTX")
    assert {a.shape for split in SPLITS for a in read("turned")[split]} == {(20, 3)}
    assert {a.shape for split in SPLITS for a in read("straight")[split]} == {(3, 20)}
    np.savez(home / "y.npz", x=x)
    assert "sequences: 12 of at most 20 steps of 3 column(s) (--axes NXT)" in add(home / "y.npz", "usual")


def test_a_target_of_each_step_says_which_axis_is_time(home: Path):
    x = np.random.default_rng(0).standard_normal((12, 3, 20))
    np.savez(home / "x.npz", x=x, y=x.sum(1))
    add(home / "x.npz")
    for array in read()["train"]:
        assert array.shape == (20, 4)
        np.testing.assert_allclose(array[:, :3].sum(1), array[:, 3])


def test_rows_of_two_axes_are_series_where_it_is_said(home: Path):
    x = np.random.default_rng(0).standard_normal((30, 25))
    np.save(home / "x.npy", x)
    assert "sequences: one series of 30 steps of 25 column(s) (30 series of 25 steps: --series-a-row)" in add(home / "x.npy")
    add(home / "x.npy", "rows", layout="series-a-row")
    assert sorted(digest(a) for split in SPLITS for a in read("rows")[split]) == sorted(map(digest, x))


# Given splits


def parts(**sizes: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    named = {}
    for split, size in sizes.items():
        named[f"X_{split}"] = random.standard_normal((size, 9, 2))
        named[f"y_{split}"] = np.arange(size) % 2
    return named


def contents(splits: dict[str, list[np.ndarray]], *names: str) -> set[str]:
    return {digest(array[:, :2]) for name in names for array in splits[name]}


def digests_of(x: np.ndarray) -> set[str]:
    return {digest(array) for array in x}


def test_a_given_split_is_kept_and_validation_comes_from_train(home: Path):
    named = parts(train=30, test=10)
    np.savez(home / "x.npz", **named)
    lines = add(home / "x.npz")
    splits = read()
    assert contents(splits, "test") == digests_of(named["X_test"])
    assert contents(splits, "train", "valid") == digests_of(named["X_train"])
    assert len(splits["valid"]) == 6
    assert {array[0, 2] for array in splits["valid"]} == {0, 1}
    assert "split: as given, train 30, test 10 (--split sequence); valid: 6 of train" in lines
    add(home / "x.npz", "anew", split="sequence")
    assert contents(read("anew"), "test") != digests_of(named["X_test"])


@pytest.mark.parametrize("form", ["{}_{}", "{1}_{0}", "{0}{1}", "{1}{0}"])
def test_three_given_splits_are_kept_whatever_they_are_called(home: Path, form: str):
    named = parts(train=20, val=6, test=7)
    np.savez(home / "x.npz", **{form.format(*name.split("_")): array for name, array in named.items()})
    assert "split: as given, train 20, valid 6, test 7 (--split sequence)" in add(home / "x.npz")
    splits = read()
    for split, name in (("train", "X_train"), ("valid", "X_val"), ("test", "X_test")):
        assert contents(splits, split) == digests_of(named[name])


def test_validation_alone_is_what_is_tested(home: Path):
    named = parts(train=20, valid=6)
    np.savez(home / "x.npz", **named)
    assert any("; what is given for validation is test; valid: 4 of train" in line for line in add(home / "x.npz"))
    assert contents(read(), "test") == digests_of(named["X_valid"])


def test_of_few_long_series_validation_is_the_end_of_train(home: Path):
    x = np.random.default_rng(0).standard_normal((300, 2))
    np.savez(home / "x.npz", x_train=x[:200], x_test=x[200:])
    lines = add(home / "x.npz")
    splits = {split: np.concatenate(array) for split, array in read().items()}
    assert splits["test"].tolist() == x[200:].tolist()
    assert np.concatenate([splits["train"], splits["valid"]]).tolist() == x[:200].tolist()
    assert len(splits["valid"]) == 35
    assert any(line.endswith("valid: the end of each sequence of train") for line in lines)
    assert any(line.startswith("window: 32 steps, which makes 6 training sequences") for line in lines)


def test_groups_stay_out_of_both_train_and_validation(home: Path):
    named = parts(train=30, test=10)
    np.savez(home / "x.npz", **named, group_train=np.arange(30) // 3, group_test=np.arange(10) + 90)
    add(home / "x.npz")
    group = {digest(array): i // 3 for i, array in enumerate(named["X_train"])}
    train, valid = ({group[content] for content in contents(read(), split)} for split in ("train", "valid"))
    assert train & valid == set()
    assert len(train | valid) == 10


def test_copies_across_a_given_split_are_said(home: Path):
    named = parts(train=20, test=7)
    named["X_test"][:3] = named["X_train"][:3]
    np.savez(home / "x.npz", **named)
    assert any("; 3 sequence(s) of test are in train too" in line for line in add(home / "x.npz"))


# What is refused

MISTAKES = {
    "two of one": ({"x": np.zeros((3, 4)), "X": np.zeros((3, 4))}, "several arrays that are x, X one of them; .*: rename"),
    "x of all and of a split": ({"x": np.zeros((3, 4, 1)), **parts(train=3)}, "arrays of splits and x of all; .*: remove x"),
    "no x": ({"z": np.zeros(3)}, r"has the arrays z; expected x \[N, T, X\] with lengths \[N\] and perhaps y"),
    "a target of one split": (
        {k: v for k, v in parts(train=9, test=9).items() if k != "y_test"}, "a target of some splits and not of others",
    ),
    "train alone": (parts(train=9), "the data gives the splits train 9; expected train and test: add what is missing"),
    "labels of others": (
        {**parts(train=9, test=9), "y_test": [1, 2]}, r"x.npz, test: y has shape \(2,\); expected \[9\], one of each",
    ),
    "lengths of neither axis": (
        {"x": np.zeros((4, 5, 6)), "lengths": [7] * 4}, "expected one of 1 to 5 for each of the 4 sequences of x",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("named", "message"), MISTAKES.values(), ids=MISTAKES)
def test_arrays_that_do_not_fit_one_another(home: Path, named, message: str):
    np.savez(home / "x.npz", **named)
    line = refused(home / "x.npz")
    assert re.search(message, line), line


def test_matlab_files_that_are_none(home: Path, monkeypatch: pytest.MonkeyPatch):
    path = arrays.matlab(home)
    whole = path.read_bytes()
    for content, message in (
        (b"", "it is no MATLAB 5 file"),
        (whole[:200], "it ends within an element"),
        (
            whole[:124] + b"\0\2IM" + b"\x89HDF" * 9,
            "it is of MATLAB 7.3, which is HDF5; save it as a MATLAB 5 file: save -v7",
        ),
    ):
        path.write_bytes(content)
        assert f"x.mat cannot be read as arrays ({message}); save it anew" in refused(path)
    scipy.io.savemat(path, {"x": np.zeros((2**18, 1))}, do_compression=True)
    monkeypatch.setattr(limits, "MOST_BYTES", 2**20)
    assert path.stat().st_size < 2**14
    assert "a variable is cut short, or has more than 1,048,576 bytes" in refused(path)


def test_structures_of_matlab_are_left_out(home: Path):
    scipy.io.savemat(
        home / "x.mat",
        {"x": arrays.padded(), "lengths": arrays.LENGTHS, "made": {"by": "hand"}, "z": np.ones(3), "w": np.ones(3) * 1j},
    )
    assert "left out: z" in add(home / "x.mat")
