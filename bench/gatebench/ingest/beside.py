"""What is known of whole files: labels in a second file, joined by file name, and what folders are called."""

import re
import shlex
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from itertools import permutations
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.ingest import given, tabular, target
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Reading, ask
from gatebench.ingest.raw import RawData

LABEL_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
"""Suffixes of a file that may have labels of others."""
LABEL_WORDS = re.compile(r"label|class|target|meta|annot|refer|split|index|manifest|info", re.IGNORECASE)
"""Words in the name of a file that has labels of others."""
MOST_BYTES = 2**26
"""Bytes of such a file, at the most."""
LABEL, GROUP, IGNORE = "label", "group", "ignore"
"""What a level of folders may be."""
NUMBERED = re.compile(r"(.*?)[ _-]?\d+")
"""Names of folders that count something, such as persons."""


@dataclass(frozen=True)
class FileFacts:
    """What is known of every file besides what is in it; lists have an entry for each file."""

    labels: list[object] | None = None
    """The target of each file."""
    name: str = ""
    """What the target is called."""
    groups: list[Hashable] | None = None
    """The group of each file."""
    splits: list[str] | None = None
    """The split of each file."""
    lines: list[str] = field(default_factory=list)
    """What was decided, a line each."""


def find_label_file(folder: Path, files: list[Path], choices: Choices) -> Path | None:
    """Return the file of a folder that has a row for others, if there is one; that which is named, anyway."""
    if choices.labels is not None:
        if not choices.labels.is_file():
            raise BadInput(f"--labels {shorten(choices.labels)} is no file that is there; expected a table: give its path")
        return choices.labels
    tables = [file for file in files if file.parent == folder and file.suffix.lower() in LABEL_SUFFIXES]
    suffixes = Counter(file.suffix.lower() for file in files)
    likely = [file for file in tables if LABEL_WORDS.search(file.stem) or 1 == suffixes[file.suffix.lower()] < len(files)]
    for file in [*likely, *([] if likely else _of_other_columns(tables))][:3]:
        others = [other for other in files if other != file]
        if others and file.stat().st_size <= MOST_BYTES and _names_files(file, folder, others):
            return file
    return None


def _names_files(file: Path, folder: Path, others: list[Path]) -> bool:
    try:
        return _find_names(read_rows(file), folder, others) is not None
    except BadInput:  # it is one of the others, which say so when they are read
        return False


def _of_other_columns(tables: list[Path]) -> list[Path]:
    """Return the one table whose first line differs from that of all others, which are alike."""
    first = {}
    for file in tables:
        with file.open("rb") as opened:
            first[file] = opened.readline(4096)
    counts = Counter(first.values())
    return [file for file, line in first.items() if counts[line] == 1] if len(counts) == 2 and len(tables) > 2 else []


def read_rows(file: Path) -> pd.DataFrame:
    """Return the cells of a table as texts, a header that is a row included."""
    try:
        read = tabular.read_delimited(file).rows
        rows = read.astype(str).mask(read.isna(), "")
    except BadInput:
        raise
    except Exception as error:  # whatever a parser makes of a file that is none
        raise BadInput(
            f"{file} cannot be read as a table of labels ({shorten(error)}); correct it, or give another"
        ) from error
    return rows.rename(columns=str)


def _keys(file: Path, folder: Path) -> list[str]:
    """Return the texts that may name a file, the most exact first."""
    try:
        relative = file.relative_to(folder)
    except ValueError:
        relative = Path(file.name)
    return [relative.as_posix(), file.name, relative.with_suffix("").as_posix(), file.stem, file.name.split(".")[0]]


def _plain(name: object) -> str:
    """Return the name of a file without folders, suffix and zeros in front, in small letters."""
    stem = str(name).strip().replace("\\", "/").rpartition("/")[2].lower().split(".")[0]
    return stem.lstrip("0") or stem[:1]


class NamedFiles(NamedTuple):
    """The rows of a table that are about files."""

    column: str
    """The column that names the files."""
    places: list[int]
    """The row of each file; -1: none."""
    rows: pd.DataFrame
    """All rows of the table, in its order."""
    names: pd.Series
    """What each row names, as names are compared."""


