"""The same labelled sequences in many containers: functions that write files or a folder, as archives and programs do."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

RANDOM = np.random.default_rng(9)
LABELS = [("run", "walk")[i % 2] for i in range(36)]
SEQUENCES = [RANDOM.standard_normal((int(RANDOM.integers(9, 16)), 2)).round(3) for _ in LABELS]
EQUAL = [RANDOM.standard_normal((12, 1)).round(3) for _ in LABELS]
"""Sequences of one length and one column, for what has no other."""
TRAIN = range(26)
"""Which of them are train; the others are test."""


def frames() -> list[pd.DataFrame]:
    return [pd.DataFrame(sequence, columns=["a", "b"]) for sequence in SEQUENCES]


def lists() -> pd.DataFrame:
    """A sequence a row, a list a cell."""
    columns = {name: [sequence[:, i].tolist() for sequence in SEQUENCES] for i, name in enumerate("ab")}
    return pd.DataFrame({"label": LABELS, **columns})


def csv_of_lists(folder: Path) -> Path:
    lists().to_csv(folder / "x.csv", index=False)
    return folder / "x.csv"


def csv_of_arrays(folder: Path) -> Path:
    """As pandas prints arrays of NumPy, with line breaks and without commas."""
    frame = lists()
    frame[["a", "b"]] = frame[["a", "b"]].map(lambda cell: str(np.array(cell)))
    frame.to_csv(folder / "x.csv", index=False)
    return folder / "x.csv"


def parquet_of_lists(folder: Path) -> Path:
    lists().to_parquet(folder / "x.parquet")
    return folder / "x.parquet"


def json_lines(folder: Path) -> Path:
    lists().to_json(folder / "x.jsonl", orient="records", lines=True)
    return folder / "x.jsonl"


def json_records(folder: Path) -> Path:
    lists().to_json(folder / "x.json", orient="records", indent=1)
    return folder / "x.json"


def json_of_steps(folder: Path) -> Path:
    """A list of rows a sequence."""
    records = [{"label": label, "x": s.tolist()} for label, s in zip(LABELS, SEQUENCES, strict=True)]
    (folder / "x.json").write_text(json.dumps(records))
    return folder / "x.json"


def ts(folder: Path) -> Path:
    (folder / "x.ts").write_text(ts_of(range(36)))
    return folder / "x.ts"


def ts_of(places: range) -> str:
    header = (
        "# made up\n@problemName x\n@timeStamps false\n@univariate false\n@dimensions 2\n@classLabel true run walk\n@data\n"
    )
    rows = [":".join(",".join(map(str, column)) for column in SEQUENCES[i].T) + f":{LABELS[i]}\n" for i in places]
    return header + "".join(rows)


def ts_with_times(folder: Path) -> Path:
    """With the time of every step, which is a date with colons in it."""
    header, _, _ = ts_of(TRAIN).replace("@timeStamps false", "@timeStamps true").partition("@data\n")
    rows: list[str] = []
    for sequence, label in zip(SEQUENCES, LABELS, strict=True):
        dimensions = [
            ",".join(f"(2020-01-01 {t:02}:00:00,{value})" for t, value in enumerate(column)) for column in sequence.T
        ]
        rows.append(":".join([*dimensions, label]))
    (folder / "x.ts").write_text(header + "@data\n" + "\n".join(rows))
    return folder / "x.ts"


def relational_arff(folder: Path) -> Path:
    """As the multivariate archive writes it: a relation in a cell, a dimension in each of its rows; padded with ``?``."""
    steps = "".join(f"@attribute att{t} numeric\n" for t in range(15))
    rows = []
    for sequence, label in zip(SEQUENCES, LABELS, strict=True):
        lines = [",".join([*map(str, column), *["?"] * (15 - len(column))]) for column in sequence.T]
        rows.append('"' + "\\n".join(lines) + f'",{label}\n')
    header = f"@relation x\n@attribute rel relational\n{steps}@end rel\n@attribute class {{run,walk}}\n@data\n"
    (folder / "x.arff").write_text(header + "".join(rows))
    return folder / "x.arff"


def folders(folder: Path) -> Path:
    """A class a folder."""
    for i, frame in enumerate(frames()):
        (folder / "x" / LABELS[i]).mkdir(parents=True, exist_ok=True)
        frame.to_csv(folder / "x" / LABELS[i] / f"s{i}.csv", index=False)
    return folder / "x"


def labels_beside(folder: Path) -> Path:
    """A file a sequence, and a table that names them; not by all of their names, and one too many."""
    (folder / "x").mkdir()
    for i, frame in enumerate(frames()):
        frame.to_csv(folder / "x" / f"s{i}.csv", index=False)
    names = pd.DataFrame({"recording": [f"s{i}" for i in range(36)], "activity": LABELS})
    names.loc[36] = ["s99", "walk"]
    names.sample(frac=1, random_state=0).to_csv(folder / "x" / "ground_truth.csv", index=False)
    return folder / "x"


ALL: dict[Callable[[Path], Path], str | None] = {
    csv_of_lists: "label", csv_of_arrays: "label", parquet_of_lists: "label", json_lines: "label", json_records: "label",
    json_of_steps: "label", ts: None, ts_with_times: None, relational_arff: None, folders: None, labels_beside: None,
}  # fmt: skip
"""Container -> the column that is the label, where it has to be said."""


# With a split that is given


def ts_pair(folder: Path) -> Path:
    (folder / "X_TRAIN.ts").write_text(ts_of(TRAIN))
    (folder / "X_TEST.ts").write_text(ts_of(range(len(TRAIN), 36)))
    return folder / "X_TRAIN.ts"


def folder_of_pairs(folder: Path) -> Path:
    """The same in two formats, and a text about it, as archives have it."""
    (folder / "X").mkdir()
    for name, places in (("X_TRAIN", TRAIN), ("X_TEST", range(len(TRAIN), 36))):
        (folder / "X" / f"{name}.ts").write_text(ts_of(places))
        (folder / "X" / f"{name}.arff").write_text("not looked at")
    (folder / "X" / "README.md").write_text("about it")
    return folder / "X"


def long_pair(folder: Path) -> Path:
    """Long tables whose numbers of sequences and times begin anew in each."""
    for name, places in (("x_train", TRAIN), ("x_test", range(len(TRAIN), 36))):
        parts = [frames()[i].assign(id=place, t=range(len(SEQUENCES[i])), y=LABELS[i]) for place, i in enumerate(places)]
        pd.concat(parts).to_csv(folder / f"{name}.csv", index=False)
    return folder / "x_test.csv"


def split_column(folder: Path) -> Path:
    parts = [
        frame.assign(id=i, t=range(len(frame)), part="Train" if i in TRAIN else "TEST", y=LABELS[i])
        for i, frame in enumerate(frames())
    ]
    pd.concat(parts).to_csv(folder / "x.csv", index=False)
    return folder / "x.csv"


def split_folders(folder: Path) -> Path:
    """A split a folder, and a class a folder in each."""
    for i, frame in enumerate(frames()):
        path = folder / "x" / ("train" if i in TRAIN else "test") / LABELS[i] / f"{i}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False)
    return folder / "x"


def split_beside(folder: Path) -> Path:
    """A file a sequence, and a table with label and split of each, without a header."""
    (folder / "x").mkdir()
    rows = []
    for i, frame in enumerate(frames()):
        frame.to_csv(folder / "x" / f"{i}.csv", index=False)
        rows.append(f"{i}.csv {LABELS[i]} {'train' if i in TRAIN else 'test'}\n")
    (folder / "x" / "labels.txt").write_text("".join(rows))
    return folder / "x"


SPLIT: dict[Callable[[Path], Path], str | None] = {
    ts_pair: None, folder_of_pairs: None, long_pair: "y", split_column: "y", split_folders: None, split_beside: None,
}  # fmt: skip
"""Container with a split -> the column that is the label, where it has to be said."""


def arff_pair(folder: Path) -> Path:
    """A series a row, of one length, the class last."""
    steps = "".join(f"@attribute att{t} numeric\n" for t in range(12))
    header = f"@relation x\n{steps}@attribute target {{run,walk}}\n@data\n"
    for name, places in (("x_TRAIN", TRAIN), ("x_TEST", range(len(TRAIN), 36))):
        rows = [",".join(map(str, EQUAL[i][:, 0])) + f",{LABELS[i]}\n" for i in places]
        (folder / f"{name}.arff").write_text(header + "".join(rows))
    return folder / "x_TRAIN.arff"


def tsv_pair(folder: Path) -> Path:
    """A series a row, the label first, no header: as the archive of one dimension has it."""
    for name, places in (("x_TRAIN", TRAIN), ("x_TEST", range(len(TRAIN), 36))):
        rows = ["\t".join(map(str, [1 + i % 2, *EQUAL[i][:, 0]])) + "\n" for i in places]
        (folder / f"{name}.tsv").write_text("".join(rows))
    return folder / "x_TRAIN.tsv"
