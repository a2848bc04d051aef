"""Three splits that share nothing: no sequence, no copy of one, no group; or, of few series, three stretches of time."""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data.contents import SPLITS

SHARES = {"train": 0.7, "valid": 0.15, "test": 0.15}
SEED = 2014
FEWEST = 10
"""Sequences from which on whole ones are split."""
SHORTEST = 20
"""Steps of a series that is split by time, at the least."""


def apart(keys: Sequence[Sequence[Hashable]], labels: Sequence[Hashable]) -> dict[str, list[int]]:
    """Split -> positions, in their order, of things of which any two that share a key stay together.

    What hangs together is drawn in a random order, the largest first, each into the split that lacks most of its label, and
    of several such the one that lacks most at all.
    """
    units = _together(keys)
    if len(units) < len(SPLITS):
        raise BadInput(
            f"{len(keys)} sequence(s) of {len(units)} group(s), copies counted as one, are too few for three splits; "
            "expected at least 3: add more, or cut them by time: --split time"
        )
    shuffled = [units[i] for i in np.random.default_rng(SEED).permutation(len(units))]
    found: dict[str, list[int]] = {split: [] for split in SPLITS}
    counts, inside = Counter(labels), {split: Counter[Hashable]() for split in SPLITS}

    def lacks(split: str, label: Hashable) -> tuple[float, float]:
        return SHARES[split] * counts[label] - inside[split][label], SHARES[split] * len(keys) - len(found[split])

    ordered = sorted(shuffled, key=len, reverse=True)
    for left, unit in zip(range(len(ordered), 0, -1), ordered, strict=True):
        empty = [split for split in SPLITS if not found[split]]
        open_to = empty if left <= len(empty) else SPLITS
        chosen = max(open_to, key=lambda split: lacks(split, labels[unit[0]]))
        found[chosen] += unit
        inside[chosen].update(labels[i] for i in unit)
    return {split: sorted(chosen) for split, chosen in found.items()}


def _together(keys: Sequence[Sequence[Hashable]]) -> list[list[int]]:
    """Positions that share a key, directly or through others."""
    first: dict[Hashable, int] = {}
    parent = list(range(len(keys)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    for i, own in enumerate(keys):
        for key in own:
            parent[root(i)] = root(first.setdefault(key, i))
    units: dict[int, list[int]] = {}
    for i in range(len(keys)):
        units.setdefault(root(i), []).append(i)
    return list(units.values())


def by_time(length: int, place: str) -> dict[str, slice]:
    """Three stretches of a series, one after the other."""
    if length < SHORTEST:
        raise BadInput(
            f"{place} has {length} step(s); splitting by time needs at least {SHORTEST}: add to it, or give at least "
            f"{FEWEST} sequences, which are split as wholes"
        )
    first, second = round(SHARES["train"] * length), round((SHARES["train"] + SHARES["valid"]) * length)
    return {"train": slice(0, first), "valid": slice(first, second), "test": slice(second, length)}


def cut(array: np.ndarray, most: int) -> list[np.ndarray]:
    """Parts of about equal length, of at most so many steps, without overlap."""
    return np.array_split(array, -(-len(array) // most))


def windows(array: np.ndarray, length: int) -> list[np.ndarray]:
    """Parts of exactly so many steps; what is left at the end is dropped."""
    return [array[start : start + length] for start in range(0, len(array) - length + 1, length)]