def _find_names(rows: pd.DataFrame, folder: Path, files: list[Path]) -> NamedFiles | None:
    """Return the rows about files, by the column that names most of them; None if there is none.

    Where no column has the names as they are, one is sought that has them but for folders, suffixes, zeros and case.
    """
    comparisons: list[tuple[Callable[[object], str], Callable[[Path], list[str]]]] = [
        (lambda name: str(name).strip(), lambda file: _keys(file, folder))
    ]
    if len({_plain(file.name) for file in files}) == len(files):
        comparisons.append((_plain, lambda file: [_plain(file.name)]))
    for plain, keys_of in comparisons:
        keys = [keys_of(file) for file in files]
        named = {key for of_file in keys for key in of_file}
        matches: list[NamedFiles] = []
        for column in rows.columns:
            table = rows
            if plain(column) in named:  # no header, but a row
                table = pd.concat([pd.DataFrame([[*rows.columns]], columns=rows.columns), rows], ignore_index=True)
            names = table[column].map(plain)
            place_of = {name: place for place, name in enumerate(names)}
            places = [next((place_of[key] for key in of_file if key in place_of), -1) for of_file in keys]
            if sum(place >= 0 for place in places) * 2 > len(files):
                matches.append(NamedFiles(column, places, table, names))
        if matches and (plain is not _plain or len(matches) == 1):  # names that are only alike are those of one column
            return matches[0]
    return None


def read_labels(label_file: Path, folder: Path, files: list[Path], choices: Choices) -> FileFacts:
    """Return what a table says of each file: its label, and perhaps its split and its group."""
    if label_file.suffix.lower() not in LABEL_SUFFIXES:
        raise BadInput(
            f"labels are in {label_file}; expected {', '.join(LABEL_SUFFIXES)}, with a row for each file: save them so"
        )
    matched = _find_names(read_rows(label_file), folder, files)
    if matched is None:
        raise BadInput(
            f"{label_file} has no column that names the files of {folder}; expected {shorten(files[0].name)} and the others "
            "in one: correct it; or, if series are rows and it has the label of each: --series-a-row"
        )
    column, places, rows, names = matched
    lacking = [file.name for file, place in zip(files, places, strict=True) if place < 0]
    if lacking:
        raise BadInput(
            f"{label_file} has no row for {len(lacking):,} file(s): {shorten(', '.join(lacking[:5]))}; expected one for "
            "each: add them, or remove the files"
        )
    if len(set(places)) < len(places):
        raise BadInput(
            f"{label_file} has one row for several files; expected a row for each: name them by their folders too"
        )
    of_files = rows.iloc[places]
    others = [name for name in rows.columns if name != column]
    if choices.label is not None and choices.label not in others:
        raise BadInput(
            f"--label {shorten(choices.label)} is no column of {label_file.name}{did_you_mean(choices.label, others)}"
        )
    split = next((name for name in others if name != choices.label and given.are_splits(set(of_files[name]))), None)
    free = [name for name in others if name not in (split, choices.group)]
    label = choices.label or (free[0] if len(free) == 1 else None)
    if label is None and free:
        raise BadInput(
            f"{label_file} has the columns {shorten(', '.join(free))}; expected one that is the target: choose it: "
            f"--label {shlex.quote(free[-1])}"
        )
    if choices.group is not None and choices.group not in others:
        raise BadInput(
            f"--group {shorten(choices.group)} is no column of {label_file.name}{did_you_mean(choices.group, others)}"
        )
    used = names.isin(names.iloc[places])
    said = (
        rows.loc[used, [name for name in (label, choices.group, split) if name]].assign(**{column: names}).drop_duplicates()
    )
    again = said.loc[said[column].duplicated(), column]
    if len(again):
        raise BadInput(
            f"{label_file} has several rows for {shorten(again.iloc[0])}, which differ; expected one: remove the others"
        )
    left = len(rows) - int(used.sum())
    for role in filter(None, (label, choices.group)):
        empty = (of_files[role] == "").to_numpy()
        if empty.any():
            lacking = shorten(of_files[column].iloc[int(empty.argmax())])
            raise BadInput(
                f"{label_file} has no {role} for {lacking}; expected one for each file: fill it, or remove the file"
            )
    lines = [
        f"labels: {label_file.name}, joined by its column {column}" + (f"; {left:,} rows are of no file" if left else "")
    ]
    return FileFacts(
        as_numbers(of_files[label]) if label else None,
        label or "",
        of_files[choices.group].tolist() if choices.group else None,
        [str(given.split_of(value)) for value in of_files[split]] if split else None,
        lines,
    )


def as_numbers(column: pd.Series) -> list[object]:
    """Return cells as numbers if all are, else as texts without white space about them."""
    numbers = pd.to_numeric(column, errors="coerce")
    return [str(cell).strip() for cell in column] if numbers.isna().any() else numbers.tolist()


