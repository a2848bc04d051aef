"""Which axis of arrays is time, how long their sequences are, and what stands in several files of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatebench.data import cards
from support.adding import add, arrays, refused, same

RANDOM = np.random.default_rng(5)
WALKS = RANDOM.standard_normal((12, 25, 3)).cumsum(1)
LABELS = np.arange(12) % 2
LENGTHS = np.arange(12) + 9
IS_STEP = np.arange(25) < LENGTHS[:, None]
CUT = [walk[:length] for walk, length in zip(WALKS, LENGTHS, strict=True)]


def inputs(name: str = "mine") -> list[np.ndarray]:
    return [array[:, :3] for array in arrays(name)]


def test_time_first_is_seen_by_the_target_and_else_asked_about(home: Path):
    np.savez(home / "x.npz", x=WALKS.transpose(1, 0, 2), y=LABELS)
    add(home / "x.npz")
    assert same(inputs(), [*WALKS])
    np.savez(home / "x.npz", x=WALKS.transpose(1, 0, 2))
    line = refused(home / "x.npz", "asked")
    assert "x has shape (25, 12, 3), and its numbers change less along the first axis than along the second" in line
    add(home / "x.npz", "turned", axes="TNX")
    assert same(inputs("turned"), [*WALKS])
    np.savez(home / "list.npz", *CUT)
    assert "--axes TNX is for one array of three axes" in refused(home / "list.npz", "asked", axes="TNX")


@pytest.mark.parametrize("columns", [3, 30])
def test_rows_with_a_value_each_are_steps_or_series(home: Path, columns: int):
    x = np.random.default_rng(1).standard_normal((200, columns)).cumsum(0)
    np.savez(home / "x.npz", X=x, y=x[:, 0] > 0)
    line = refused(home / "x.npz")
    assert f"x has shape (200, {columns}) and y a value for each of its rows" in line
    assert "--step-a-row" in line
    assert "--series-a-row" in line
    lines = add(home / "x.npz", layout="step-a-row")
    assert np.concatenate([array[:, :-1] for array in arrays()]).tolist() == x.tolist()
    assert any("y, a label of 2 classes, one of each step" in line for line in lines)
    add(home / "x.npz", "rows", layout="series-a-row")
    assert len(arrays("rows")) == 200


def test_series_that_change_little_along_rows_are_not_asked_about(home: Path):
    np.savez(home / "x.npz", X=WALKS.reshape(-1, 25)[:30], y=np.arange(30) % 2)
    assert "sequences: 30 of at most 25 steps of 1 column(s)" in add(home / "x.npz")


def test_more_columns_than_rows_may_be_time(home: Path):
    np.save(home / "x.npy", WALKS.reshape(-1, 3)[:250].T)
    line = refused(home / "x.npy")
    assert "x has shape (3, 250), more columns than rows" in line
    add(home / "x.npy", axes="NXT")
    assert np.concatenate(arrays()).tolist() == WALKS.reshape(-1, 3)[:250].tolist()


@pytest.mark.parametrize("name", ["seq_len", "sequence_lengths", "mask", "padding_mask"])
def test_lengths_have_many_names(home: Path, name: str):
    beside = {"mask": IS_STEP, "padding_mask": ~IS_STEP}.get(name, LENGTHS)
    named: dict[str, Any] = {"x": WALKS, name: beside}
    np.savez(home / "x.npz", **named)
    lines = add(home / "x.npz")
    assert not any(line.startswith("left out") for line in lines)
    assert same(inputs(), CUT)


def test_a_mask_that_is_no_padding(home: Path):
    np.savez(home / "x.npz", x=WALKS, mask=np.random.default_rng(0).random((12, 25)) < 0.8)
    assert "mask is 0 in the midst of sequences" in refused(home / "x.npz")
    np.savez(home / "x.npz", x=WALKS, mask=np.ones(12) * 3)
    assert "mask has shape (12,) of float64; expected [N, T], 1 in the steps" in refused(home / "x.npz")


@pytest.mark.parametrize("padding", [np.nan, 0.0])
def test_padding_in_front(home: Path, padding: float):
    padded = np.full_like(WALKS, padding)
    for array, walk in zip(padded, CUT, strict=True):
        array[-len(walk) :] = walk
    np.savez(home / "x.npz", x=padded, y=LABELS)
    if not padding:
        line = refused(home / "x.npz")
        assert "12 of 12 sequences begin with steps that are all 0, and all have 25 steps" in line
        add(home / "x.npz", "kept", padding="keep")
        assert same(inputs("kept"), [*padded])
    add(home / "x.npz", padding=None if padding else "cut")
    assert same(inputs(), CUT)


def test_zeros_that_begin_sequences_stay_where_others_pad_their_end(home: Path):
    padded = np.where(IS_STEP[..., None], WALKS, 0)
    padded[:4, 0] = 0
    np.savez(home / "x.npz", x=padded)
    add(home / "x.npz", padding="cut")
    assert same(inputs(), [array[:length] for array, length in zip(padded, LENGTHS, strict=True)])


def test_a_class_of_each_step_as_a_one_among_zeros(home: Path):
    classes = RANDOM.integers(0, 4, (12, 25))
    np.savez(home / "x.npz", x=WALKS, y=np.eye(4)[classes])
    lines = add(home / "x.npz")
    assert "target: y has one of 4 classes a step, as a one among zeros" in lines
    target = cards.load("mine").target
    assert target is not None
    assert (target.kind, target.names) == ("label", ("0", "1", "2", "3"))
    expected = [np.column_stack([walk, of_steps]) for walk, of_steps in zip(WALKS, classes, strict=True)]
    assert same(arrays(), expected)


# Without names, and in several files


def test_two_arrays_without_names_are_inputs_and_target(home: Path):
    np.savez(home / "x.npz", WALKS, LABELS)
    add(home / "x.npz")
    assert same(arrays(), [np.column_stack([walk, [label] * 25]) for walk, label in zip(WALKS, LABELS, strict=True)])
    np.savez(home / "x.npz", WALKS[:8], LABELS[:8], WALKS[8:], LABELS[8:])
    line = refused(home / "x.npz", "four")
    assert "arrays of the shapes (8, 25, 3), (8,), (4, 25, 3), (4,) without names" in line
    assert "np.savez(file, X_train=..., y_train=..., X_test=..., y_test=...)" in line


def in_files(folder: Path, **named: np.ndarray) -> None:
    folder.mkdir()
    for name, array in named.items():
        np.save(folder / f"{name}.npy", array)


@pytest.mark.parametrize("given", ["d", "d/X_train.npy", "d/y_test.npy"])
def test_arrays_in_files_by_name(home: Path, given: str):
    in_files(home / "d", X_train=WALKS[:8], y_train=LABELS[:8], X_test=WALKS[8:], y_test=LABELS[8:])
    lines = add(home / given)
    assert any(line.startswith("split: as given, train 8, test 4") for line in lines)
    assert given == "d" or "files: X_test.npy, X_train.npy, y_test.npy, y_train.npy, read together" in lines
    assert same(arrays(), [np.column_stack([walk, [label] * 25]) for walk, label in zip(WALKS, LABELS, strict=True)])


@pytest.mark.parametrize("given", ["d", "d/walks_test.npz"])
def test_a_file_of_arrays_for_each_split(home: Path, given: str):
    (home / "d").mkdir()
    np.savez(home / "d/walks_train.npz", x=WALKS[:8], y=LABELS[:8])
    np.savez(home / "d/walks_test.npz", x=WALKS[8:], y=LABELS[8:])
    assert any(line.startswith("split: as given, train 8, test 4") for line in add(home / given))
    assert same(inputs(), [*WALKS])


def test_a_file_each_may_have_its_label_beside(home: Path):
    in_files(home / "d", **{f"walk{place:02d}": walk for place, walk in enumerate(CUT)})
    (home / "d/labels.csv").write_text("file,kind\n" + "".join(f"walk{i:02d}.npy,{'ab'[i % 2]}\n" for i in range(12)))
    add(home / "d")
    assert same(arrays(), [np.column_stack([walk, [i % 2] * len(walk)]) for i, walk in enumerate(CUT)])
    np.save(home / "d/walk03.npy", WALKS)
    line = refused(home / "d", "others")
    assert "walk03.npy has x (12, 25, 3); of several files, expected one array of numbers in each" in line
    assert any(line.startswith("left out: ") and "walk03.npy" in line for line in add(home / "d", "others", skip_bad=True))
