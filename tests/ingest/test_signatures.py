"""Files that are another thing than their name says, and formats that are not read: each with what to do."""

import gzip
import io
import pickle
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gatebench.ingest import conversions
from support.adding import add, arrays, refused, same

CSV = b"y\n" + b"0.5\n1.5\n" * 20


def npy() -> bytes:
    content = io.BytesIO()
    np.save(content, np.zeros(3))
    return content.getvalue()


FILES = {
    "a pointer": ("x.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "fetch it: git lfs pull"),
    "a page": ("x.csv", b"\n<!DOCTYPE html>\n<html>a,b</html>", "a page of HTML, such as a login or an error, .* anew"),
    "a page called npz": ("x.npz", b"<html>", "a page of HTML"),
    "a zip": ("x.csv", b"PK\x03\x04\x14" + bytes(40), "not csv by its first bytes, but a spreadsheet or a zip; name it"),
    "gzip": ("x.csv", gzip.compress(CSV), "not csv by its first bytes, but packed by gzip; name it .csv.gz if"),
    "a pickle": ("x.csv", pickle.dumps([CSV] * 9), "but a pickle, which could run code when it is read; name it .pkl"),
    "an array": ("x.json", npy(), "not json by its first bytes, but an array of NumPy; name it .npy"),
    "parquet": ("x.tsv", b"PAR1" + bytes(9), "not tsv by its first bytes, but parquet; name it .parquet"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "message"), FILES.values(), ids=FILES)
def test_a_file_that_is_another_thing(home: Path, name: str, content: bytes, message: str):
    (home / name).write_bytes(content)
    line = refused(home / name)
    assert re.search(f"{name} is .*{message}", line), line


def test_one_of_a_folder_may_be_left_out(home: Path):
    (home / "d").mkdir()
    for place in range(12):
        (home / f"d/{place}.csv").write_bytes(CSV.replace(b"0.5", b"0.%d" % place))
    (home / "d/page.csv").write_text("<html></html>")
    assert "page.csv is a page of HTML" in refused(home / "d")
    assert any(line.startswith("left out: ") and "page.csv is a page" in line for line in add(home / "d", skip_bad=True))


def test_a_text_may_be_of_html(home: Path):
    (home / "x.txt").write_text("<html><p>one</p></html>\n" * 20)
    assert "sequences: one text of 480 characters (a line each: --sequence-a-line)" in add(home / "x.txt")


def test_a_recording_that_is_none(home: Path):
    (home / "x.wav").write_bytes(b"ID3\4" + bytes(400))
    assert "x.wav cannot be decoded (Format not recognised); it is damaged or no audio" in refused(home / "x.wav")


# Formats that are not read


@pytest.mark.parametrize("suffix", sorted(conversions.COMMANDS))
def test_what_to_do_is_a_command(home: Path, suffix: str):
    (home / f"it's x{suffix}").write_bytes(b"x")
    line = refused(Path(f"it's x{suffix}"))
    assert line.startswith(f"it's x{suffix} ")
    command = line.partition("; ")[2].partition(": ")[2].removesuffix(", and give the file or the folder")
    assert f"it's x{suffix}" in shlex.split(command)
    (home / "d").mkdir()
    (home / f"d/x{suffix}").write_bytes(b"x")
    assert f"has {Path(f'x{suffix}').suffix} in it, which is not read here; d/x{suffix} " in refused(Path("d"))


def test_packed_tables_that_are_read_are_not_refused(home: Path):
    (home / "x.csv.gz").write_bytes(gzip.compress(CSV))
    assert add(home / "x.csv.gz")


def test_a_file_without_a_suffix(home: Path):
    (home / "data").write_bytes(CSV)
    assert refused(home / "data").endswith(": name it by what it is, as data.csv")


def convert(path: Path) -> None:
    """Run the command that converts a file, as a shell does."""
    command = shlex.split(refused(path).partition("convert it: ")[2])
    assert command[:2] == ["python3", "-c"]
    subprocess.run([sys.executable, *command[1:]], check=True)


X, Y = np.random.default_rng(0).standard_normal((12, 9, 2)), np.arange(12) % 2
PICKLED = {
    "names": {"x": X, "y": Y},
    "one array": X,
    "a list": [*X],
    "two arrays": (X, Y),
    "unequal": [x[: 5 + place // 3] for place, x in enumerate(X)],
}  # fmt: skip


@pytest.mark.parametrize("what", PICKLED)
@pytest.mark.parametrize("name", ["x.pkl", "it's $x.pkl"])
def test_pickles_of_arrays_become_what_is_read(home: Path, what: str, name: str):
    (home / name).write_bytes(pickle.dumps(PICKLED[what]))
    convert(home / name)
    assert "sequences: 12" in " ".join(add((home / name).with_suffix(".npz")))
    expected = PICKLED["unequal"] if what == "unequal" else [*X]
    assert same([array[:, :2] for array in arrays()], expected)


@pytest.mark.parametrize("what", ["names", "one array", "a list"])
def test_tensors_become_what_is_read(home: Path, what: str):
    import torch

    of_torch = {
        "names": {"x": torch.tensor(X), "y": torch.tensor(Y)},
        "one array": torch.tensor(X),
        "a list": [*torch.tensor(X)],
    }
    torch.save(of_torch[what], home / "x.pt")
    convert(home / "x.pt")
    add(home / "x.npz")
    assert same([array[:, :2] for array in arrays()], [*X])


def test_a_database_becomes_a_table(home: Path):
    import sqlite3

    with sqlite3.connect(home / "x.db") as database:
        database.execute("create table t (y real)")
        database.executemany("insert into t values (?)", [(place / 3,) for place in range(40)])
    command = shlex.split(refused(home / "x.db").partition("convert it: ")[2].replace("TABLE", "t"))
    subprocess.run([sys.executable, *command[1:]], check=True)
    assert "order" not in " ".join(add(home / "x.csv", numbers=["y"]))
