"""Countable facts of a data set, so that a card can be checked against its files."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from gatebench.data import columns, long_arrays
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays, Target


def compute(card: Card, arrays: Arrays) -> dict[str, Any]:
    """Return the facts of a data set: those of its kind, and those of its target."""
    inputs = columns.input_columns(card, arrays)
    facts = count(card.kind, arrays, inputs)
    if card.kind == "reals":
        facts["grid"] = [float(step) for step in columns.grid_of(inputs["train"])]
    if card.target:
        targets = columns.target_columns(card, arrays)
        facts["target"] = {split: _count_target(card.target, np.concatenate(targets[split])) for split in SPLITS}
    return facts


def count(kind: str, arrays: Arrays, inputs: Arrays | None = None) -> dict[str, Any]:
    """Return sizes of each split with what else is counted of its kind, the width, and duplicates.

    Parameters
    ----------
    kind
        The kind of the data set (`gatebench.data.contents.Kind`).
    arrays
        Its sequences.
    inputs
        Their input columns; None: all columns.

    """
    count_kind, length = COUNTS[kind], "samples" if kind == "audio" else "steps"
    return {
        **{split: _sizes(arrays[split], length) | count_kind((inputs or arrays)[split]) for split in SPLITS},
        "width": arrays["train"][0].shape[1],
        "duplicates": _count_duplicates(arrays),
    }


def _sizes(sequences: list[np.ndarray], length: str) -> dict[str, int]:
    lengths = [len(sequence) for sequence in sequences]
    return {"sequences": len(sequences), length: sum(lengths), "shortest": min(lengths), "longest": max(lengths)}


def _count_notes(rolls: list[np.ndarray]) -> dict[str, float]:
    return {"notes_per_step": round(float(sum(roll.sum() for roll in rolls) / sum(map(len, rolls))), 4)}


def _measure_levels(waves: list[np.ndarray]) -> dict[str, float]:
    """Return levels in 16-bit units, and the share of samples that are exactly zero."""
    samples = np.concatenate(waves).astype(float)
    return {
        "mean": round(float(samples.mean()), 2),
        "std": round(float(samples.std()), 2),
        "peak": int(np.abs(samples).max()),
        "zeros": round(float((samples == 0).mean()), 5),
    }


def _count_ones(sequences: list[np.ndarray]) -> dict[str, float]:
    ones = sum(int(block.sum()) for block in long_arrays.blocks(sequences))
    return {"ones_per_step": _round(ones / sum(map(len, sequences)))}


def _count_symbols(sequences: list[np.ndarray]) -> dict[str, float]:
    """Return how many different symbols there are."""
    return {"symbols": len(np.unique(np.concatenate(sequences)))}


def _find_range(sequences: list[np.ndarray]) -> dict[str, float]:
    ranges = np.array([(block.min(), block.max()) for block in long_arrays.blocks(sequences)])
    return {"lowest": _round(ranges[:, 0].min()), "highest": _round(ranges[:, 1].max())}


COUNTS: dict[str, Callable[[list[np.ndarray]], dict[str, float]]] = {
    "piano_roll": _count_notes,
    "audio": _measure_levels,
    "binary": _count_ones,
    "symbols": _count_symbols,
    "reals": _find_range,
}
"""Kind -> what is counted of the sequences of a split besides their sizes."""


def _count_target(target: Target, values: np.ndarray) -> dict[str, list[float]]:
    """Return how often each label stands or holds, or the mean and the standard deviation of each column."""
    if target.kind == "labels":
        return {"ones": values.sum(0).astype(int).tolist()}
    if target.kind == "label":
        return {"labels": np.bincount(values[:, 0].astype(int), minlength=len(target.names)).tolist()}
    return {name: [_round(number) for number in getattr(values, name)(0)] for name in ("mean", "std")}


def _round(number: float) -> float:
    return float(f"{number:.6g}")


def _count_duplicates(arrays: Arrays) -> dict[str, int]:
    """Return how many distinct whole sequences stand twice, within a split and in two splits."""
    seen = {split: [_digest(sequence) for sequence in arrays[split]] for split in SPLITS}
    inside = {f"within_{split}": len(seen[split]) - len(set(seen[split])) for split in SPLITS}
    pairs = [("train", "valid"), ("train", "test"), ("valid", "test")]
    return {**inside, **{f"{a}_{b}": len(set(seen[a]) & set(seen[b])) for a, b in pairs}}


def _digest(sequence: np.ndarray) -> bytes:
    digest = hashlib.sha256()
    for _, block in long_arrays.rows_of(sequence):
        digest.update(block.tobytes())
    return digest.digest()