def read_folders(folder: Path, files: list[Path], choices: Choices) -> FileFacts:
    """Return what the folders that files lie in say of them: a class, a group, or a split."""
    parts = [file.relative_to(folder).parent.parts for file in files]
    if not any(parts):
        return FileFacts()
    if len({len(of_file) for of_file in parts}) > 1:
        return FileFacts(lines=["folders: not read, since files lie at several depths"])
    levels = [[of_file[depth] for of_file in parts] for depth in range(len(parts[0]))]
    of_split = next((level for level in levels if given.are_splits(set(level))), None)
    splits = [str(given.split_of(name)) for name in of_split] if of_split else None
    levels = [level for level in levels if level is not of_split and len(set(level)) > 1]
    if not levels or choices.folders == IGNORE:
        return FileFacts(splits=splits, lines=["folders: not read, as asked"] if levels else [])
    roles = None if choices.folders is None else choices.folders.split(",")
    if len(levels) == 1 and roles is None:
        (level,) = levels
        if max(Counter(level).values()) == 1:
            return FileFacts(splits=splits, lines=["folders: not read, since each has one file (--folders label or group)"])
        if _are_numbered(level):
            raise BadInput(
                f"the folders of {folder} are numbered ({_shown(level)}), and may be classes, or persons or machines whose "
                "files belong together; choose one: --folders label, --folders group, or --folders ignore"
            )
        roles = [LABEL]
    return _with_roles(levels, splits, roles or _ask_about_levels(folder, levels))


def _are_numbered(level: list[str]) -> bool:
    return len({matched[1] if (matched := NUMBERED.fullmatch(name)) else name for name in level}) == 1


def _ask_about_levels(folder: Path, levels: list[list[str]]) -> NoReturn:
    """Ask which of several levels of folders are the class, and which belong together; the likeliest reading first."""
    places = sorted(range(len(levels)), key=lambda place: (_are_numbered(levels[place]), len(set(levels[place]))))
    readings: list[Reading] = []
    for of_label, of_group in permutations(places, 2):
        roles = [LABEL if i == of_label else GROUP if i == of_group else IGNORE for i in range(len(levels))]
        what = f"{_some(levels[of_label])} are the classes, and files of {_some(levels[of_group])} belong together"
        readings.append(Reading(what, {"folders": ",".join(roles)}))
    readings.append(Reading("they say nothing", {"folders": IGNORE}))
    shown = "; ".join(map(_shown, levels))
    raise ask(f"the folders of {folder} have {len(levels)} levels: {shown}", *readings)


def _some(level: list[str]) -> str:
    different = sorted(set(level))
    return shorten(", ".join(different[:3])) + (", ..." if len(different) > 3 else "")


def _with_roles(levels: list[list[str]], splits: list[str] | None, roles: list[str]) -> FileFacts:
    """Return what the levels of folders say, each in its role."""
    if len(roles) != len(levels) or roles.count(LABEL) > 1 or not {*roles} <= {LABEL, GROUP, IGNORE}:
        raise BadInput(
            f"--folders is {','.join(roles)}, but there are {len(levels)} level(s) of folders: "
            f"{'; '.join(map(_shown, levels))}; expected {LABEL}, {GROUP} or {IGNORE} for each, with commas between them, "
            f"and one {LABEL} at the most: --folders {','.join([LABEL, GROUP, IGNORE][: len(levels)])}"
        )
    labels: list[object] | None = None
    grouped: list[list[str]] = []
    lines: list[str] = []
    for role, level in zip(roles, levels, strict=True):
        if role == LABEL:
            labels = [*level]
            lines.append(f"folders: {_shown(level)}, which are the classes (--folders group or ignore)")
        elif role == GROUP:
            grouped.append(level)
            lines.append(f"folders: {_shown(level)}, whose files stay together (--folders label or ignore)")
    groups: list[Hashable] | None = [*zip(*grouped, strict=True)] if grouped else None
    return FileFacts(labels, "folder" if labels else "", groups, splits, lines)


def _shown(level: list[str]) -> str:
    counts = Counter(level)
    shown = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())[:20])
    return shorten(shown + (", ..." if len(counts) > 20 else ""))


def join(raw: RawData, facts: FileFacts, choices: Choices) -> RawData:
    """Return data with what is known of the file of each sequence."""
    raw = replace(raw, decisions=[*facts.lines, *raw.decisions])
    if facts.labels is None and facts.groups is None and facts.splits is None:
        return raw
    if raw.files is None:
        raise BadInput("labels of files are given, but sequences are not one a file; expected that: give labels in the file")
    numbers = raw.files
    if facts.splits is not None:
        raw = replace(raw, splits=[facts.splits[number] for number in numbers])
    if facts.groups is not None:
        raw = replace(raw, groups=[facts.groups[number] for number in numbers])
    if facts.labels is None:
        return raw
    if raw.target is not None or raw.kind == "audio":
        why = "--label names another target" if raw.target else "recordings are predicted sample by sample"
        return replace(raw, decisions=[*raw.decisions, f"left out: the label of each file, since {why}"])
    values = [np.full((len(array), 1), facts.labels[number]) for array, number in zip(raw.sequences, numbers, strict=True)]
    targets, what, line = target.decide(values, (facts.name,), choices.as_target)
    # Whatever else they say, labels of whole files are of whole sequences.
    what = replace(what, of="sequence")
    return replace(raw, targets=targets, target=what, decisions=[*raw.decisions, line])
