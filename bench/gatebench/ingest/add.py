"""From a path to a data set: what is there is read, decided about and written."""

import hashlib
import re
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten
from gatebench.data.contents import Arrays
from gatebench.ingest import (
    beside,
    conversions,
    given,
    limits,
    missing,
    padding,
    plan,
    question,
    row_labels,
    signatures,
    single_steps,
    writing,
)
from gatebench.ingest.choices import Choices
from gatebench.ingest.plan import DatasetPlan
from gatebench.ingest.question import Question, Reading
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


Shows = Callable[[RawData, Arrays], list[str]]
"""What shows data and its arrays, and returns lines about them."""
Chooses = Callable[[Question], Reading | None]
"""What lets a user choose an answer to a question; None: none of them."""


class Source(NamedTuple):
    """A file or folder that is to be added, looked at but not read."""

    path: Path
    """The path that was given."""
    files: list[Path]
    """The files that are read."""
    label_file: Path | None
    """A file of labels of the others, if there is one."""
    reader: FormatReader
    """What reads the files."""
    name: str
    """What the data set is called, where nobody names it."""
    lines: list[str]
    """What was decided about the files, a line each."""


@dataclass(frozen=True)
class PreparedData:
    """Data that was read and decided about, and is not written yet."""

    plan: DatasetPlan
    """What is to be written."""
    source: str
    """Where the data is from, for the card."""
    lines: list[str]
    """What was decided, a line each."""


def add(
    path: Path, name: str | None, choices: Choices, show: Shows | None = None, choose: Chooses | None = None
) -> list[str]:
    """Write a data set and its task from a file or folder; returns the lines to be printed about it.

    Parameters
    ----------
    path
        The file or folder.
    name
        Name of the data set; None: that of the path.
    choices
        What the user chose.
    show
        What shows the sequences, and returns lines about them; None: nothing does.
    choose
        What lets the user choose a reading where several fit; None: that is refused, with a command for each.

    """
    source = find(path, choices)
    dataset = writing.check_name(name or source.name)
    answers: list[str] = []
    while True:
        try:
            prepared = prepare(find(path, choices), choices)
            break
        except question.Undecided as undecided:
            reading = choose(undecided.question) if choose else None
            if reading is None:
                raise question.refusal(undecided.question, path, name, choices) from undecided
            choices = replace(choices, **reading.choices)  # pyright: ignore[reportArgumentType]
            answers = [f"command: {question.command(path, name, choices)}"]
    written = writing.write(dataset, prepared.plan, prepared.source)
    shown = [] if show is None else show(prepared.plan.raw, prepared.plan.arrays)
    files = [f"written: {file}" for file in written]
    how_long = f"how long a comparison takes on this machine, measured: gatebench compare {dataset} --dry-run"
    return [*prepared.lines, *shown, *files, *answers, how_long, f"next: gatebench compare {dataset}"]


def find(path: Path, choices: Choices) -> Source:
    """Return what is there to be added; ``BadInput`` if it is nothing that is read here."""
    readers = find_readers()
    files, left_out, label_file = _find_files(path, readers, choices)
    stem = path.resolve().name.removesuffix(_suffix(path.resolve(), readers))
    if len(files) > 1 and not path.is_dir():
        stem = given.part_name(stem)[0]
        of_splits = ", a given split" if given.splits_of_files(files) else ", read together"
        left_out = [f"files: {', '.join(file.name for file in files)}{of_splits}"]
    name = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower()
    return Source(path, files, label_file, readers[_suffix(files[0], readers)], name, left_out)


def prepare(source: Source, choices: Choices) -> PreparedData:
    """Read files and decide about them; ``BadInput`` if that cannot be, `question.Undecided` where several ways fit."""
    is_streamed = len(source.files) == 1 and getattr(source.reader, "IS_STREAMED", False)
    limits.check_size(source.files, limits.MOST_STREAMED if is_streamed else limits.MOST_BYTES)
    raw, files, skipped = _read_good(source.path, source.files, source.label_file, source.reader, choices)
    decided = decide(raw, str(source.path), choices)
    described = f"{source.path.resolve()}, SHA-256 {_digest(source.path, files)}"
    return PreparedData(decided, described, [*source.lines, *skipped, *decided.lines])


def decide(raw: RawData, where: str, choices: Choices) -> DatasetPlan:
    """Make all decisions about sequences that were read; ``where`` names them in a message."""
    if not raw.sequences:
        raise BadInput(f"{where} has no sequence; expected at least one: fill it")
    raw = missing.decide_arrays(padding.decide(raw, choices), choices)
    return plan.decide(single_steps.leave_out(raw), choices)


