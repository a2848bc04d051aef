"""From a path to a data set: what is there is read, decided about and written."""

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Protocol, cast

from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import conversions, limits, padding, plan, question, single_steps, writing
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

READERS = Path(__file__).parent / "readers"
"""The folder of readers, a file for each format."""
MOST_FILES = 100_000
"""Files of a folder that are added, at the most."""


class FormatReader(Protocol):
    """A file of `READERS`."""

    SUFFIXES: tuple[str, ...]
    """Suffixes of the files that it reads."""
    MOST_FILES: int | None
    """How many of them it reads at once; None: any number."""

    def read(self, files: list[Path], choices: Choices) -> RawData:
        """Return the sequences of all files; ``BadInput`` says which file is not as it should be."""
        ...


def add(path: Path, name: str | None, choices: Choices) -> list[str]:
    """Write a data set and its task from a file or folder; returns the lines to be printed about it."""
    readers = find_readers()
    files, left_out = _find_files(path, readers)
    stem = path.resolve().name.removesuffix(_suffix(path.resolve(), readers))
    dataset = writing.check_name(name or re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower())
    limits.check_size(files)
    try:
        raw = readers[_suffix(files[0], readers)].read(files, choices)
        if not raw.sequences:
            raise BadInput(f"{path} has no sequence; expected at least one: fill it")
        decided = plan.decide(single_steps.leave_out(padding.decide(raw, choices)), choices)
    except question.Undecided as undecided:
        raise question.refusal(undecided.question, path, name, choices) from undecided
    source = f"{path.resolve()}, SHA-256 {_digest(path, files)}"
    written = writing.write(dataset, decided, source)
    return [*left_out, *decided.lines, *(f"written: {file}" for file in written), f"next: gatebench compare {dataset}"]


def find_readers() -> dict[str, FormatReader]:
    """Return suffix -> the reader of it: every file of `READERS` is one."""
    modules = (registry.load_module("gatebench.ingest.readers", file) for file in sorted(READERS.glob("*.py")))
    return {suffix: reader for reader in (cast(FormatReader, module) for module in modules) for suffix in reader.SUFFIXES}


def _suffix(path: Path, readers: dict[str, FormatReader]) -> str:
    """Return the end of a file's name that a reader has, the longest one, or else what stands behind its last point."""
    name = path.name.lower()
    fitting = [suffix for suffix in readers if name.endswith(suffix)]
    return path.name[-len(max(fitting, key=len)) :].lower() if fitting else path.suffix


def _find_files(path: Path, readers: dict[str, FormatReader]) -> tuple[list[Path], list[str]]:
    """Return the file itself, or those of a folder that are of one format, with a line about the others in it."""
    expected = ", ".join(sorted(suffix.removeprefix(".") for suffix in readers))
    try:
        if not path.exists():
            raise BadInput(f"'{shorten(path)}' is not there; expected a file or folder with {expected}: give another path")
        if not path.is_dir():
            if path.is_file() and (remedy := conversions.remedy(path)):
                raise BadInput(f"{path} {remedy}")
            if _suffix(path, readers) not in readers or not path.is_file():
                raise BadInput(f"{path} is no file that is read here; expected {expected}: convert it")
            return [path], []
        if path.resolve() == registry.local_folder().resolve():
            raise BadInput(f"{path} is where data sets are added to; expected a folder of your own: give another path")
        all_files = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    except OSError as error:
        raise BadInput(
            f"'{shorten(path)}' cannot be read ({error.strerror}); make it readable, or give another path"
        ) from error
    files = [file for file in all_files if _suffix(file, readers) in readers]
    if not files:
        others = ", ".join(sorted({file.suffix or file.name for file in all_files}))
        raise BadInput(
            f"folder {path} has {shorten(others) or 'nothing'} in it; expected files of {expected}: give another path"
        )
    reader = readers[_suffix(files[0], readers)]
    of_one_format = all(readers[_suffix(file, readers)] is reader for file in files)
    if not of_one_format or len(files) > (reader.MOST_FILES or MOST_FILES):
        suffixes = Counter(_suffix(file, readers) for file in files)
        counts = ", ".join(f"{count:,} {suffix}" for suffix, count in suffixes.items())
        raise BadInput(
            f"folder {path} has {counts} in it; expected files of one format, a sequence each, at most {MOST_FILES:,} "
            "(arrays: one file of all): give one file, or a folder of one kind"
        )
    others = Counter(file.suffix or file.name for file in all_files if file not in set(files))
    counts = shorten(", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common()))
    return files, [f"left out: {counts}, which is not read here"] if others else []


def _digest(path: Path, files: list[Path]) -> str:
    """Return the SHA-256 of a file, or of the names and digests of those of a folder."""
    digests = {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    if files == [path]:
        return digests[path]
    listing = "".join(f"{file.relative_to(path).as_posix()} {digest}\n" for file, digest in digests.items())
    return hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()
