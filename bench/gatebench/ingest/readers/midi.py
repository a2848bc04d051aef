"""MIDI files as piano rolls, read by symusic."""

from pathlib import Path
from typing import Any

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


def read(files: list[Path], choices: Choices) -> RawData:
    """Return a piano roll ``[T, 88]`` of each file, without its drums."""
    choices.check_only("music", "step")
    step = STEP if choices.step is None else choices.step
    if not 0 < step <= 64:
        raise BadInput(f"--step is {step:g}; expected quarter notes of a time step, for example 0.25")
    rolls, total = [], 0
    for file in files:
        rolls.append(_read_roll(file, step))
        total += rolls[-1].size
        limits.check_count(str(file.parent), total // 8)  # a byte each
    decisions = [
        f"sequences: {len(files)}, a file each, as piano rolls of {KEYS} keys, without drums",
        f"step: {step:g} quarter notes (--step Q)",
    ]
    origins = [file.name for file in files]
    return RawData(rolls, f"{step:g} quarter notes", origins, "piano_roll", files=[*range(len(files))], decisions=decisions)


def _read_roll(file: Path, step: float) -> np.ndarray:
    notes = _read_notes(file, step)
    notes = notes[(notes[:, 2] >= LOWEST_PITCH) & (notes[:, 2] < LOWEST_PITCH + KEYS)]
    if not len(notes):
        raise BadInput(f"{file} has no note between the pitches {LOWEST_PITCH} and {LOWEST_PITCH + KEYS - 1}; remove it")
    first = np.rint(notes[:, 0]).astype(int)
    last = np.maximum(np.rint(notes[:, 0] + notes[:, 1]).astype(int), first + 1)
    if last.max() > MOST_STEPS:
        raise BadInput(
            f"{file} has {last.max():,} time steps; expected at most {MOST_STEPS:,}: use a longer one, --step Q, or remove "
            "it"
        )
    roll = np.zeros((last.max(), KEYS), np.uint8)
    for start, end, pitch in zip(first, last, notes[:, 2].astype(int), strict=True):
        roll[start:end, pitch - LOWEST_PITCH] = 1
    return roll


def _read_notes(file: Path, step: float) -> np.ndarray:
    """Return start and duration in time steps, and pitch, of every note: ``[N, 3]``."""
    try:
        import symusic
    except ImportError as error:
        raise BadInput("MIDI files are read by symusic; install it: pip install 'gatebench[midi]'") from error
    content = limits.read_bytes(file)
    if not content.startswith(b"MThd"):
        raise BadInput(f"{file} is no MIDI file; remove it")
    try:
        score: Any = symusic.Score.from_midi(content, "quarter")
        tracks = [track.notes.numpy() for track in score.tracks if not track.is_drum]
    except Exception as error:  # of a native library, whatever it makes of a damaged file
        raise BadInput(f"{file} cannot be read as MIDI ({shorten(error)}); it is damaged: remove it") from error
    notes = [
        np.stack([track["time"] / step, track["duration"] / step, track["pitch"]], 1)
        for track in tracks
        if len(track["time"])
    ]
    return np.concatenate([np.zeros((0, 3)), *notes])
