"""Three splits that share nothing: no sequence, no copy of one, no group; or, of few series, three stretches of time."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from gatebench.core.errors import BadInput

SHARES = {"train": 0.7, "valid": 0.15, "test": 0.15}
"""Split -> its share of sequences or of time."""
SEED = 2014
"""Seed of the order in which sequences are dealt to splits."""
_COUNTS = {2: "two", 3: "three"}
FEWEST_SEQUENCES = 10
"""Sequences from which on whole ones are split."""
SHORTEST_SERIES = 20
"""Steps of a series that is split by time, at the least."""


def apart(
    keys: Sequence[Sequence[Hashable]], labels: Sequence[Hashable], shares: Mapping[str, float] = SHARES
) -> dict[str, list[int]]:
    """Return split -> positions, in their order, of things of which any two that share a key stay together.

    Things that stay together are drawn in a random order, the largest units first, each into the split that lacks most of
    its label, and of several such the one that lacks most at all.

    Parameters
    ----------
    keys
        The keys of each thing.
    labels
        The label of each thing, whose shares are to be alike in all splits.
    shares
        Split -> its share, of all that there are.

    """
    units = find_units(keys)
    if len(units) < len(shares):
        raise BadInput(
            f"{len(keys)} sequence(s) of {len(units)} group(s), copies counted as one, are too few for "
            f"{_COUNTS[len(shares)]} splits; expected at least {len(shares)}: add more, or cut them by time: --split time"
        )
    shuffled = [units[i] for i in np.random.default_rng(SEED).permutation(len(units))]
    positions: dict[str, list[int]] = {split: [] for split in shares}
    counts, counts_in = Counter(labels), {split: Counter[Hashable]() for split in shares}

    def lacks(split: str, label: Hashable) -> tuple[float, float]:
        return shares[split] * counts[label] - counts_in[split][label], shares[split] * len(keys) - len(positions[split])

    ordered = sorted(shuffled, key=len, reverse=True)
    for units_left, unit in zip(range(len(ordered), 0, -1), ordered, strict=True):
        empty = [split for split in shares if not positions[split]]
        open_splits = empty if units_left <= len(empty) else [*shares]
        neediest = max(open_splits, key=lambda split: lacks(split, labels[unit[0]]))
        positions[neediest] += unit
        counts_in[neediest].update(labels[i] for i in unit)
    return {split: sorted(of_split) for split, of_split in positions.items()}


def find_units(keys: Sequence[Sequence[Hashable]]) -> list[list[int]]:
    """Return lists of positions that share a key, directly or through others."""
    first_with: dict[Hashable, int] = {}
    parent = list(range(len(keys)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    for i, keys_of_one in enumerate(keys):
        for key in keys_of_one:
            parent[root(i)] = root(first_with.setdefault(key, i))
    units: dict[int, list[int]] = {}
    for i in range(len(keys)):
        units.setdefault(root(i), []).append(i)
    return list(units.values())


def by_time(length: int, origin: str) -> dict[str, slice]:
    """Return three stretches of a series of so many steps, one after the other; ``origin`` names it in a message."""
    if length < SHORTEST_SERIES:
        raise BadInput(
            f"{origin} has {length} step(s); splitting by time needs at least {SHORTEST_SERIES}: add to it, or give at "
            f"least {FEWEST_SEQUENCES} sequences, which are split as wholes"
        )
    first, second = round(SHARES["train"] * length), round((SHARES["train"] + SHARES["valid"]) * length)
    return {"train": slice(0, first), "valid": slice(first, second), "test": slice(second, length)}


def cut(array: np.ndarray, most: int) -> list[np.ndarray]:
    """Return parts of about equal length, of at most so many steps, without overlap."""
    return np.array_split(array, -(-len(array) // most))


def cut_equally(array: np.ndarray, length: int) -> list[np.ndarray]:
    """Return parts of exactly so many steps; what is left at the end is dropped."""
    return [array[start : start + length] for start in range(0, len(array) - length + 1, length)]
