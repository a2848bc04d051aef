"""Labels in a file of their own that has a row for each row of the data: of series that are rows, the label of each."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import beside, given, target
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData


def are_asked_for(choices: Choices) -> bool:
    """Whether series are rows and labels are in a file; ``BadInput`` if a column is named for the target, too."""
    if choices.labels is None or choices.layout != "series-a-row":
        return False
    if choices.label is not None:
        raise BadInput(
            f"--label {shorten(choices.label)} and --labels {shorten(choices.labels)} both name the target; expected one: "
            "remove the other"
        )
    return True


def join(raw: RawData, label_file: Path, data: Path, choices: Choices) -> RawData:
    """Return series with the label of each, which stand in the same order in a file, or in one for each given split.

    Parameters
    ----------
    raw
        Series, a row each, those of a split one after the other.
    label_file
        Labels of all series, or of those of a split that is in its name: those of the others are in files that are named
        alike (``y_train.txt``, ``y_test.txt``), beside it or in the folder of the data.
    data
        The file or folder of the data.
    choices
        What the user chose.

    Raises
    ------
    BadInput
        If a file has not as many rows as there are series, or more than one column, or is not there.

    """
    splits = raw.splits or [""] * len(raw.sequences)
    labels: list[object] = [None] * len(splits)
    files: list[str] = []
    for split in dict.fromkeys(splits):
        places = [place for place, one in enumerate(splits) if one == split]
        if raw.files is not None and len({raw.files[place] for place in places}) > 1:
            raise BadInput(
                f"{data} has series in several folders{f' of {split}' if split else ''}; expected one, in whose order the "
                f"labels of {label_file} are: give a folder alone"
            )
        file = _of_split(label_file, split, data) if split else label_file
        for place, label in zip(places, _read(file, len(places)), strict=True):
            labels[place] = label
        files.append(file.name)
    name = given.part_name(label_file.name.split(".")[0])[0] or "label"
    values = [np.full((len(series), 1), label) for series, label in zip(raw.sequences, labels, strict=True)]
    targets, what, line = target.decide(values, (name,), choices.as_target)
    lines = [f"labels: {', '.join(files)}, a row for each series, in their order", *raw.decisions, line]
    return replace(raw, targets=targets, target=replace(what, of="sequence"), decisions=lines)


def _of_split(label_file: Path, split: str, data: Path) -> Path:
    """Return the file that is named like this one but for the split."""
    rest, own = given.part_name(label_file.name.split(".")[0])
    if own == split:
        return label_file
    end = label_file.name.partition(".")[2]
    there = {*label_file.parent.glob("*"), *(data.rglob("*") if data.is_dir() else ())}
    fitting = [
        file for file in sorted(there)
        if file.name.partition(".")[2] == end and given.part_name(file.name.split(".")[0]) == (rest, split)
    ]  # fmt: skip
    if own is None or len({file.resolve() for file in fitting}) != 1:
        raise BadInput(
            f"the data gives the split {split}, and of its labels there are {len(fitting)} files that are named like "
            f"{label_file}; expected one for each split, as y_train.txt and y_test.txt: name them so"
        )
    return fitting[0]


def _read(file: Path, count: int) -> list[object]:
    """Return the labels of so many series."""
    rows = beside.read_rows(file)
    if len(rows.columns) != 1:
        raise BadInput(
            f"{file} has {len(rows.columns)} columns ({shorten(', '.join(rows.columns))}); expected one, the label of each "
            "series: leave the others out"
        )
    cells = rows.iloc[:, 0]
    if len(cells) == count - 1 and rows.columns[0] in set(cells):  # what was taken for a header is a label like others
        cells = cells.reindex(range(-1, len(cells)))
        cells.iloc[0] = rows.columns[0]
    if len(cells) != count:
        raise BadInput(
            f"{file} has {len(cells):,} rows, and there are {count:,} series; expected a label for each, in the same order: "
            "correct it"
        )
    if (empty := cells.eq("").to_numpy()).any():
        raise BadInput(f"{file} has no label for series {int(empty.argmax()) + 1:,}; expected one for each: fill it")
    return beside.as_numbers(cells)
