"""The check that the classes of a label can be learned and tested in the splits, and how many there are of each."""

from collections import Counter

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data.contents import SPLITS, Arrays, Target
from gatebench.ingest.raw import RawData

FEWEST_CLASSES = 3
"""Classes from which on most of them must occur more than once."""
SHOWN = 12
"""Classes whose counts are shown, at the most."""


def check(raw: RawData, arrays: Arrays) -> list[str]:
    """Return lines about the classes in each split; ``BadInput`` if train lacks one, or most occur once.

    Parameters
    ----------
    raw
        The data with its target.
    arrays
        Split -> arrays ``[T, X + 1]``, the class in the last column.

    """
    if raw.target is not None and raw.target.kind == "labels":
        return _of_several(raw.target, arrays)
    if raw.target is None or raw.target.kind != "label":
        return []
    names = raw.target.names
    one = raw.target.of == "sequence"
    counts = {split: np.zeros(len(names), int) for split in SPLITS}
    for split in SPLITS:
        for array in arrays[split]:
            counts[split] += np.bincount((array[:1] if one else array)[:, -1].astype(int), minlength=len(names))
    total = np.sum([counts[split] for split in SPLITS], 0)
    once = int((total == 1).sum())
    what = "sequence" if one else "step"
    if len(names) >= FEWEST_CLASSES and 2 * once > len(names):
        raise BadInput(
            f"{once:,} of the {len(names):,} classes of the label occur once, in one {what} "
            f"({shorten(', '.join(names[:SHOWN]))}); expected classes that come again: choose "
            "another column, --label COLUMN, or --as-target value"
        )
    shown = "; ".join(f"{split} {_list(names, counts[split])}" for split in SPLITS)
    lacking = [names[i] for i in np.flatnonzero((counts["train"] == 0) & (total > 0))]
    if lacking:
        raise BadInput(
            f"the split 'train' has no {shorten(', '.join(map(repr, lacking)))} of the label, counted in {what}s: {shown}; "
            "expected every class in train (copies of a sequence stay together): add more, choose another column, --label "
            "COLUMN, another split, --split, or, of numbers, --as-target value"
        )
    lines = [f"classes: {shown} ({what}s)"]
    for split in SPLITS[1:]:
        without = [names[i] for i in np.flatnonzero((counts[split] == 0) & (total > 0))]
        if without:
            lines.append(
                f"note: {split} has no {shorten(', '.join(map(repr, without)))}, so that nothing is said about it there"
            )
    return [*lines, *_alike(names)]


def _of_several(target: Target, arrays: Arrays) -> list[str]:
    """Return lines about how often each of several labels holds; ``BadInput`` if one never or always does in train."""
    end = 1 if target.of == "sequence" else None
    ones = {s: sum(array[:end, -target.columns :].sum(0) for array in arrays[s]) for s in SPLITS}
    total = {s: sum(len(array[:end]) for array in arrays[s]) for s in SPLITS}
    shown = "; ".join(f"{s} {_list(target.names, np.asarray(ones[s]).astype(int))} of {total[s]:,}" for s in SPLITS)
    lines = [f"labels: {shown} ({target.of}s)"]
    for split in SPLITS:
        same = [n for n, count in zip(target.names, np.asarray(ones[split]), strict=True) if count in (0, total[split])]
        if same and split == "train":
            raise BadInput(
                f"in the split 'train', {shorten(', '.join(same))} is the same everywhere, counted in {target.of}s: {shown}"
                "; expected labels that hold in some: leave it out of --label, or choose another split, --split"
            )
        if same:
            lines.append(
                f"note: in {split}, {shorten(', '.join(same))} is the same everywhere, so that little is said of it"
            )
    return lines


def _list(names: tuple[str, ...], counts: np.ndarray) -> str:
    pairs = [f"{name} {count:,}" for name, count in zip(names[:SHOWN], counts[:SHOWN], strict=True)]
    return shorten(", ".join(pairs) + (", ..." if len(names) > SHOWN else ""))


def _alike(names: tuple[str, ...]) -> list[str]:
    """Return a line about each set of names that differ only in case or spaces."""
    plain = Counter("".join(name.split()).casefold() for name in names)
    several = [[name for name in names if "".join(name.split()).casefold() == key] for key, n in plain.items() if n > 1]
    return [
        f"note: {' and '.join(map(repr, alike))} differ only in case or spaces, and are {len(alike)} classes: rename them "
        "if they are one" for alike in several
    ]  # fmt: skip