def _read_good(
    path: Path, files: list[Path], label_file: Path | None, reader: FormatReader, choices: Choices
) -> tuple[RawData, list[Path], list[str]]:
    """Return the sequences of files, those that were read, and a line for each that cannot be, if it is to be left out.

    ``BadInput`` about the first that cannot be read if nobody said that it is to be left out.
    """
    lines: list[str] = []
    while True:
        try:
            return _read(path, files, label_file, reader, choices), files, lines
        except limits.UnreadableFile as error:
            if len(files) == 1:
                raise
            if not choices.skip_bad:
                raise BadInput(f"{error}; or leave out what cannot be read: --skip-bad") from error
            files = [file for file in files if file != error.file]
            lines.append(f"left out: {error}")


def _read(path: Path, files: list[Path], label_file: Path | None, reader: FormatReader, choices: Choices) -> RawData:
    """Return the sequences of files, with what folders and a file of labels say of each."""
    for file in files:
        with limits.reading(file):
            signatures.check(file)
    facts = beside.FileFacts()
    of_rows = row_labels.are_asked_for(choices)
    if label_file is not None and not of_rows:
        facts = beside.read_labels(label_file, path, files, choices)
        choices = replace(choices, label=None, group=None)
    elif path.is_dir():
        facts = beside.read_folders(path, files, choices)
    raw = beside.join(reader.read(files, replace(choices, labels=None, folders=None)), facts, choices)
    return row_labels.join(raw, label_file, path, choices) if label_file is not None and of_rows else raw


def find_readers() -> dict[str, FormatReader]:
    """Return suffix -> the reader of it: every file of `READERS` is one."""
    modules = (registry.load_module("gatebench.ingest.readers", file) for file in sorted(READERS.glob("*.py")))
    return {suffix: reader for reader in (cast(FormatReader, module) for module in modules) for suffix in reader.SUFFIXES}


def _suffix(path: Path, readers: dict[str, FormatReader]) -> str:
    """Return the end of a file's name that a reader has, the longest one, or else what stands behind its last point."""
    name = path.name.lower()
    fitting = [suffix for suffix in readers if name.endswith(suffix)]
    return path.name[-len(max(fitting, key=len)) :].lower() if fitting else path.suffix


def _find_files(path: Path, readers: dict[str, FormatReader], choices: Choices) -> tuple[list[Path], list[str], Path | None]:
    """Return the file itself, or those of a folder that are of one format, a line about the others, and a file of labels."""
    expected = ", ".join(sorted(suffix.removeprefix(".") for suffix in readers))
    try:
        if not path.exists():
            raise BadInput(f"'{shorten(path)}' is not there; expected a file or folder with {expected}: give another path")
        if not path.is_dir():
            if _suffix(path, readers) not in readers or not path.is_file():
                if path.is_file() and (remedy := conversions.remedy(path)):
                    raise BadInput(f"{path} {remedy}")
                how = "convert it" if path.suffix else f"name it by what it is, as {shlex.quote(f'{path.name}.csv')}"
                raise BadInput(f"{path} is no file that is read here; expected {expected}: {how}")
            find_partners = getattr(readers[_suffix(path, readers)], "find_partners", given.with_partner)
            return find_partners(path), [], beside.find_label_file(path, [], choices)
        if path.resolve() == registry.local_folder().resolve():
            raise BadInput(f"{path} is where data sets are added to; expected a folder of your own: give another path")
        all_files = [
            file for file in sorted(path.rglob("*")) if file.is_file() and not given.is_hidden(file.relative_to(path))
        ]
    except OSError as error:
        raise BadInput(
            f"'{shorten(path)}' cannot be read ({error.strerror}); make it readable, or give another path"
        ) from error
    files = [file for file in all_files if _suffix(file, readers) in readers]
    label_file = beside.find_label_file(path, files, choices)
    files = given.one_set([file for file in files if label_file is None or not label_file.samefile(file)])
    if not files:
        others = ", ".join(sorted({file.suffix or file.name for file in all_files}))
        of_one_suffix = len({file.suffix for file in all_files}) == 1
        if of_one_suffix and (remedy := conversions.remedy(all_files[0])):
            each = ", and so each file" if len(all_files) > 1 else ""
            raise BadInput(
                f"folder {path} has {shorten(others)} in it, which is not read here; {all_files[0]} {remedy}{each}"
            )
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
            "(of MATLAB: one file of all): give one file, or a folder of one kind; if one has labels of the others, save it "
            "as csv: labels.csv"
        )
    others = Counter(file.suffix or file.name for file in all_files if file not in {*files, label_file})
    counts = shorten(", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common()))
    why = "which is not read here" if not {*others} & {*readers} else f"beside the same as {files[0].suffix}"
    return files, [f"left out: {counts}, {why}"] if others else [], label_file


def _digest(path: Path, files: list[Path]) -> str:
    """Return the SHA-256 of a file, or of the names and digests of those of a folder."""
    digests = {}
    for file in files:
        with file.open("rb") as opened:
            digests[file] = hashlib.file_digest(opened, "sha256").hexdigest()
    if files == [path]:
        return digests[path]
    folder = path if path.is_dir() else path.parent
    listing = "".join(f"{file.relative_to(folder).as_posix()} {digest}\n" for file, digest in digests.items())
    return hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()
