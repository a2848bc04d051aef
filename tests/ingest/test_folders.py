"""Folders as they lie on users' disks: what a system or a program hides in them, and a second file with labels."""

from pathlib import Path

import numpy as np
import pytest

from gatebench.data import cards
from gatebench.ingest import from_python, question
from support.adding import add, arrays, refused, same

RANDOM = np.random.default_rng(4)
WALKS = RANDOM.standard_normal((12, 15)).cumsum(1).round(3)


def folder(home: Path, name: str = "r{:02d}.csv", **others: str) -> Path:
    (home / "d").mkdir()
    for place, walk in enumerate(WALKS):
        (home / "d" / name.format(place)).write_text("y\n" + "\n".join(map(str, walk)) + "\n")
    for other, text in others.items():
        (home / "d" / f"{other}.csv").write_text(text)
    return home / "d"


def rows(name: str, label: str = "kind") -> str:
    return f"file,{label}\n" + "".join(f"{name.format(place)},{'ab'[place % 2]}\n" for place in range(12))


def labelled(name: str = "mine") -> None:
    """Each walk has the label that belongs to it."""
    expected = [np.column_stack([walk, [place % 2] * 15]) for place, walk in enumerate(WALKS)]
    assert same(arrays(name), expected)
    target = cards.load(name).target
    assert target is not None
    assert target.names == ("a", "b")


@pytest.mark.parametrize(
    "hidden", [".ipynb_checkpoints/r00-checkpoint.csv", ".git/a/x.csv", "__MACOSX/r00.csv", "._r00.csv"]
)
def test_what_is_hidden_is_no_sequence(home: Path, hidden: str):
    path = folder(home)
    (path / hidden).parent.mkdir(parents=True, exist_ok=True)
    (path / hidden).write_bytes((path / "r00.csv").read_bytes())
    assert "sequences: 12, a file each" in add(path)
    assert same(arrays(), [walk[:, None] for walk in WALKS])


def test_a_folder_that_is_hidden_itself_is_read(home: Path):
    folder(home).rename(home / ".d")
    assert "sequences: 12, a file each" in add(home / ".d")


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ("{:04d}.csv", "{}"),
        ("{:04d}.csv", "{:04d}"),
        ("r{:02d}.csv", "R{:02d}.CSV"),
        ("r{:02d}.csv", "/home/me/walks/r{:02d}.csv"),
        ("r{:02d}.csv", "C:\\walks\\r{:02d}.csv"),
    ],
)
def test_names_that_are_alike_join_labels(home: Path, files: str, names: str):
    lines = add(folder(home, files, labels=rows(names)))
    assert "labels: labels.csv, joined by its column file" in lines
    labelled()


def test_names_that_are_alike_but_for_folders_are_no_names(home: Path):
    path = folder(home)
    for side in "ab":
        (path / side).mkdir()
        for place in range(6):
            (path / f"r{place + 6 * (side == 'b'):02d}.csv").rename(path / side / f"r{place:02d}.csv")
    (path / "labels.csv").write_text(rows("/home/me/r{:02d}.csv"))
    assert "has no column that names the files of" in refused(path, labels=path / "labels.csv")


def test_several_rows_of_one_file(home: Path):
    path = folder(home, labels=rows("r{:02d}.csv") + "r03.csv,b\n")
    add(path)
    labelled()
    (path / "labels.csv").write_text(rows("r{:02d}.csv") + "r03.csv,a\n")
    assert "labels.csv has several rows for r03.csv, which differ; expected one" in refused(path, "again")


def test_a_label_that_is_empty(home: Path):
    path = folder(home, labels=rows("r{:02d}.csv").replace("r05.csv,b", "r05.csv,"))
    assert "labels.csv has no kind for r05.csv; expected one for each file: fill it, or remove the file" in refused(path)


def test_labels_in_another_format(home: Path):
    path = folder(home)
    (path / "labels.json").write_text("{}")
    assert "if one has labels of the others, save it as csv: labels.csv" in refused(path)
    line = refused(path, labels=path / "labels.json")
    assert "labels.json; expected .csv, .tsv, .tab, .txt, with a row for each file: save them so" in line


def test_an_empty_file_is_no_file_of_labels(home: Path):
    path = folder(home, r12="")
    assert "r12.csv is empty; expected a table: fill it, or remove it; or leave out what cannot be read" in refused(path)
    assert "sequences: 12, a file each" in add(path, skip_bad=True)


def test_columns_with_blanks_are_quoted_in_flags(home: Path):
    (home / "x.csv").write_text("wind speed,p\n" + "0.5,1.5\n" * 20 + "oops,2\n")
    assert "leave the column out: --without 'wind speed', or" in refused(home / "x.csv")
    with pytest.raises(Exception, match=r'leave the column out: without=\["wind speed"\]'):
        from_python.add_data(home / "x.csv", "mine", {})


@pytest.mark.parametrize(
    ("hours", "proposed"),
    [
        (48, [{"order": "none"}]),
        (24, [{"numbers": ["Time"]}, {"order": "none", "without": ["Time"]}]),
    ],
)
def test_what_is_proposed_for_a_folder_is_accepted(home: Path, hours: int, proposed: list[dict[str, object]]):
    """Events of a patient a file, several at one time: no column of such a file tells sequences apart."""
    (home / "d").mkdir()
    for patient in range(12):
        rows = [f"{i // 3:02d}:00,{'abc'[i % 3]},{RANDOM.normal():.3f}" for i in range(3 * hours)]
        (home / "d" / f"{patient}.csv").write_text("Time,Parameter,Value\n" + "\n".join(rows) + "\n")
    line = refused(home / "d")
    assert "--sequence" not in line
    for number, choices in enumerate(proposed):
        assert " ".join(question.flags(choices)) in line
        lines = add(home / "d", f"read{number}", **choices)
        assert "sequences: 12, a file each" in lines
        assert not any("--sequence" in line for line in lines)


def test_a_file_of_another_width_is_named_with_both_widths(home: Path):
    (home / "d").mkdir()
    for name, first in (("train_FD001", 1), ("test_FD001", 5)):
        rows = [f"{unit} {step} {RANDOM.normal():.4f} " for unit in range(first, first + 12) for step in range(1, 20)]
        (home / "d" / f"{name}.txt").write_text("\n".join(rows) + "\n")
    (home / "d" / "RUL_FD001.txt").write_text("112 \n98 \n69 \n")
    line = refused(home / "d")
    assert "RUL_FD001.txt has lines of 1 cell(s), but test_FD001.txt of 3; expected as many in all files: give a" in line
    assert "leave out what cannot be read: --skip-bad" in line
    assert any(line.startswith("left out: ") and "RUL_FD001.txt" in line for line in add(home / "d", skip_bad=True))


def test_what_is_written_as_text_in_few_categories_may_be_codes(home: Path):
    rows = "".join(f"{RANDOM.normal():.3f},{'a' if i % 9 == 4 else 0}\n" for i in range(60))
    (home / "x.csv").write_text("sales,state holiday\n" + rows)
    line = refused(home / "x.csv")
    assert (
        "has 'a'; expected a number: if its values are categories, --codes 'state holiday'; else correct it, leave" in line
    )
    assert "columns: sales, state holiday (--columns A,B)" in add(home / "x.csv", codes=["state holiday"])
