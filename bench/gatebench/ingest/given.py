"""Splits that are given with the data: by the names of arrays, files and folders, or by the values of a column."""

import re
from collections.abc import Iterable
from pathlib import Path

WORDS = {
    "train": "train", "training": "train", "tr": "train",
    "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid",
    "test": "test", "testing": "test", "te": "test",
}  # fmt: skip
"""Word -> the split that it stands for."""
_ANY = "|".join(sorted(WORDS, key=len, reverse=True))


def split_of(word: object) -> str | None:
    """Return the split that a word alone stands for, or None."""
    return WORDS.get(str(word).strip().lower())


def part_name(name: str) -> tuple[str, str | None]:
    """Return a name without the word for a split at its beginning or end, in small letters, and the split or None."""
    lower = name.lower()
    for pattern in (rf"(?P<rest>.*?)[ _.-]?(?P<word>{_ANY})", rf"(?P<word>{_ANY})[ _.-]?(?P<rest>.*)"):
        matched = re.fullmatch(pattern, lower)
        if matched and (matched["rest"] or lower == matched["word"]):
            return matched["rest"], WORDS[matched["word"]]
    return lower, None


def splits_of_files(files: list[Path]) -> list[str] | None:
    """Return the split of each file where files are one each of a split, named alike but for that; else None."""
    stems = [file.name.split(".")[0] for file in files]
    parts = [part_name(stem) for stem in stems]
    splits = [split for _, split in parts if split]
    one_of_each = len(splits) == len(files) == len(set(splits)) > 1
    return splits if one_of_each and len({rest for rest, _ in parts}) == 1 and "train" in splits else None


def are_splits(values: Iterable[object]) -> bool:
    """Whether different values are words for splits, that for train and another one among them."""
    splits = [split_of(value) for value in values]
    return None not in splits and "train" in splits and len(set(splits)) > 1
