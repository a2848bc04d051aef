"""Folders whose files are channels of the same series, a series in each row."""

from pathlib import Path

import numpy as np
import pytest

from gatebench.data import cards
from support.adding import add, arrays, refused, same
from support.channels import CHANNELS, WAVES, write


def test_files_of_like_rows_are_asked_about_and_are_channels_of_series(home: Path):
    folder = write(home / "d", WAVES)
    line = refused(folder)
    assert "40 series, a row each, of 3 channels, a file each (acc_x, acc_y, acc_z): `" in line
    assert "--series-a-row`; or 3 series, a file each, of 24 columns" in line
    lines = add(folder, layout="series-a-row")
    assert "sequences: 40, a row each, of 24 steps and 3 columns, a file each: acc_x, acc_y, acc_z (--step-a-row)" in lines
    assert cards.load("mine").names == CHANNELS
    assert same(arrays(), [*WAVES])
    assert "sequences: 3, a file each" in add(folder, "files", layout="step-a-row")


def test_folders_of_channels_are_splits(home: Path):
    write(home / "d" / "train" / "Inertial Signals", WAVES[:30])
    write(home / "d" / "test" / "Inertial Signals", WAVES[30:], "_test.txt")
    lines = add(home / "d", layout="series-a-row")
    assert any(line.startswith("split: as given, train 30, test 10") for line in lines)
    assert same(cards.read_arrays(cards.load("mine"))["test"], [*WAVES[30:]])


def test_a_label_of_rows_stands_in_all_channels(home: Path):
    for place, channel in enumerate(CHANNELS):
        rows = [f"{'ab'[i % 2]},{','.join(map(str, row))}" for i, row in enumerate(WAVES[:, :, place])]
        header = "kind," + ",".join(f"t{step}" for step in range(24))
        (home / "d").mkdir(exist_ok=True)
        (home / "d" / f"{channel}.csv").write_text("\n".join([header, *rows]))
    add(home / "d", layout="series-a-row", label="kind")
    assert same(arrays(), [np.column_stack([wave, [i % 2] * 24]) for i, wave in enumerate(WAVES)])
    (home / "d" / "acc_y.csv").write_text((home / "d" / "acc_y.csv").read_text().replace("\na,", "\nb,"))
    assert "acc_y.csv, row 1 and acc_x.csv, row 1 have another label" in refused(
        home / "d", "others", layout="series-a-row", label="kind"
    )


@pytest.mark.parametrize(
    ("rows", "layout", "expected"),
    [
        (39, "series-a-row", "files of as many rows, a channel each, but acc_x.csv has 40 rows, and acc_w.csv has 39"),
        (40, "series-a-column", "--series-a-column is for one table, but a sequence is a file each here: remove it"),
    ],
)
def test_no_layout_of_a_folder_is_ignored(home: Path, rows: int, layout: str, expected: str):
    folder = write(home / "d", WAVES, ".csv")
    (folder / "acc_w.csv").write_text("\n".join(" ".join(map(str, row)) for row in WAVES[:rows, :, 0]))
    assert expected in refused(folder, layout=layout)


def test_files_of_other_lengths_are_sequences_as_usual(home: Path):
    folder = write(home / "d", WAVES, ".csv")
    (folder / "acc_w.csv").write_text("\n".join(" ".join(map(str, row)) for row in WAVES[:39, :, 0]))
    assert "sequences: 4, a file each" in add(folder)
