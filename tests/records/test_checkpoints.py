"""Checkpoints: whole or not there, and honest about damage."""

import json
import random
import re
from pathlib import Path

import pytest
from safetensors.numpy import save

from gatebench.records.checkpoints import FORMAT, Checkpoint
from support.mutations import flipped
from support.records import WEIGHTS

A, B, C = "a" * 16, "b" * 16, "c" * 16


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path):
    checkpoint = Checkpoint(tmp_path, ["a", "b"])
    assert checkpoint.load() is None
    values = {"epoch": 3, "best_nll": [float("inf"), 0.1 + 0.2], "status": ["running", "diverged"]}
    checkpoint.save({"p": WEIGHTS["W"].T}, {"epoch": 2})
    checkpoint.save({"p": WEIGHTS["W"].T}, values)
    arrays, restored = checkpoint.load() or pytest.fail("no checkpoint")
    assert restored == values
    assert arrays["p"].tolist() == WEIGHTS["W"].T.tolist()
    assert Checkpoint.interrupted(tmp_path) == [["a", "b"]]
    checkpoint.remove()
    assert Checkpoint.interrupted(tmp_path) == []
    assert checkpoint.load() is None


def test_a_damaged_checkpoint_is_said_and_set_aside_and_counts_as_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    checkpoint, other = Checkpoint(tmp_path, [A, B]), Checkpoint(tmp_path, [C])
    checkpoint.save(WEIGHTS, {"epoch": 3})
    path = checkpoint.folder / "state.safetensors"
    whole = path.read_bytes()
    other.save(WEIGHTS, {"epoch": 4})
    for damaged in (b"", b"\0" * 100, whole[:40], whole[:-1], b"\xff" * 8 + whole[8:], flipped(whole, 8 * len(whole) - 3)):
        checkpoint.folder.mkdir(exist_ok=True)
        path.write_bytes(damaged)
        assert checkpoint.load() is None
        assert re.match(
            r"gatebench: checkpoint .* is damaged \(.*\); set aside in .*; its trials begin anew\n", capsys.readouterr().err
        )
        assert Checkpoint.interrupted(tmp_path) == [[C]]
        assert checkpoint.load() is None
        assert capsys.readouterr().err == ""
    assert len(list((tmp_path / "damaged").iterdir())) == 6


def test_training_never_goes_on_from_a_checkpoint_with_a_flipped_bit(tmp_path: Path):
    checkpoint = Checkpoint(tmp_path, [A, B])
    checkpoint.save(WEIGHTS, {"epoch": 3})
    path = checkpoint.folder / "state.safetensors"
    whole = path.read_bytes()
    for bit in random.Random(0).sample(range(8 * len(whole)), 500):
        checkpoint.folder.mkdir(exist_ok=True)
        path.write_bytes(flipped(whole, bit))
        saved = checkpoint.load()
        if saved is not None:  # of a bit of the checksum's name
            assert saved[1] == {"epoch": 3}
            assert {name: array.tolist() for name, array in saved[0].items()} == {n: v.tolist() for n, v in WEIGHTS.items()}


def test_a_checkpoint_without_a_checksum_is_one_of_before(tmp_path: Path):
    checkpoint = Checkpoint(tmp_path, [A])
    checkpoint.folder.mkdir(parents=True)
    metadata = {"format": FORMAT, "keys": json.dumps([A]), "values": "{}"}
    (checkpoint.folder / "state.safetensors").write_bytes(save(WEIGHTS, metadata))
    saved = checkpoint.load()
    assert saved is not None
    assert saved[0].keys() == WEIGHTS.keys()
