"""Countable facts of a data set, a function for each kind, so that a card can be checked against its files."""

from typing import Any

import numpy as np

from bench.data.contents import SPLITS, Arrays


def piano_roll(sequences: Arrays) -> dict[str, Any]:
    """Sizes of each split, and how many distinct whole sequences stand twice."""
    return {
        **{split: _frames(sequences[split]) for split in SPLITS},
        "width": sequences["train"][0].shape[1],
        "duplicates": _duplicates(sequences),
    }


def audio(sequences: Arrays) -> dict[str, Any]:
    """Sizes and levels of each split in 16-bit units, the share of samples that are exactly zero, and duplicates."""
    return {
        **{split: _samples(sequences[split]) for split in SPLITS},
        "width": sequences["train"][0].shape[1],
        "duplicates": _duplicates(sequences),
    }


def _frames(rolls: list[np.ndarray]) -> dict[str, Any]:
    sizes = _sizes(rolls, "steps")
    return {**sizes, "notes_per_step": round(float(sum(roll.sum() for roll in rolls) / sizes["steps"]), 4)}


def _samples(waves: list[np.ndarray]) -> dict[str, Any]:
    whole = np.concatenate(waves).astype(float)
    return {
        **_sizes(waves, "samples"),
        "mean": round(float(whole.mean()), 2),
        "std": round(float(whole.std()), 2),
        "peak": int(np.abs(whole).max()),
        "zeros": round(float((whole == 0).mean()), 5),
    }


def _sizes(sequences: list[np.ndarray], length: str) -> dict[str, Any]:
    lengths = [len(sequence) for sequence in sequences]
    return {"sequences": len(sequences), length: sum(lengths), "shortest": min(lengths), "longest": max(lengths)}


def _duplicates(sequences: Arrays) -> dict[str, int]:
    seen = {split: [sequence.tobytes() for sequence in sequences[split]] for split in SPLITS}
    inside = {f"within_{split}": len(seen[split]) - len(set(seen[split])) for split in SPLITS}
    pairs = [("train", "valid"), ("train", "test"), ("valid", "test")]
    return {**inside, **{f"{a}_{b}": len(set(seen[a]) & set(seen[b])) for a, b in pairs}}
