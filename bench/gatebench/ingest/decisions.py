"""What becomes of sequences that were found: their kind, split, windows and likelihood, with a line for each decision."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import columns
from gatebench.data.contents import SPLITS, Arrays, Kind
from gatebench.ingest import splitting
from gatebench.ingest.options import Choices, Found

FEW_SYMBOLS = 32
"""Different whole numbers of a single column that are taken for symbols, at the most."""
LONG = 1000
"""Steps of a sequence that is cut,"""
WINDOWS = {"binary": 250, "reals": 250, "piano_roll": 250, "symbols": 128, "audio": 500}
"""and of the parts; text is always cut, and audio into windows of one length."""
PARTS = 20
"""Of what few series have for training, at the least: a batch, and an interval over test sequences, need several,"""
SHORTEST_WINDOW = 32
"""but none of them shorter than this."""
UNKNOWN = "\ufffd"
"""Stands for symbols that train lacks."""
LIKELIHOODS: dict[str, tuple[str, ...]] = {
    "binary": ("bernoulli",),
    "piano_roll": ("bernoulli",),
    "symbols": ("categorical",),
    "reals": ("gaussian", "gaussian_mixture"),
    "audio": ("gaussian_mixture",),
}
"""Of what is predicted, by its kind; the first one is proposed."""


@dataclass(frozen=True)
class Plan:
    """What is to be written."""

    found: Found
    """With its kind, and the symbols that train has."""
    arrays: Arrays
    likelihood: dict[str, Any]
    lines: list[str]


def decide(found: Found, choices: Choices) -> Plan:
    """All decisions, in the order in which they depend on each other."""
    found, kind_line = _kind(found, choices)
    arrays, split_lines = _split(found, choices)
    if found.kind == "symbols":
        found, arrays, unknown = _symbols(found, arrays)
        split_lines += unknown
    _constant(found, arrays)
    predicted = found.kind if found.target is None else "symbols" if found.target.kind == "label" else "reals"
    likelihood, line = _likelihood(str(predicted), arrays, choices)
    lines = [*found.lines, kind_line, *split_lines, line, *_scaled(found, arrays)]
    return Plan(found, arrays, likelihood, lines)


def _kind(found: Found, choices: Choices) -> tuple[Found, str]:
    """What is read, and why it is taken for that."""
    if found.kind is not None:
        if choices.kind not in (None, found.kind):
            raise BadInput(f"--as {choices.kind}, but what is there is {found.kind}; remove it")
        return found, f"kind: {found.kind}" + (f" of {len(found.names):,}" if found.kind == "symbols" else "")
    for place, array in zip(found.places, found.sequences, strict=True):
        if array.shape[1] != found.sequences[0].shape[1] or not array.shape[1]:
            raise BadInput(
                f"{place} has {array.shape[1]} column(s), but {found.places[0]} has {found.sequences[0].shape[1]}; "
                "expected the same in all sequences: correct it"
            )
        wrong = np.argwhere(~np.isfinite(array)) if array.dtype.kind == "f" else []
        if len(wrong):
            raise BadInput(
                f"{place}, row {wrong[0][0]}, column {wrong[0][1]} is NaN or infinite; expected a number: fill it, "
                "cut the sequence there, or, if it pads, save the lengths beside"
            )
    whole = np.concatenate(found.sequences)
    values = np.unique(whole)
    ones = bool(np.isin(values, (0, 1)).all())
    countable = whole.shape[1] == 1 and bool((values == np.floor(values)).all())
    few = countable and len(values) <= FEW_SYMBOLS and whole.dtype.kind in "bui"
    proposed: Kind = "binary" if ones else "symbols" if few else "reals"
    kind = choices.kind or proposed
    if kind == "binary" and not ones:
        raise BadInput(
            f"--as binary, but there are values like {shorten(values[~np.isin(values, (0, 1))][0])}; expected 0 and 1 "
            "alone: use --as reals"
        )
    if kind == "symbols" and not countable:
        raise BadInput("--as symbols, but there is more than one column, or a number that is not whole; use --as reals")
    why = {
        "binary": "since all values are 0 or 1",
        "symbols": f"since there is one column of {len(values)} whole numbers",
        "reals": "since there are other numbers than 0 and 1",
    }[kind]
    other = " (--as reals)" if kind != "reals" else " (--as symbols)" if countable else ""
    line = f"kind: {kind}, {why}{other}"
    if kind == "symbols":
        numbers = [np.searchsorted(values, array) for array in found.sequences]
        return replace(found, kind=kind, sequences=numbers, names=tuple(str(v.item()) for v in values)), line
    sequences = [array.astype(np.uint8 if kind == "binary" else float) for array in found.sequences]
    return replace(found, kind=kind, sequences=sequences), line


def _split(found: Found, choices: Choices) -> tuple[Arrays, list[str]]:
    """Arrays of each split, the target behind what is read, long ones cut; and the lines about it."""
    told = found.told or [None] * len(found.sequences)
    whole = [_joined(read, aim) for read, aim in zip(found.sequences, told, strict=True)]
    count = len(whole)
    labelled = found.target is not None and found.target.of == "sequence"
    how = choices.split or ("group" if found.groups else "sequence" if count >= splitting.FEWEST or labelled else "time")
    if how == "group" and not found.groups:
        raise BadInput("--split group, but sequences have no group; name its column: --group COLUMN")
    if how == "time":
        if labelled:
            raise BadInput("--split time would tell the label of a test sequence in train; use --split sequence")
        cuts = [splitting.by_time(len(array), place) for array, place in zip(whole, found.places, strict=True)]
        parts = {split: [array[cut[split]] for array, cut in zip(whole, cuts, strict=True)] for split in SPLITS}
        few = f"since there are fewer than {splitting.FEWEST} sequences" if choices.split is None else "as asked"
        other = " (--split sequence)" if count >= len(SPLITS) else ""
        line = f"split: by time within each sequence, 70/15/15, {few}{other}"
    else:
        keys: list[list[Any]] = [[("copy", _digest(read))] for read in found.sequences]
        if how == "group":
            keys = [[*own, ("group", group)] for own, group in zip(keys, found.groups or [], strict=True)]
        of_label = labelled and found.target is not None and found.target.kind == "label"
        positions = splitting.apart(keys, [float(aim[0, 0]) if of_label and aim is not None else 0.0 for aim in told])
        parts = {split: [whole[i] for i in positions[split]] for split in SPLITS}
        sizes = "/".join(str(len(positions[split])) for split in SPLITS)
        other = " (--split sequence)" if how == "group" else "" if labelled else " (--split time)"
        line = f"split: by {how}, {sizes} of {count}, copies together{', labels alike' * of_label}{other}"
    arrays, cut_line = _cut(found, parts, choices, labelled, how == "time")
    return arrays, [line, cut_line]


def _digest(array: np.ndarray) -> bytes:
    return hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).digest()


def _joined(read: np.ndarray, told: np.ndarray | None) -> np.ndarray:
    """One array, of the smallest type of whole numbers that holds it, unless there are reals."""
    both = read if told is None else np.concatenate([read, told], 1)
    if both.dtype.kind == "f" or both.dtype in (np.uint8, np.int16):
        return both
    return both.astype(np.uint8) if both.max() < 256 else both.astype(np.int64)


def _cut(found: Found, parts: Arrays, choices: Choices, labelled: bool, by_time: bool) -> tuple[Arrays, str]:
    kind, longest = str(found.kind), max(len(array) for array in found.sequences)
    most = WINDOWS[kind] if choices.window is None else choices.window
    if most < 0 or most == 1 or (kind == "audio" and most < 30):
        raise BadInput(f"--window is {most}; expected at least {30 if kind == 'audio' else 2} steps, or 0 to cut nothing")
    if kind == "audio":
        cut = {split: [w for wave in waves for w in splitting.windows(wave, most)] for split, waves in parts.items()}
        for split in (split for split in SPLITS if not cut[split]):
            raise BadInput(f"no window of {most:,} samples is left for the split '{split}'; use a shorter one: --window N")
        return cut, f"window: {most:,} samples, whole ones only (--window N)"
    if by_time and choices.window is None:
        most = min(most, max(SHORTEST_WINDOW, sum(map(len, parts["train"])) // PARTS))
        cut = {split: [part for array in found for part in splitting.cut(array, most)] for split, found in parts.items()}
        many = f"{len(cut['train']):,} training sequences and {len(cut['test']):,} test sequences"
        return cut, f"window: {most:,} steps, which makes {many} (--window N; 0: none)"
    limit = most if kind == "symbols" or choices.window else LONG
    if most == 0 or longest <= limit or (labelled and choices.window is None):
        why = "each sequence has one label" if labelled else f"sequences are of at most {longest:,} steps"
        return parts, f"window: none, since {why} (--window N)"
    cut = {split: [part for array in found for part in splitting.cut(array, most)] for split, found in parts.items()}
    return cut, f"window: {most:,} steps, since sequences are longer than {limit:,} (--window N)"


def _symbols(found: Found, arrays: Arrays) -> tuple[Found, Arrays, list[str]]:
    """Numbers for the symbols that train has, and one more for others if there are any."""
    there = np.unique(np.concatenate(arrays["train"])[:, 0]).astype(int)  # beside a value, even symbols are floats
    all_there = np.unique(np.concatenate([array for split in SPLITS for array in arrays[split]])[:, 0])
    lacking = len(all_there) - len(there)
    names = [found.names[i] for i in there]
    if lacking:
        names.append(UNKNOWN)
    numbers = np.full(len(found.names), len(there))
    numbers[there] = np.arange(len(there))

    def renumbered(array: np.ndarray) -> np.ndarray:
        return _joined(numbers[array[:, :1].astype(int)], array[:, 1:])

    renamed = {split: [renumbered(array) for array in found] for split, found in arrays.items()}
    line = f"unknown: {lacking} symbol(s) that train lacks are told as one"
    return replace(found, names=tuple(names)), renamed, [line] if lacking else []


def _constant(found: Found, arrays: Arrays) -> None:
    """``BadInput`` where train says nothing in a column of reals, or nothing at all."""
    train = np.concatenate(arrays["train"])[:, : found.sequences[0].shape[1]]
    names = found.names if found.kind == "reals" and found.names else tuple(map(str, range(train.shape[1])))
    still = [name for name, column in zip(names, train.T, strict=True) if (column == column[0]).all()]
    if still and (found.kind == "reals" or len(still) == len(names)):
        raise BadInput(
            f"column {shorten(', '.join(still))} is constant in train, which says nothing; remove it, or choose others: "
            "--columns A,B"
        )


def _likelihood(predicted: str, arrays: Arrays, choices: Choices) -> tuple[dict[str, Any], str]:
    fitting = LIKELIHOODS[predicted]
    name = choices.likelihood or fitting[0]
    if name not in fitting:
        raise BadInput(f"--likelihood {name}, but what is predicted is {predicted}; use {' or '.join(fitting)}")
    why = {"bernoulli": "for zeros and ones", "categorical": "for one of several", "gaussian": "for real numbers"}
    other = f" (--likelihood {next(other for other in fitting if other != name)})" if len(fitting) > 1 else ""
    line = f"likelihood: {name}, {why.get(name, 'several Gaussians')}{other}"
    if name != "gaussian_mixture":
        return {"name": name}, line
    steps = sum(map(len, arrays["train"]))
    return {"name": name, "components": max(1, min(20, steps // 100)), "covariance": "diagonal"}, line


def _scaled(found: Found, arrays: Arrays) -> list[str]:
    if found.kind != "reals":
        return []
    lines = ["scale: each column in standard deviations of train, about its mean"]
    if found.target is None:
        grid = columns.grid(np.concatenate(arrays["train"]))
        noisy = [f"{found.names[i] if found.names else i} ({step:g})" for i, step in enumerate(grid) if step]
        if noisy:
            lines.append(f"noise: within one step of the grid that a column lies on: {shorten(', '.join(noisy))}")
    return lines
