"""MIDI files as piano rolls, read by symusic."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data.cards import LOWEST_PITCH
from gatebench.ingest import limits
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

SUFFIXES = (".mid", ".midi")
MOST_FILES = None
KEYS = 88
"""Columns of a piano roll."""
STEP = 0.25
"""Quarter notes of a time step, unless the user says otherwise."""
MOST_STEPS = 100_000
"""Time steps of a file, at the most: more than ten hours of music."""
SMPTE = 0x8000
"""The bit of a header that says that time is counted in frames of film."""
INDEPENDENT = 2
"""The format of MIDI whose tracks are songs of their own."""
MOVED = 0.1
"""Steps from which on an onset is moved by being read on the grid of steps."""
FEW_MOVED = 0.01
"""Share of onsets that are moved up to which nothing is said about it."""
STEPS = (1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 6, 1 / 8, 1 / 12, 1 / 16, 1 / 24, 1 / 48)
"""Steps in quarter notes that may be proposed, the coarsest first."""


class Track(NamedTuple):
    """Notes that sound together."""

    origin: str
    """Where they are from, for messages."""
    file: int
    """The number of their file."""
    notes: np.ndarray
    """Start and duration in quarter notes, and pitch, of every note: ``[N, 3]``."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return a piano roll ``[T, 88]`` of each file, without its drums unless they are asked for."""
    choices.check_only("music", "step", "drums")
    step = STEP if choices.step is None else choices.step
    if not 0 < step <= 64:
        raise BadInput(f"--step is {step:g}; expected quarter notes of a time step, for example 0.25")
    tracks: list[Track] = []
    rolls, total = [], 0
    for number, file in enumerate(files):
        with limits.reading(file):
            of_file = _read_tracks(file, number, bool(choices.drums))
            tracks += of_file
            rolls += [_roll(track, step) for track in of_file]
        total += sum(roll.size for roll in rolls[-len(of_file) :])
        limits.check_count(str(file.parent), total // 8)  # a byte each
    each = "a file each" if len(tracks) == len(files) else "a file each, or an independent track of one (format 2)"
    decisions = [
        f"sequences: {len(tracks)}, {each}, as piano rolls of {KEYS} keys, "
        + ("with drums as keys" if choices.drums else "without drums (--drums)"),
        f"step: {step:g} quarter notes (--step Q)",
        *_timing(np.concatenate([track.notes[:, 0] for track in tracks]), step),
    ]
    origins, numbers = [track.origin for track in tracks], [track.file for track in tracks]
    return RawData(rolls, f"{step:g} quarter notes", origins, "piano_roll", files=numbers, decisions=decisions)


def _roll(track: Track, step: float) -> np.ndarray:
    start, duration, pitch = track.notes.T
    # Sums before they are divided: a grid that is no power of two would be missed by a rounding error.
    first = np.rint(start / step).astype(int)
    last = np.maximum(np.rint((start + duration) / step).astype(int), first + 1)
    if last.max() > MOST_STEPS:
        raise BadInput(
            f"{track.origin} has {last.max():,} time steps; expected at most {MOST_STEPS:,}: use a longer one, --step Q, or "
            "remove it"
        )
    roll = np.zeros((last.max(), KEYS), np.uint8)
    for begin, end, key in zip(first, last, pitch.astype(int) - LOWEST_PITCH, strict=True):
        roll[begin:end, key] = 1
    return roll


def _timing(onsets: np.ndarray, step: float) -> list[str]:
    """Return a line about onsets that the grid of steps moves, with a step that moves fewer, if there are many."""
    moved = _moved(onsets, step)
    if moved <= FEW_MOVED:
        return []
    better = next((other for other in STEPS if _moved(onsets, other) <= FEW_MOVED), None)
    proposed = f"{_moved(onsets, better):.0%} with --step {better:.6g}" if better else "finer steps move fewer: --step Q"
    return [f"timing: {moved:.0%} of onsets are moved by more than a tenth of a step ({proposed})"]


def _moved(onsets: np.ndarray, step: float) -> float:
    places = onsets / step
    return float(np.mean(np.abs(places - np.rint(places)) > MOVED))


def _read_tracks(file: Path, number: int, drums: bool) -> list[Track]:
    """Return the notes within the keys of a file, all together, or of each track where tracks are songs of their own."""
    content = limits.read_bytes(file)
    independent = _check_header(file, content)
    try:
        import symusic
    except ImportError as error:
        raise BadInput("MIDI files are read by symusic; install it: pip install 'gatebench[midi]'") from error
    try:
        score: Any = symusic.Score.from_midi(content, "quarter")
        parts = [(_notes(track), bool(track.is_drum)) for track in score.tracks]
    except Exception as error:  # of a native library, whatever it makes of a damaged file
        raise BadInput(f"{file} cannot be read as MIDI ({shorten(error)}); it is damaged: remove it") from error
    parts = [(notes, is_drum) for notes, is_drum in parts if len(notes)]
    if not parts:
        raise BadInput(f"{file} has no notes; expected music: remove it")
    heard = [notes for notes, is_drum in parts if drums or not is_drum]
    if not heard:
        raise BadInput(f"{file} has no notes but those of drums; read them as keys, --drums, or remove it")
    within = [notes[(notes[:, 2] >= LOWEST_PITCH) & (notes[:, 2] < LOWEST_PITCH + KEYS)] for notes in heard]
    within = [notes for notes in within if len(notes)]
    if not within:
        raise BadInput(f"{file} has no note between the pitches {LOWEST_PITCH} and {LOWEST_PITCH + KEYS - 1}; remove it")
    if not independent:
        return [Track(file.name, number, np.concatenate(within))]
    return [Track(f"{file.name}, track {place}", number, notes) for place, notes in enumerate(within)]


def _check_header(file: Path, content: bytes) -> bool:
    """Return whether tracks are songs of their own; ``BadInput`` if there is no MIDI, or time is not in quarter notes."""
    if not content:
        raise BadInput(f"{file} is empty; expected music: remove it")
    if not content.startswith(b"MThd") or len(content) < 14:
        raise BadInput(f"{file} is no MIDI file; remove it")
    division = int.from_bytes(content[12:14], "big")
    if division & SMPTE:
        raise BadInput(
            f"{file} counts time in frames of film (SMPTE); expected ticks of a quarter note: save it so, or remove it"
        )
    if not division:
        raise BadInput(f"{file} has 0 ticks in a quarter note, so that no note has a time; it is damaged: remove it")
    return int.from_bytes(content[8:10], "big") == INDEPENDENT


def _notes(track: Any) -> np.ndarray:
    notes = track.notes.numpy()
    return np.stack([notes["time"], notes["duration"], notes["pitch"]], 1).astype(float)
