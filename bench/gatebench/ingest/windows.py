"""The decision into which windows long sequences are cut."""

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import splits
from gatebench.data.contents import SPLITS, Arrays
from gatebench.ingest import forecasting
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

LONG_SEQUENCE = 1000
"""Steps above which a sequence is cut; text is always cut, and audio into windows of one length."""
WINDOWS = {"binary": 250, "reals": 250, "piano_roll": 250, "symbols": 128, "audio": 500}
"""Kind -> steps of a window, unless the user says otherwise."""
TRAINING_WINDOWS = 20
"""Windows that few series are cut into for training, at the least: a batch and an interval over sequences need some."""
SHORTEST_WINDOW = 32
"""Steps of a window of few series, at the least, however few windows that makes."""
SHORTEST_AUDIO = 30
"""Samples of a window of audio, at the least."""


def decide(raw: RawData, parts: Arrays, choices: Choices, of_few: bool) -> tuple[Arrays, str]:
    """Return the sequences of each split, long ones cut, and the line that says how.

    Parameters
    ----------
    raw
        The data, its kind decided.
    parts
        Split -> arrays ``[T, X]``.
    choices
        What the user decided.
    of_few
        Whether the sequences are few, as stretches of time are.

    """
    kind = str(raw.kind)
    least_of_horizon = forecasting.WINDOW_OF_HORIZONS * (choices.horizon or 1)
    steps = max(WINDOWS[kind], least_of_horizon) if choices.window is None else choices.window
    least = SHORTEST_AUDIO if kind == "audio" else 2
    if steps < 0 or 0 < steps < 2 or (kind == "audio" and steps < SHORTEST_AUDIO):
        raise BadInput(f"--window is {steps}; expected at least {least} steps, or 0 to cut nothing")
    if kind == "audio":
        return _cut_audio(parts, steps)
    if of_few and choices.window is None:
        steps = min(steps, max(SHORTEST_WINDOW, least_of_horizon, sum(map(len, parts["train"])) // TRAINING_WINDOWS))
        windows = _cut(parts, steps)
        counts = f"{len(windows['train']):,} training sequences and {len(windows['test']):,} test sequences"
        return windows, f"window: {steps:,} steps, which makes {counts} (--window N; 0: none)"
    longest = max(len(array) for array in raw.sequences)
    limit = steps if kind == "symbols" or choices.window else LONG_SEQUENCE
    if steps == 0 or longest <= limit or (raw.has_one_target and choices.window is None):
        why = "each sequence has one label" if raw.has_one_target else f"sequences are of at most {longest:,} steps"
        return parts, f"window: none, since {why} (--window N)"
    return _cut(parts, steps), f"window: {steps:,} steps, since sequences are longer than {limit:,} (--window N)"


def _cut(parts: Arrays, steps: int) -> Arrays:
    def cut(arrays: list[np.ndarray]) -> list[np.ndarray]:
        return [window for array in arrays for window in splits.cut(array, steps)]

    return {split: cut(arrays) for split, arrays in parts.items()}


def _cut_audio(parts: Arrays, steps: int) -> tuple[Arrays, str]:
    windows = {split: [w for wave in parts[split] for w in splits.cut_equally(wave, steps)] for split in parts}
    for split in SPLITS:
        if not windows[split]:
            raise BadInput(f"no window of {steps:,} samples is left for the split '{split}'; use a shorter one: --window N")
    return windows, f"window: {steps:,} samples, whole ones only (--window N)"
