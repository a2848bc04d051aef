"""Labels in a file of their own, in the order of series that are rows."""

from pathlib import Path

import numpy as np
import pytest

from gatebench.data import cards
from support.adding import add, arrays, refused, same
from support.channels import WAVES, write

ACTS = [("walk", "sit", "lie")[i % 3] for i in range(len(WAVES))]
CODES = {"lie": 0, "sit": 1, "walk": 2}


def labelled(start: int = 0, end: int | None = None) -> list[np.ndarray]:
    """The series with the number of the label behind."""
    pairs = [*zip(WAVES, ACTS, strict=True)][start:end]
    return [np.column_stack([wave, [CODES[act]] * len(wave)]) for wave, act in pairs]


def labels(file: Path, acts: list[str]) -> Path:
    """A file with a label a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(acts) + "\n")
    return file


def test_channels_have_the_labels_of_their_rows(home: Path):
    folder = write(home / "d", WAVES)
    file = labels(home / "y.txt", ACTS)
    lines = add(folder, layout="series-a-row", labels=file)
    assert "labels: y.txt, a row for each series, in their order" in lines
    assert any(line.startswith("target: y, a label of 3 classes, one of each sequence") for line in lines)
    assert same(arrays(), labelled())


def test_each_given_split_has_a_file_of_labels(home: Path):
    """As the recordings of human activity of the UCI are published: other tables of other widths lie beside."""
    write(home / "d" / "train" / "Inertial Signals", WAVES[:30])
    write(home / "d" / "test" / "Inertial Signals", WAVES[30:], "_test.txt")
    file = labels(home / "d" / "train" / "y_train.txt", ACTS[:30])
    labels(home / "d" / "test" / "y_test.txt", ACTS[30:])
    labels(home / "d" / "train" / "subject_train.txt", [str(i // 6) for i in range(30)])
    lines = add(home / "d", layout="series-a-row", labels=file, skip_bad=True)
    assert any(line.startswith("split: as given, train 30, test 10") for line in lines)
    assert same(cards.read_arrays(cards.load("mine"))["test"], labelled(30))
    assert same(arrays(), labelled())


def test_a_table_of_series_has_the_labels_of_its_rows(home: Path):
    table = home / "X.csv"
    table.write_text("\n".join(",".join(map(str, row)) for row in WAVES[:, :, 0]))
    add(table, layout="series-a-row", labels=labels(home / "y.csv", ["act", *ACTS]))
    assert same(arrays(), [array[:, [0, 3]] for array in labelled()])


WRONG = {
    "a row too few": (ACTS[:-2], {}, "y.txt has 38 rows, and there are 40 series; expected a label for each, in the same"),
    "a header and a row too few": (["act", *ACTS[:-1]], {}, "y.txt has 39 rows, and there are 40 series; expected a label"),
    "two columns": (
        [f"{act},1" for act in ACTS],
        {},
        "y.txt has 2 columns (column0, column1); expected one, the label of",
    ),
    "no row": ([*ACTS[:5], '""', *ACTS[6:]], {}, "y.txt has no label for series 6; expected one for each: fill it"),
    "by name": (ACTS, {"layout": None}, "or, if series are rows and it has the label of each: --series-a-row"),
    "a column too": (ACTS, {"label": "column0"}, "--label column0 and --labels y.txt both name the target"),
}


@pytest.mark.parametrize(("acts", "choices", "expected"), WRONG.values(), ids=WRONG)
def test_labels_that_are_not_those_of_the_rows_are_refused(home: Path, acts: list[str], choices: dict, expected: str):
    folder, file = write(home / "d", WAVES), labels(home / "y.txt", acts)
    assert expected in refused(folder, **{"layout": "series-a-row", "labels": file, **choices}).replace(f"{home}/", "")


def test_a_split_without_a_file_of_labels_is_refused(home: Path):
    write(home / "d" / "train", WAVES[:30])
    write(home / "d" / "test", WAVES[30:], "_test.txt")
    line = refused(home / "d", layout="series-a-row", labels=labels(home / "y_train.txt", ACTS[:30]))
    assert "the data gives the split test, and of its labels there are 0 files that are named like" in line


@pytest.mark.parametrize("whole", [True, False], ids=["a folder", "a file"])
def test_a_file_of_labels_that_is_not_there_is_named(home: Path, whole: bool):
    folder = write(home / "d", WAVES)
    line = refused(folder if whole else folder / "acc_x_train.txt", labels=home / "none.csv")
    assert "none.csv is no file that is there; expected a table: give its path" in line
