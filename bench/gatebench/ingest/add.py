"""From a path to a data set of one's own: what is there is looked at, decided about and written."""

import hashlib
import re
from collections import Counter
from pathlib import Path

from gatebench.core.errors import BadInput, shorten
from gatebench.core.registry import local_folder
from gatebench.ingest import decisions, writing
from gatebench.ingest.options import Choices, Found, small

FORMATS = {
    **dict.fromkeys((".npz", ".npy"), "arrays"),
    **dict.fromkeys((".csv", ".parquet"), "tables"),
    **dict.fromkeys((".mid", ".midi"), "music"),
    **dict.fromkeys((".wav", ".flac"), "sound"),
    ".txt": "text",
}
"""Suffix -> the file of this folder that reads it."""
EXPECTED = ", ".join(sorted(suffix.removeprefix(".") for suffix in FORMATS))
MOST_FILES = 100_000


def add(path: Path, name: str | None, choices: Choices) -> list[str]:
    """A data set from a path; returns what is to be said about it."""
    files, left_out = _files(path)
    name = writing.free_name(name or re.sub(r"\W+", "_", path.resolve().stem, flags=re.ASCII).strip("_").lower())
    small(files)
    found = _read(files, choices)
    if not found.sequences:
        raise BadInput(f"{path} has no sequence; expected at least one: fill it")
    for place, array in zip(found.places, found.sequences, strict=True):
        if len(array) < 2:
            raise BadInput(
                f"{place} has {len(array)} step(s); expected at least 2 in each sequence: add to it, or remove it"
            )
    plan = decisions.decide(found, choices)
    source = f"{path.resolve()}, SHA-256 {_digest(path, files)}"
    written = writing.write(name, plan, source)
    return [*left_out, *plan.lines, *(f"written: {file}" for file in written), f"next: gatebench compare {name}"]


def _files(path: Path) -> tuple[list[Path], list[str]]:
    """The file itself, or those of a folder that are of one format, with a line about others that are there."""
    try:
        if not path.exists():
            raise BadInput(f"'{shorten(path)}' is not there; expected a file or folder with {EXPECTED}: give another path")
        if not path.is_dir():
            if path.suffix.lower() not in FORMATS or not path.is_file():
                raise BadInput(f"{path} is no file that is read here; expected {EXPECTED}: convert it")
            return [path], []
        if path.resolve() == local_folder().resolve():
            raise BadInput(f"{path} is where data sets are added to; expected a folder of your own: give another path")
        there = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    except OSError as error:
        raise BadInput(
            f"'{shorten(path)}' cannot be read ({error.strerror}); make it readable, or give another path"
        ) from error
    files = [file for file in there if file.suffix.lower() in FORMATS]
    formats = Counter(FORMATS[file.suffix.lower()] for file in files)
    if not files:
        others = ", ".join(sorted({file.suffix or file.name for file in there}))
        raise BadInput(
            f"folder {path} has {shorten(others) or 'nothing'} in it; expected files of {EXPECTED}: give another path"
        )
    if len(formats) > 1 or formats["arrays"] > 1 or len(files) > MOST_FILES:
        suffixes = Counter(file.suffix.lower() for file in files)
        counted = ", ".join(f"{count:,} {suffix}" for suffix, count in suffixes.items())
        raise BadInput(
            f"folder {path} has {counted} in it; expected files of one format, a sequence each, at most {MOST_FILES:,} "
            "(arrays: one file of all): give one file, or a folder of one kind"
        )
    others = Counter(file.suffix or file.name for file in there if file not in set(files))
    told = shorten(", ".join(f"{count:,} {kind}" for kind, count in others.most_common()))
    return files, [f"left out: {told}, which is not read here"] if others else []


def _read(files: list[Path], choices: Choices) -> Found:
    from gatebench.ingest.readers import arrays, audio, midi, tables, text

    match FORMATS[files[0].suffix.lower()]:
        case "arrays":
            return arrays.read(files[0], choices)
        case "tables":
            return tables.read(files, choices)
        case "music":
            return midi.read(files, choices)
        case "sound":
            return audio.read(files, choices)
        case _:
            return text.read(files, choices)


def _digest(path: Path, files: list[Path]) -> str:
    """Of a file, or of the names and digests of those of a folder."""
    digests = {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    if files == [path]:
        return digests[path]
    whole = "".join(f"{file.relative_to(path).as_posix()} {digest}\n" for file, digest in digests.items())
    return hashlib.sha256(whole.encode(errors="surrogateescape")).hexdigest()
