"""Countable facts of a data set, so that a card can be checked against its files."""

from typing import Any

import numpy as np

from bench.data.cards import SPLITS, Arrays


def facts(sequences: Arrays) -> dict[str, Any]:
    """Sizes of each split, and how many distinct whole sequences stand twice."""
    return {
        **{split: _sizes(sequences[split]) for split in SPLITS},
        "width": sequences["train"][0].shape[1],
        "duplicates": _duplicates(sequences),
    }


def _sizes(rolls: list[np.ndarray]) -> dict[str, Any]:
    lengths = [len(roll) for roll in rolls]
    return {
        "sequences": len(rolls),
        "steps": sum(lengths),
        "shortest": min(lengths),
        "longest": max(lengths),
        "notes_per_step": round(float(sum(roll.sum() for roll in rolls) / sum(lengths)), 4),
    }


def _duplicates(sequences: Arrays) -> dict[str, int]:
    seen = {split: [roll.tobytes() for roll in sequences[split]] for split in SPLITS}
    inside = {f"within_{split}": len(seen[split]) - len(set(seen[split])) for split in SPLITS}
    pairs = [("train", "valid"), ("train", "test"), ("valid", "test")]
    return {**inside, **{f"{a}_{b}": len(set(seen[a]) & set(seen[b])) for a, b in pairs}}
