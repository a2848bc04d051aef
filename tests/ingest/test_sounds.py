"""Recordings that are not all there are said."""

from pathlib import Path

from gatebench.data import cards
from support import sources
from support.adding import add


def test_a_recording_that_was_cut_off_is_said_and_read_to_its_end(home: Path):
    path = sources.sounds(home)
    assert "cut off" not in " ".join(add(path, "whole"))
    whole = (path / "sound03.wav").read_bytes()
    (path / "sound03.wav").write_bytes(whole[: len(whole) // 2])
    lines = add(path, "short")
    assert "cut off: 1 file(s) end before the samples that they state, and are read to their end: sound03.wav" in lines
    samples = [sum(facts["samples"] for facts in _of_splits(name)) for name in ("whole", "short")]
    assert samples[0] > samples[1]


def test_a_recording_of_a_stream_states_no_size_and_is_whole(home: Path):
    path = sources.sounds(home)
    file = path / "sound00.wav"
    contents = bytearray(file.read_bytes())
    at = contents.index(b"data") + 4
    contents[at : at + 4] = b"\xff\xff\xff\xff"
    file.write_bytes(contents)
    assert "cut off" not in " ".join(add(path, "stream"))


def _of_splits(name: str) -> list[dict]:
    return [cards.load(name).facts[split] for split in ("train", "valid", "test")]
