"""Sequences are of the kind that their card says, and so is their target; the file that keeps them is read without trust."""

import zipfile

import numpy as np
import pytest

from gatebench.core.errors import BadInput
from gatebench.data import cards, npz
from gatebench.data.contents import SPLITS, Target, check_columns, check_sequences, content_digest
from gatebench.data.readers import sequences_npz

CLASSES = Target("sequence", "label", 1, ("a", "b"))
WRONG = {
    "two in zeros and ones": ("binary", [[0, 1], [2, 1]], 0, None, "values other than 0 and 1"),
    "a symbol too many": ("symbols", [[0], [3]], 3, None, "no single column of whole numbers below 3"),
    "half a symbol": ("symbols", [[0], [0.5]], 3, None, "no single column of whole numbers"),
    "two columns of symbols": ("symbols", [[0, 1], [1, 1]], 3, None, "no single column"),
    "a class too many": ("reals", [[0.5, 2], [0.1, 2]], 0, CLASSES, "labels other than 0 to 1"),
    "a label that changes": ("reals", [[0.5, 0], [0.1, 1]], 0, CLASSES, "target that differs from step to step"),
    "nothing but a target": ("reals", [[0], [0]], 0, CLASSES, "1 column.s., 1 of them its target"),
}


@pytest.mark.parametrize(("kind", "rows", "symbols", "target", "message"), WRONG.values(), ids=WRONG)
def test_what_is_not_of_its_kind_is_said(kind, rows, symbols, target, message):
    arrays = {split: [np.array(rows)] for split in SPLITS}
    with pytest.raises(BadInput, match=f"dataset made: sequence 0 of split 'train' has .*{message}.*; "):
        check_columns("made", arrays, kind, symbols, target)


def test_what_is_no_number_is_said():
    with pytest.raises(BadInput, match="holds <U1; expected numbers"):
        check_sequences("made", {split: [np.array([["a"], ["b"]])] for split in SPLITS}, "symbols")


# The file


@pytest.fixture
def file(tmp_path):
    return tmp_path / "x.npz"


def window_arrays():
    random = np.random.default_rng(0)
    return {split: [random.standard_normal((n, 3)) for n in (2, 9, 4)] for split in SPLITS}


def test_sequences_come_back(file):
    arrays = window_arrays()
    sequences_npz.write(file, arrays)
    read = sequences_npz.read(cards.load("jsb_chorales"), [file])
    assert content_digest(read) == content_digest(arrays)
    with pytest.raises(FileExistsError):
        sequences_npz.write(file, arrays)


@pytest.mark.parametrize(
    "change",
    [
        {"train_lengths": [2, 9, 5]}, {"train_lengths": [2, 13, 0]}, {"train_lengths": [2.0, 9.0, 4.0]}, {"x": [1]},
        {"train_lengths": [2, -1, 14]}, {"train_lengths": np.array([2**63, 2**63, 15], np.uint64)}, {"train_lengths": []},
        {"train": np.zeros(15)}, {"train": np.array([None] * 15)},
    ],
    ids=lambda change: str(change)[:40],
)  # fmt: skip
def test_lengths_that_do_not_fit_are_said(file, change):
    arrays = window_arrays()
    whole = {split: np.concatenate(arrays[split]) for split in SPLITS}
    np.savez(file, **{**whole, **{f"{split}_lengths": np.array([2, 9, 4]) for split in SPLITS}, **change})
    with pytest.raises(ValueError, match=r"split 'train'|other arrays|Python objects"):
        sequences_npz.read(cards.load("jsb_chorales"), [file])


def test_a_file_that_swells_is_not_unpacked(file):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("train.npy", "w") as member:
        np.lib.format.write_array(member, np.zeros(2**22))
    with pytest.raises(ValueError, match=r"unpacks to more than 1,000,000 bytes"):
        npz.read(file, 10**6)


def test_a_header_that_promises_more_than_there_is(file):
    with zipfile.ZipFile(file, "w") as archive, archive.open("train.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
        member.write(bytes(80))
    with pytest.raises(ValueError, match=r"does not fit its 80 bytes"):
        npz.read(file)


ROLL = np.eye(4, 3, dtype=np.uint8)
SILLY = {
    "empty split": ({"valid": []}, r"split 'valid' is empty"),
    "no split": ({"test": None}, r"split 'test' is empty"),
    "one step": ({"train": [ROLL, ROLL[:1]]}, r"sequence 1 of split 'train' has 1 step"),
    "no step": ({"test": [ROLL[:0]]}, r"sequence 0 of split 'test' has 0 step"),
    "another width": ({"valid": [ROLL, ROLL[:, :2]]}, r"split '(train|valid)' has shape .*one width"),
    "a vector": ({"test": [ROLL, ROLL, ROLL[0]]}, r"sequence 2 of split 'test' has shape \(3,\)"),
    "NaN": ({"valid": [np.full((4, 3), np.nan)]}, r"sequence 0 of split 'valid' has NaN or infinite"),
    "infinite": ({"train": [ROLL, np.full((4, 3), -np.inf)]}, r"sequence 1 of split 'train' has NaN or infinite"),
}


@pytest.mark.parametrize(("given", "message"), SILLY.values(), ids=SILLY)
def test_check_names_what_cannot_be_trained_on(given, message):
    sequences = {"train": [ROLL, ROLL], "valid": [ROLL], "test": [ROLL], **given}
    with pytest.raises(BadInput, match=message):
        check_sequences("silly", {split: rolls for split, rolls in sequences.items() if rolls is not None}, "piano_roll")


def test_check_passes_two_steps():
    check_sequences("short", {split: [ROLL[:2]] for split in SPLITS}, "piano_roll")


WAVE = np.zeros((50, 1), np.int16)
NO_AUDIO = {"stereo": WAVE.repeat(2, 1), "float": WAVE.astype(np.float32), "8 bit": WAVE.astype(np.uint8)}


@pytest.mark.parametrize("wave", NO_AUDIO.values(), ids=NO_AUDIO)
def test_audio_is_one_channel_of_16_bit(wave):
    check_sequences("sound", {split: [WAVE] for split in SPLITS}, "audio")
    with pytest.raises(BadInput, match=r"sequence 0 of split 'train' has . channel\(s\) of .*; expected one of 16 bits"):
        check_sequences("sound", {split: [wave] for split in SPLITS}, "audio")


def test_audio_has_a_rate_and_nothing_else_has_one(tiny, murmur):
    tiny.edit(rate=8000)
    murmur.yaml.write_text(murmur.yaml.read_text().replace("rate: 8000\n", ""))
    for name, rate in (("tiny", 8000), ("murmur", None)):
        with pytest.raises(BadInput, match=f"{name}.yaml: rate is {rate}; expected samples a second for kind audio"):
            cards.load(name)


@pytest.mark.parametrize("value", [2.0, -1.0, 0.5, np.nan])
def test_piano_roll_holds_zeros_and_ones(tiny, value):
    rolls = {split: [roll.astype(float) for roll in sequences] for split, sequences in tiny.rolls.items()}
    rolls["valid"][3][1, 2] = value
    tiny.write(rolls)
    with pytest.raises(BadInput, match=r"piano_roll_mat: sequence 3 of split 'valid' has values other than 0 and 1"):
        cards.read_arrays(cards.load("tiny"))
