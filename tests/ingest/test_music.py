"""Music as files of MIDI have it: what sounds, in which track, at which time; and files of which nothing can be heard."""

from pathlib import Path

import mido
import numpy as np
import pytest

from gatebench.data import cards
from gatebench.data.contents import SPLITS
from support.adding import add, refused

TICKS = 480
"""Ticks of a quarter note."""
SCALE = [0, 2, 4, 5, 7, 9, 11, 12]


def track(onsets: list[int], lowest: int = 60, channel: int = 0, length: int = 60) -> mido.MidiTrack:
    """Notes of a length at onsets in ticks, going up a scale again and again."""
    written, now = mido.MidiTrack(), 0
    for i, onset in enumerate(onsets):
        note = lowest + SCALE[i % 8]
        written.append(mido.Message("note_on", note=note, velocity=64, channel=channel, time=onset - now))
        written.append(mido.Message("note_off", note=note, channel=channel, time=length))
        now = onset + length
    return written


def save(path: Path, *tracks: mido.MidiTrack, kind: int = 1) -> Path:
    file = mido.MidiFile(type=kind, ticks_per_beat=TICKS)
    file.tracks.extend(tracks)
    path.parent.mkdir(exist_ok=True)
    file.save(path)
    return path


def rolls(name: str = "mine") -> list[np.ndarray]:
    arrays = cards.read_arrays(cards.load(name))
    return [array for split in SPLITS for array in arrays[split]]


STEADY = [120 * i for i in range(80)]
"""A note in every time step."""


def test_songs_of_independent_tracks_are_not_laid_over_one_another(home: Path):
    save(home / "x" / "a.mid", track(STEADY, lowest=30), track(STEADY, lowest=50), track(STEADY, lowest=70), kind=2)
    lines = add(home / "x")
    assert any(line.startswith("sequences: 3, a file each, or an independent track of one (format 2)") for line in lines)
    assert all(roll.sum(1).max() == 1 for roll in rolls())
    save(home / "y" / "a.mid", track(STEADY, lowest=30), track(STEADY, lowest=50), kind=1)
    add(home / "y", "together")
    assert all(roll.sum(1).min() == 2 for roll in rolls("together"))


def test_drums_are_keys_where_that_is_asked(home: Path):
    save(home / "x" / "a.mid", track(STEADY, lowest=60), track(STEADY, lowest=38, channel=9))
    assert any("without drums (--drums)" in line for line in add(home / "x"))
    add(home / "x", "drums", drums=True)
    assert {roll.shape[1] for roll in rolls("drums")} == {88}
    assert np.concatenate(rolls()).sum() * 2 == np.concatenate(rolls("drums")).sum()
    path = save(home / "y.mid", track(STEADY, lowest=38, channel=9))
    assert "y.mid has no notes but those of drums; read them as keys, --drums, or remove it" in refused(path, name="y")


def test_onsets_that_a_step_moves_are_said_with_one_that_does_not(home: Path):
    path = save(home / "x.mid", track([160 * i for i in range(90)]))
    lines = add(path)
    assert "timing: 67% of onsets are moved by more than a tenth of a step (0% with --step 0.333333)" in lines
    assert not any(line.startswith("timing") for line in add(path, "thirds", step=0.333333))
    assert not any(line.startswith("timing") for line in add(save(home / "y.mid", track(STEADY)), "steady"))


def patched(path: Path, place: int, content: bytes) -> bytes:
    whole = path.read_bytes()
    return whole[:place] + content + whole[place + len(content) :]


SILENT = {
    "empty": (lambda path: b"", "a.mid is empty; expected music"),
    "no music": (lambda path: b"RIFF" * 9, "a.mid is no MIDI file"),
    "no ticks": (lambda path: patched(path, 12, b"\0\0"), "a.mid has 0 ticks in a quarter note"),
    "frames of film": (lambda path: patched(path, 12, b"\xe7\x28"), "a.mid counts time in frames of film (SMPTE)"),
    "damaged": (lambda path: path.read_bytes()[:-9], "a.mid cannot be read as MIDI ("),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "message"), SILENT.values(), ids=SILENT)
def test_files_that_cannot_be_read_are_left_out_where_that_is_asked(home: Path, damage, message: str):
    path = save(home / "x" / "a.mid", track(STEADY))
    path.write_bytes(damage(path))
    assert message in refused(path)
    save(home / "x" / "b.mid", track(STEADY, lowest=50))
    line = refused(home / "x")
    assert message in line
    assert line.endswith("; or leave out what cannot be read: --skip-bad")
    lines = add(home / "x", skip_bad=True)
    assert lines[0].startswith("left out: ")
    assert message in lines[0]
    assert np.flatnonzero(np.concatenate(rolls()).any(0)).tolist() == [50 - 21 + place for place in SCALE]


def test_notes_that_no_key_has(home: Path):
    assert "x.mid has no note between the pitches 21 and 108" in refused(save(home / "x.mid", track(STEADY, lowest=109)))


def test_of_files_that_are_left_out_nothing_is_kept(home: Path):
    for i in range(24):
        (home / "x").mkdir(exist_ok=True)
        save(home / "x" / ("ab" if i % 2 else "cd") / f"{i}.mid", track(STEADY, lowest=40 + i % 2))
    (home / "x" / "ab" / "1.mid").write_bytes(b"")
    lines = add(home / "x", skip_bad=True)
    assert any(line.startswith("folders: ab 11, cd 12, which are the classes") for line in lines)
    arrays = cards.read_arrays(cards.load("mine"))
    whole = [array for split in SPLITS for array in arrays[split]]
    assert len(whole) == 23
    # The label of each is that of its folder, whichever files are left out before it.
    assert all(array[0, 41 - 21] == 1 - array[0, -1] for array in whole)
