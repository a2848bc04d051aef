"""Splits that are given with the data: by the names of arrays, files and folders, or by the values of a column."""

import glob
import re
from collections.abc import Iterable
from pathlib import Path, PurePath

WORDS = {
    "train": "train", "training": "train", "tr": "train",
    "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid",
    "test": "test", "testing": "test", "te": "test",
}  # fmt: skip
"""Word -> the split that it stands for."""
FORMATS = (".ts", ".parquet", ".tsv", ".csv", ".arff", ".txt")
"""Ends of the names of files of which one set is read where a folder has the same in several formats, the best first."""
_ANY = "|".join(sorted(WORDS, key=len, reverse=True))


def is_hidden(path: PurePath) -> bool:
    """Whether a file, or a folder that it lies in, is one of a system or a program, which a user does not see."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


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


def _stem_and_end(file: Path) -> tuple[str, str]:
    """Return the name of a file, as ``ptb.train``, and what its format is called behind it, as ``.txt`` or ``.csv.gz``."""
    end = "".join(file.suffixes[-2:]) if file.suffix.lower() == ".gz" else file.suffix
    return file.name.removesuffix(end), end


def splits_of_files(files: list[Path]) -> list[str] | None:
    """Return the split of each file where files are one each of a split, named alike but for that; else None."""
    parts = [part_name(_stem_and_end(file)[0]) for file in files]
    splits = [split for _, split in parts if split]
    one_of_each = len(splits) == len(files) == len(set(splits)) > 1
    return splits if one_of_each and len({rest for rest, _ in parts}) == 1 and "train" in splits else None


def with_partner(path: Path) -> list[Path]:
    """Return a file with those beside it that are the same of other splits, that for train first; else the file alone."""
    stem, end = _stem_and_end(path)
    rest, split = part_name(stem)
    if split is None or not rest:
        return [path]
    beside = [file for file in sorted(path.parent.glob(f"*{glob.escape(end)}")) if file.is_file()]
    fitting = [file for file in beside if part_name(_stem_and_end(file)[0])[0] == rest]
    return _in_order(fitting) or [path]


def one_set(files: list[Path]) -> list[Path]:
    """Return the files of a folder, or, where all are the same of several splits in several formats, those of one format."""
    by_end: dict[str, list[Path]] = {}
    for file in files:
        by_end.setdefault(_stem_and_end(file)[1].lower(), []).append(file)
    sets = {end: _in_order(of_end) for end, of_end in by_end.items()}
    if len(by_end) > 1 and all(sets.values()):
        best = min(sets, key=lambda end: FORMATS.index(end) if end in FORMATS else len(FORMATS))
        return sets[best]
    return (_in_order(files) if len(by_end) == 1 else []) or files


def _in_order(files: list[Path]) -> list[Path]:
    """Return files that are one each of a split, that for train first; none if they are not."""
    splits = splits_of_files(files)
    if splits is None:
        return []
    order = ("train", "valid", "test")
    return [file for _, file in sorted(zip(splits, files, strict=True), key=lambda pair: order.index(pair[0]))]


def are_splits(values: Iterable[object]) -> bool:
    """Whether different values are words for splits, that for train and another one among them."""
    splits = [split_of(value) for value in values]
    return None not in splits and "train" in splits and len(set(splits)) > 1
