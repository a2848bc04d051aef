"""Countable facts of a data set, a function for each kind, so that a card can be checked against its files."""

from typing import Any

import numpy as np

from gatebench.data import columns
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays, Target


def of(card: Card, sequences: Arrays) -> dict[str, Any]:
    """Those of a card, with those of its target."""
    match card.kind:
        case "piano_roll":
            found = piano_roll(sequences)
        case "audio":
            found = audio(sequences)
        case "binary":
            found = _of(sequences, {split: _ones(columns.read(card, sequences)[split]) for split in SPLITS})
        case "symbols":
            found = _of(sequences, {split: _used(columns.read(card, sequences)[split]) for split in SPLITS})
        case "reals":
            grid = columns.grid(np.concatenate(columns.read(card, sequences)["train"]))
            found = {
                **_of(sequences, {split: _range(columns.read(card, sequences)[split]) for split in SPLITS}),
                "grid": [float(step) for step in grid],
            }
    if card.target:
        told = columns.told(card, sequences)
        found["target"] = {split: _told(card.target, np.concatenate(told[split])) for split in SPLITS}
    return found


def _of(sequences: Arrays, more: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Sizes of each split with more about it, and how many distinct whole sequences stand twice."""
    return {
        **{split: {**_sizes(sequences[split], "steps"), **more[split]} for split in SPLITS},
        "width": sequences["train"][0].shape[1],
        "duplicates": _duplicates(sequences),
    }


def _ones(sequences: list[np.ndarray]) -> dict[str, Any]:
    return {"ones_per_step": _rounded(np.concatenate(sequences).sum(1).mean())}


def _used(sequences: list[np.ndarray]) -> dict[str, Any]:
    """How many different symbols there are."""
    return {"symbols": len(np.unique(np.concatenate(sequences)))}


def _range(sequences: list[np.ndarray]) -> dict[str, Any]:
    return {"lowest": _rounded(min(a.min() for a in sequences)), "highest": _rounded(max(a.max() for a in sequences))}


def _told(target: Target, values: np.ndarray) -> dict[str, Any]:
    """How often each label stands, or the mean and the standard deviation of each column."""
    if target.kind == "label":
        return {"labels": np.bincount(values[:, 0].astype(int), minlength=len(target.names)).tolist()}
    return {name: [_rounded(number) for number in getattr(values, name)(0)] for name in ("mean", "std")}


def _rounded(number: Any) -> float:
    return float(f"{number:.6g}")


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
