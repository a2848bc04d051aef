"""MIDI files as piano rolls, read by symusic."""

from pathlib import Path
from typing import Any

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data.cards import LOWEST
from gatebench.ingest.options import Choices, Found, contents, fits

KEYS = 88
STEP = 0.25
"""Quarter notes of a time step."""
LONGEST = 100_000
"""Time steps of a file: more than ten hours of music."""


def read(files: list[Path], choices: Choices) -> Found:
    """A piano roll ``[T, 88]`` of each file, without its drums."""
    choices.only("music", "step")
    step = STEP if choices.step is None else choices.step
    if not 0 < step <= 64:
        raise BadInput(f"--step is {step:g}; expected quarter notes of a time step, for example 0.25")
    rolls, total = [], 0
    for file in files:
        rolls.append(_roll(file, step))
        total += rolls[-1].size
        fits(str(file.parent), total // 8)  # a byte each
    lines = [
        f"sequences: {len(files)}, a file each, as piano rolls of {KEYS} keys, without drums",
        f"step: {step:g} quarter notes (--step Q)",
    ]
    return Found(rolls, f"{step:g} quarter notes", [file.name for file in files], "piano_roll", lines=lines)


def _roll(file: Path, step: float) -> np.ndarray:
    notes = _notes(file, step)
    notes = notes[(notes[:, 2] >= LOWEST) & (notes[:, 2] < LOWEST + KEYS)]
    if not len(notes):
        raise BadInput(f"{file} has no note between the pitches {LOWEST} and {LOWEST + KEYS - 1}; remove it")
    first = np.rint(notes[:, 0]).astype(int)
    last = np.maximum(np.rint(notes[:, 0] + notes[:, 1]).astype(int), first + 1)
    if last.max() > LONGEST:
        raise BadInput(
            f"{file} has {last.max():,} time steps; expected at most {LONGEST:,}: use a longer one, --step Q, or remove it"
        )
    roll = np.zeros((last.max(), KEYS), np.uint8)
    for start, end, pitch in zip(first, last, notes[:, 2].astype(int), strict=True):
        roll[start:end, pitch - LOWEST] = 1
    return roll


def _notes(file: Path, step: float) -> np.ndarray:
    """Start and duration in time steps, and pitch, of every note."""
    try:
        import symusic
    except ImportError as error:
        raise BadInput("MIDI files are read by symusic; install it: pip install 'gatebench[midi]'") from error
    content = contents(file)
    if not content.startswith(b"MThd"):
        raise BadInput(f"{file} is no MIDI file; remove it")
    try:
        score: Any = symusic.Score.from_midi(content, "quarter")
        parts = [track.notes.numpy() for track in score.tracks if not track.is_drum]
    except Exception as error:  # of a native library, whatever it makes of a damaged file
        raise BadInput(f"{file} cannot be read as MIDI ({shorten(error)}); it is damaged: remove it") from error
    found = [
        np.stack([part["time"] / step, part["duration"] / step, part["pitch"]], 1) for part in parts if len(part["time"])
    ]
    return np.concatenate([np.zeros((0, 3)), *found])
