"""The decision into which windows long sequences are cut."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import splits
from gatebench.data.contents import SPLITS
from gatebench.ingest import forecasting
from gatebench.ingest.choices import Choices
from gatebench.ingest.parts import Parts
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


def decide(raw: RawData, parts: Parts, choices: Choices, of_few: bool) -> tuple[Parts, str]:
    """Return the sequences of each split, long ones cut, and the line that says how.

    Windows of one sequence follow one another, but that of audio the samples at the end of a split that fill none are left
    out.

    Parameters
    ----------
    raw
        The data, its kind decided.
    parts
        The sequences as they were split.
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
        least = max(SHORTEST_WINDOW, least_of_horizon)
        steps = min(steps, max(least, sum(map(len, parts.arrays["train"])) // TRAINING_WINDOWS))
        windows = _cut(parts, steps)
        of_train, of_test = (len(windows.arrays[split]) for split in ("train", "test"))
        counts = f"{of_train:,} training sequences and {of_test:,} test sequences"
        return windows, f"window: {steps:,} steps, which makes {counts} (--window N; 0: none)"
    longest = max(len(array) for array in raw.sequences)
    limit = steps if kind == "symbols" or choices.window else LONG_SEQUENCE
    if steps == 0 or longest <= limit or (raw.has_one_target and choices.window is None):
        why = "each sequence has one label" if raw.has_one_target else f"sequences are of at most {longest:,} steps"
        return parts, f"window: none, since {why} (--window N)"
    return _cut(parts, steps), f"window: {steps:,} steps, since sequences are longer than {limit:,} (--window N)"


def _cut(parts: Parts, steps: int) -> Parts:
    return _windows(parts, lambda array: splits.cut(array, steps))


def _cut_audio(parts: Parts, steps: int) -> tuple[Parts, str]:
    windows = _windows(parts, lambda wave: splits.cut_equally(wave, steps))
    for split in SPLITS:
        if not windows.arrays[split]:
            raise BadInput(f"no window of {steps:,} samples is left for the split '{split}'; use a shorter one: --window N")
    return replace(windows, breaks=True), f"window: {steps:,} samples, whole ones only (--window N)"


def _windows(parts: Parts, cut: Callable[[np.ndarray], list[np.ndarray]]) -> Parts:
    """Return all parts cut."""
    windows = {split: [cut(array) for array in arrays] for split, arrays in parts.arrays.items()}
    sources = {
        split: [source for source, of_one in zip(parts.sources[split], windows[split], strict=True) for _ in of_one]
        for split in windows
    }
    return Parts({split: [w for of_one in of_split for w in of_one] for split, of_split in windows.items()}, sources)
