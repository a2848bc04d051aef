"""The decision what no two splits share: sequences, groups of them, or stretches of time."""

import hashlib
from collections.abc import Hashable

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import splits
from gatebench.data.contents import SPLITS, Arrays
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData


def choose(raw: RawData, choices: Choices) -> str:
    """Return ``sequence``, ``group`` or ``time``: what is asked for, or what fits the data; ``BadInput`` if it cannot be."""
    enough = len(raw.sequences) >= splits.FEWEST_SEQUENCES or raw.has_one_target
    split_by = choices.split or ("group" if raw.groups else "sequence" if enough else "time")
    if split_by == "group" and not raw.groups:
        raise BadInput("--split group, but sequences have no group; name its column: --group COLUMN")
    if split_by == "time" and raw.has_one_target:
        raise BadInput("--split time would show the label of a test sequence in train; use --split sequence")
    return split_by


def decide(raw: RawData, choices: Choices, split_by: str) -> tuple[Arrays, str]:
    """Return the arrays of each split, the target behind the inputs, and the line that says how they were split."""
    targets = raw.targets or [None] * len(raw.sequences)
    arrays = [join(inputs, target) for inputs, target in zip(raw.sequences, targets, strict=True)]
    return _by_time(raw, arrays, choices) if split_by == "time" else _by_sequence(raw, arrays, split_by)


def _by_time(raw: RawData, arrays: list[np.ndarray], choices: Choices) -> tuple[Arrays, str]:
    stretches = [splits.by_time(len(array), origin) for array, origin in zip(arrays, raw.origins, strict=True)]
    parts = {split: [array[of[split]] for array, of in zip(arrays, stretches, strict=True)] for split in SPLITS}
    why = f"since there are fewer than {splits.FEWEST_SEQUENCES} sequences" if choices.split is None else "as asked"
    alternative = " (--split sequence)" if len(arrays) >= len(SPLITS) else ""
    return parts, f"split: by time within each sequence, 70/15/15, {why}{alternative}"


def _by_sequence(raw: RawData, arrays: list[np.ndarray], split_by: str) -> tuple[Arrays, str]:
    """Split whole sequences, or groups of them, so that copies stay together and labels are alike in all splits."""
    keys: list[list[Hashable]] = [[("copy", _digest(inputs))] for inputs in raw.sequences]
    if split_by == "group":
        keys = [[*sequence_keys, ("group", group)] for sequence_keys, group in zip(keys, raw.groups or [], strict=True)]
    labels = [0.0] * len(arrays)
    if raw.has_one_target and raw.target and raw.target.kind == "label" and raw.targets:
        labels = [float(target[0, 0]) for target in raw.targets]
    positions = splits.apart(keys, labels)
    parts = {split: [arrays[i] for i in positions[split]] for split in SPLITS}
    sizes = "/".join(str(len(positions[split])) for split in SPLITS)
    alike = ", labels alike" if raw.has_one_target and raw.target and raw.target.kind == "label" else ""
    alternative = " (--split sequence)" if split_by == "group" else "" if raw.has_one_target else " (--split time)"
    return parts, f"split: by {split_by}, {sizes} of {len(arrays)}, copies together{alike}{alternative}"


def _digest(array: np.ndarray) -> bytes:
    return hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).digest()


def join(inputs: np.ndarray, targets: np.ndarray | None) -> np.ndarray:
    """Return inputs ``[T, X]`` and targets ``[T, Y]`` as one array, of the smallest whole type unless there are reals."""
    joined = inputs if targets is None else np.concatenate([inputs, targets], 1)
    if joined.dtype.kind == "f" or joined.dtype in (np.uint8, np.int16):
        return joined
    return joined.astype(np.uint8) if joined.max() < 256 else joined.astype(np.int64)
