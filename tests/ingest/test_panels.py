"""Labelled sequences are the same data set in whatever container they come, and a split that comes with them is kept."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from gatebench.data import cards, tasks
from gatebench.data.contents import SPLITS
from support import panels
from support.adding import add, refused


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.astype(float).tobytes()).hexdigest()[:8]


def by_content(*splits: str, name: str = "mine") -> dict[str, str]:
    """Inputs of each sequence of splits -> its label."""
    target, arrays = cards.load(name).target, cards.read_arrays(cards.load(name))
    assert target is not None
    assert (target.of, target.kind) == ("sequence", "label")
    return {digest(array[:, :-1]): target.names[int(array[0, -1])] for s in splits for array in arrays[s]}


def expected(places: range, sequences: list[np.ndarray] = panels.SEQUENCES) -> dict[str, str]:
    return {digest(sequences[i]): panels.LABELS[i] for i in places}


@pytest.mark.parametrize("write", panels.ALL, ids=lambda write: write.__name__)
def test_sequences_and_labels_are_the_same_in_every_container(home: Path, write):
    add(write(home), label=panels.ALL[write])
    assert by_content(*SPLITS) == expected(range(36))
    assert len(tasks.load("mine", "mine", "target").splits["train"]) > 20


@pytest.mark.parametrize("write", panels.SPLIT, ids=lambda write: write.__name__)
def test_a_split_that_comes_with_the_data_is_kept(home: Path, write):
    lines = add(write(home), label=panels.SPLIT[write])
    assert by_content("test") == expected(range(26, 36))
    assert by_content("train", "valid") == expected(panels.TRAIN)
    assert "split: as given, train 26, test 10 (--split sequence); valid: 4 of train" in lines


@pytest.mark.parametrize("write", [panels.arff_pair, panels.tsv_pair], ids=lambda write: write.__name__)
def test_rows_that_are_series_keep_their_split(home: Path, write):
    label = "column0" if write is panels.tsv_pair else None
    lines = add(write(home), label=label, layout="series-a-row")
    names = {"1": "run", "2": "walk", "run": "run", "walk": "walk"}
    test = {content: names[label] for content, label in by_content("test").items()}
    assert test == expected(range(26, 36), panels.EQUAL)
    assert any(line.startswith("split: as given, train 26, test 10") for line in lines)


def test_a_pair_of_files_is_named_after_what_they_share(home: Path):
    lines = add(panels.ts_pair(home), None)
    assert lines[0] == "files: X_TRAIN.ts, X_TEST.ts, a given split"
    assert lines[-1] == "next: gatebench compare x"


def test_one_of_two_formats_is_read_and_the_other_is_said(home: Path):
    assert add(panels.folder_of_pairs(home))[0] == "left out: 2 .arff, 1 .md, beside the same as .ts"


def test_a_split_within_one_long_series(home: Path):
    walk = np.random.default_rng(0).standard_normal(300).cumsum().round(3)
    frame = pd.DataFrame({"day": range(300), "y": walk, "set": ["train"] * 200 + ["valid"] * 40 + ["test"] * 60})
    frame.sample(frac=1, random_state=0).to_csv(home / "x.csv", index=False)
    add(home / "x.csv", order="day")
    arrays = cards.read_arrays(cards.load("mine"))
    stretches = {"train": walk[:200], "valid": walk[200:240], "test": walk[240:]}
    assert {split: np.concatenate(arrays[split])[:, 0].tolist() for split in SPLITS} == {
        split: stretch.tolist() for split, stretch in stretches.items()
    }


def test_a_column_of_splits_is_named_where_it_has_others(home: Path):
    path = panels.split_column(home)
    frame = pd.read_csv(path)
    frame["part"] = frame["part"].str.replace("TEST", "held out")
    frame.to_csv(path, index=False)
    line = refused(path, label="y", split_column="part")
    assert re.search(r"x.csv, row \d+, column part has 'held out'; expected train, valid or test: correct it", line)
    assert "--split-column prat is no column; did you mean 'part'?" in refused(path, label="y", split_column="prat")


def test_series_of_the_forecasting_archive(home: Path):
    series = [np.random.default_rng(i).standard_normal(20 + i).round(3) for i in range(12)]
    header = "# made up\n@relation x\n@attribute name string\n@attribute start date\n@frequency daily\n@horizon 7\n@data\n"
    rows = [f"T{i}:1979-01-01 00-00-00:{','.join(map(str, numbers))}\n" for i, numbers in enumerate(series)]
    (home / "x.tsf").write_text(header + "".join(rows))
    lines = add(home / "x.tsf")
    assert "left out: name, start, frequency daily, horizon 7, of each series or all" in lines
    arrays = cards.read_arrays(cards.load("mine"))
    assert sorted(digest(a) for s in SPLITS for a in arrays[s]) == sorted(map(digest, series))


def test_values_of_cases_are_values(home: Path):
    text = panels.ts_of(range(36)).replace("@classLabel true run walk", "@targetLabel true")
    (home / "x.ts").write_text(text.replace("run", "3").replace("walk", "4"))
    add(home / "x.ts")
    target = cards.load("mine").target
    assert target is not None
    assert (target.of, target.kind) == ("sequence", "value")


# Folders


def tree(home: Path, *paths: str) -> Path:
    for i, path in enumerate(paths):
        (home / "x" / path).parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(np.random.default_rng(i).standard_normal((9, 2)), columns=["a", "b"]).to_csv(
            home / "x" / path, index=False
        )
    return home / "x"


def numbered(*stems: str) -> list[str]:
    return [f"{stem}/{i}.csv" for stem in stems for i in range(8)]


def test_numbered_folders_are_asked_about(home: Path):
    path = tree(home, *numbered("person1", "person2", "person3"))
    line = refused(path)
    assert "are numbered (person1 8, person2 8, person3 8)" in line
    assert "choose one: --folders label, --folders group, or --folders ignore" in line
    assert any("split: by group" in line for line in add(path, "groups", folders="group"))
    add(path, "labels", folders="label")
    assert len(by_content(*SPLITS, name="labels")) == 24
    assert "folders: not read, as asked" in add(path, "plain", folders="ignore")
    assert cards.load("plain").target is None


def test_levels_of_folders_are_asked_about(home: Path):
    path = tree(home, *numbered(*(f"{kind}/p{i}" for kind in ("walk", "run") for i in range(4))))
    line = refused(path)
    assert "have 2 levels: run 32, walk 32; p0 16, p1 16, p2 16, p3 16; choose one: run, walk are the classes, and" in line
    assert [text.split("`")[0] for text in line.split("--folders ")[1:]] == ["label,group", "group,label", "ignore"]
    lines = add(path, "by_kind", folders="label,group")
    assert "folders: run 32, walk 32, which are the classes (--folders group or ignore)" in lines
    assert any("split: by group" in line for line in lines)
    target = cards.load("by_kind").target
    assert target is not None
    assert target.names == ("run", "walk")
    add(path, "by_person", folders="ignore,label")
    person = cards.load("by_person").target
    assert person is not None
    assert person.names == ("p0", "p1", "p2", "p3")
    for roles in ("label", "label,label", "label,person"):
        assert "--folders is " + roles in refused(path, folders=roles)


def test_folders_that_say_nothing_are_said(home: Path):
    once = tree(home, *(f"{name}/x.csv" for name in "abcdefghijkl"))
    assert "folders: not read, since each has one file (--folders label or group)" in add(once, "once")
    (home / "x").rename(home / "once")
    uneven = tree(home, *numbered("walk", "run/fast"))
    assert "folders: not read, since files lie at several depths" in add(uneven, "uneven")


def test_classes_of_texts_and_of_recordings(home: Path):
    for i in range(24):
        folder = home / "texts" / ("ab" if i % 2 else "cd")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i}.txt").write_text(f"{folder.name} {i} " * 9)
        folder = home / "sounds" / folder.name
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{i}.wav", np.random.default_rng(i).integers(-99, 99, 1200).astype(np.int16), 8000)
    add(home / "texts", "texts")
    target = cards.load("texts").target
    assert target is not None
    assert target.names == ("ab", "cd")
    lines = add(home / "sounds", "sounds")
    assert "left out: the label of each file, since recordings are predicted sample by sample" in lines


# Labels beside


def test_labels_of_a_file_elsewhere(home: Path):
    path = panels.labels_beside(home)
    (path / "ground_truth.csv").rename(home / "y.csv")
    lines = add(path, labels=home / "y.csv")
    assert "labels: y.csv, joined by its column recording; 1 rows are of no file" in lines
    assert by_content(*SPLITS) == expected(range(36))


def test_labels_that_do_not_fit(home: Path):
    path = panels.labels_beside(home)
    labels = path / "ground_truth.csv"
    whole = pd.read_csv(labels)
    whole[whole.recording != "s7"].to_csv(labels, index=False)
    assert "ground_truth.csv has no row for 1 file(s): s7.csv; expected one for each: add them" in refused(path)
    whole.assign(age=3).to_csv(labels, index=False)
    assert "has the columns activity, age; expected one that is the target: choose it: --label age" in refused(path)
    assert "--label activty is no column of ground_truth.csv; did you mean 'activity'?" in refused(path, label="activty")
    labels.unlink()
    (home / "other.csv").write_text("a,b\n1,2\n")
    assert "other.csv has no column that names the files of" in refused(path, labels=home / "other.csv")


def test_persons_beside_are_groups(home: Path):
    path = panels.labels_beside(home)
    labels = path / "ground_truth.csv"
    whole = pd.read_csv(labels)
    whole["person"] = [int(name[1:]) // 4 for name in whole.recording]
    whole.to_csv(labels, index=False)
    assert any("split: by group" in line for line in add(path, label="activity", group="person"))


# Hostile ones

BROKEN = {
    "deep.json": ("[" * 100_000, "deep.json is nested too deeply; expected records"),
    "deep.jsonl": ('{"a": 1}\n' + "[" * 100_000, "deep.jsonl, line 2 is nested too deeply"),
    "cut.json": ('[{"a": [1, 2', "cut.json is no JSON (Expecting"),
    "number.json": ("3", "number.json holds int of 3; expected records"),
    "objects.json": ('[{"a": {"b": {"c": 1}}}]', "objects.json: a.b holds objects within objects; expected records"),
    "uneven.json": ('[{"a": [1, 2], "b": [1]}]', "uneven.json, row 1 has lists of 2 and of 1 steps; expected as many"),
    "mixed.json": ('[{"a": [1, {"b": 2}]}]', "mixed.json, row 1, column a has a list of [1, {'b': 2}]"),
    "ragged.json": ('[{"a": [[1, 2], [3]]}]', "ragged.json, row 1, column a has a list of [[1, 2], [3]], ...; expected"),
    "lacking.json": ('[{"a": [1, 2]}, {"a": 3}]', "lacking.json, row 2, column a has 3; expected a list"),
    "cut.csv": ('a\n"[1 2 ... 8 9]"\n', "cut.csv, row 1, column a has a list that was cut when it was saved (...)"),
    "none.ts": ("@problemName x\n@data\n", "none.ts has no case below a line @data"),
    "early.ts": ("1,2:a\n@data\n", "early.ts, line 1 stands before @data"),
    "class.ts": ("@classLabel true a b\n@data\n1,2:c\n", "class.ts, line 3 ends in 'c'; expected a class that"),
    "dimensions.ts": ("@dimensions 2\n@classLabel true a\n@data\n1,2:a\n", "line 4 has 1 dimension(s); expected 2"),
    "lengths.ts": ("@classLabel true a\n@data\n1,2:1,2,3:a\n", "lengths.ts, line 3 has dimensions of [2, 3] steps"),
    "text.ts": ("@classLabel true a\n@data\n1,x:a\n", "text.ts, line 3 has could not convert string to float: 'x'"),
    "stamps.ts": ("@timeStamps true\n@data\n(1,2),3\n", "stamps.ts, line 3 has '(1,2),3'; expected pairs of a time"),
    "times.ts": ("@timeStamps true\n@data\n(1,2):(2,2)\n", "times.ts, line 3 has dimensions of other times"),
    "other.ts": ("@classLabel true a\n@data\n1,2:a\n1,2:1,2:a\n", "other.ts has cases of [1, 2] dimensions"),
    "none.tsf": ("@attribute a string\n@data\n", "none.tsf has no series below a line @data"),
    "parts.tsf": ("@attribute a string\n@data\n1,2\n", "parts.tsf, line 3 has 0 attribute(s); expected 1"),
    "early.tsf": ("1,2\n@data\n", "early.tsf, line 1 stands before @data"),
    "many.arff": ("@relation x\n@attribute a numeric\n@data\n1\n1,2\n", "many.arff, line 5 has 2 value(s); expected 1"),
    "few.arff": ("@relation x\n@attribute a numeric\n@attribute b numeric\n@data\n1\n", "few.arff cannot be read as arff ("),
    "none.arff": ("@relation x\n@attribute a numeric\n@data\n", "none.arff has no rows below @data"),
    "class.arff": ("@relation x\n@attribute a {b}\n@data\nc\n", "class.arff cannot be read as arff (c value not in"),
    "x.xlsx": ("PK", "x.xlsx (is a spreadsheet, which openpyxl reads; install it|cannot be read as a table)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_as_it_says_is_one_line(home: Path, name: str):
    content, message = BROKEN[name]
    (home / name).write_text(content)
    line = refused(home / name)
    pattern = message if "|" in message else re.escape(message)
    assert re.search(pattern, line), line


def test_a_spreadsheet_without_its_library_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (home / "x.xlsx").write_bytes(b"PK")
    assert "install it: pip install 'gatebench[xlsx]', or save it as csv" in refused(home / "x.xlsx")


def test_a_nominal_attribute_of_numbers_is_a_category(home: Path):
    rows = "".join(f"{y},{i // 7 % 2}\n" for i, y in enumerate(np.random.default_rng(0).standard_normal(80).round(3)))
    text = "@relation eeg\n@attribute AF3 numeric\n@attribute eyes {0,1}\n@data\n" + rows
    (home / "eeg.arff").write_text(text)
    assert any(line.startswith("categories: eyes of 2 (0, 1), one-hot") for line in add(home / "eeg.arff"))
    add(home / "eeg.arff", "labelled", label="eyes")
    target = cards.load("labelled").target
    assert target is not None
    assert (target.kind, target.names) == ("label", ("0", "1"))
    assert cards.load("mine").names == ("AF3", "eyes=1")
    add(home / "eeg.arff", "amounts", numbers=["eyes"])
    assert cards.load("amounts").names == ("AF3", "eyes")
