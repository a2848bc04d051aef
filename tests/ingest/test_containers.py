"""One table is the same data set in whatever container it comes, and a container that is not as it says is one line."""

import gzip
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.data import cards
from gatebench.data.contents import SPLITS
from gatebench.ingest import delimited, limits, tabular
from support import tables
from support.adding import add, arrays, refused


@pytest.mark.parametrize("write", tables.ALL, ids=lambda write: write.__name__)
def test_a_table_is_the_same_in_every_container(home: Path, write):
    lines = add(write(home))
    arrays = cards.read_arrays(cards.load("mine"))
    assert (
        np.concatenate([array for split in SPLITS for array in arrays[split]]).tolist() == tables.FRAME.to_numpy().tolist()
    )
    assert cards.load("mine").names == tuple(tables.FRAME.columns)
    said = [line for line in lines if line.startswith(("encoding", "comments", "header", "sheet"))]
    expected = tables.SAID.get(write)
    assert (expected in said) if expected else said == []


def test_a_name_follows_from_the_whole_suffix(home: Path):
    tables.gzipped_csv(home).rename(home / "pumps.csv.gz")
    assert add(home / "pumps.csv.gz", None)[-1] == "next: gatebench compare pumps"


# How a table is written

HEADERS = {
    "names": (["a,b", "1,2", "3,4"], None),
    "numbers alone": (["0.5,1.5", "1,2", "3,4"], ["column0", "column1"]),
    "a label in front": (["up,0.5", "down,1.5"], ["column0", "column1"]),
    "dates": (["2020-01-01,5", "2020-01-02,6"], ["column0", "column1"]),
    "names and years": (["country,1990,1991,1992", "A,5.5,6,7", "B,4,5,6"], None),
    "a column count": (["0,1,2,3", "5.5,6,7,8", "4,5,6,7"], None),
    "rows that count": (["0,1,2,3", "1,2,3,4", "2,3,4,5"], ["column0", "column1", "column2", "column3"]),
    "words": (["word", "a", "b"], None),
    "decimal commas": (["0,5;1,5", "1,25;2,5"], ["column0", "column1"]),
    "a name that is a number": (["1,x", "a,2", "b,3"], None),
}  # fmt: skip


@pytest.mark.parametrize(("sample", "names"), HEADERS.values(), ids=HEADERS)
def test_a_header_is_what_differs_from_the_rows(sample: list[str], names: list[str] | None):
    layout = delimited.find_layout(sample, "x.csv")
    assert layout.names == names
    assert (names is None) == (not any(line.startswith("header: none") for line in layout.lines))


SEPARATORS = {
    "commas": (["a,b", "1,2"], ","),
    "semicolons beside decimal commas": (["a;b", "0,5;1,5"], ";"),
    "semicolons and no header": (["0,5;1,5", "2,5;3,5"], ";"),
    "tabs beside commas": (["a\tb", "1,5\t2,5"], "\t"),
    "bars": (["a|b", "1|2"], "|"),
    "quoted commas": (['a,"b,c"', '1,"2,5"'], ","),
    "a semicolon in one cell": (["a,b", "x;y,2"], ","),
    "spaces": (["  1   2.5", " 10   3.5"], delimited.WHITE_SPACE),
    "texts of many words": (["words", "one two three", "four"], ","),
    "a time with a space": (["time,y", "2020-01-01 00:00,5"], ","),
}


@pytest.mark.parametrize(("sample", "separator"), SEPARATORS.values(), ids=SEPARATORS)
def test_a_separator_parts_all_lines_alike(sample: list[str], separator: str):
    assert delimited.find_layout(sample, "x.csv").separator == separator


UNITS = {
    "units": (["t,y", "s,degC", "0,1.5", "1,2.5"], True),
    "units of some": (["t,y", ",degC", "0,1.5", "1,2.5"], True),
    "missing values": (["t,y", "NA,?", "0,1.5", "1,2.5"], False),
    "labels": (["t,y", "0,up", "1,down", "2,up"], False),
    "a text among texts": (["t,y", "x,1", "y,2", "z,3"], False),
}


@pytest.mark.parametrize(("sample", "units"), UNITS.values(), ids=UNITS)
def test_units_are_texts_above_numbers(sample: list[str], units: bool):
    assert delimited.find_layout(sample, "x.csv").units == units


# Hostile ones


def zipped(home: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(home / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return home / "x.zip"


CSV = "\n".join(f"{a},{b}" for a, b in tables.FRAME.to_numpy()).encode()


def test_zips_of_other_things(home: Path):
    several = zipped(home, **{"a.csv": CSV, "b.csv": CSV})
    assert "x.zip has 2 file(s) in it: a.csv, b.csv; expected one csv: unpack it" in refused(several)
    assert "x.zip has 0 file(s) in it: none; expected one csv" in refused(zipped(home))
    assert "x.zip has 1 file(s) in it: a.exe; expected one csv" in refused(zipped(home, **{"a.exe": CSV}))
    assert "x.zip has a path in it that leads out of it: ../../a.csv" in refused(zipped(home, **{"../../a.csv": CSV}))
    assert "leads out of it: /etc/a.csv; pack it anew" in refused(zipped(home, **{"/etc/a.csv": CSV}))
    assert not (home.parent / "a.csv").exists()
    (home / "x.zip").write_bytes(several.read_bytes()[:200])
    assert "x.zip cannot be read as a table (File is not a zip file)" in refused(home / "x.zip")


def test_what_a_system_packs_beside_a_table_is_not_seen(home: Path):
    path = zipped(home, **{"a.csv": CSV, ".DS_Store": b"\0", "__MACOSX/._a.csv": b"\0\5", "folder/.hidden/b.csv": CSV})
    assert whole_table(path) == tables.FRAME.to_numpy().tolist()


def whole_table(path: Path) -> list[list[float]]:
    add(path)
    arrays = cards.read_arrays(cards.load("mine"))
    return np.concatenate([array for split in SPLITS for array in arrays[split]]).tolist()


def test_a_stream_of_arrow_is_a_table(home: Path):
    import pyarrow as pa

    table = pa.Table.from_pandas(tables.FRAME)
    with pa.OSFile(str(home / "x.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table, max_chunksize=7)
    assert whole_table(home / "x.arrow") == tables.FRAME.to_numpy().tolist()


def book(home: Path, **sheets: pd.DataFrame) -> Path:
    with pd.ExcelWriter(home / "x.xlsx") as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return home / "x.xlsx"


NOTES = pd.DataFrame({"of this book": ["pumps of 2024", "two of them"]})


def test_sheets_of_the_same_columns_are_one_table(home: Path):
    pumps = {f"pump{place}": (tables.FRAME + place).assign(t=range(len(tables.FRAME))) for place in range(12)}
    lines = add(book(home, notes=NOTES, **pumps))
    assert "sheets: 12 of the same columns, one below the other, told apart by column sheet; left out: notes" in lines
    assert any(line.startswith("sequences: 12, by column sheet") for line in lines)
    arrays = cards.read_arrays(cards.load("mine"))
    assert {len(array) for split in SPLITS for array in arrays[split]} == {len(tables.FRAME)}


def test_a_sheet_of_notes_in_front_is_no_data(home: Path):
    path = book(home, notes=NOTES, data=tables.FRAME)
    assert "sheet: data, the first one with numbers; left out: notes" in add(path, "other")
    assert whole_table(path) == tables.FRAME.to_numpy().tolist()


@pytest.mark.parametrize("container", ["zip", "csv.gz"])
def test_what_swells_is_not_unpacked(home: Path, container: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MOST_STREAMED", 2**20)
    swollen = b"a,b\n" + b"1,2\n" * 2**18
    path = zipped(home, **{"x.csv": swollen}) if container == "zip" else home / "x.csv.gz"
    if container == "csv.gz":
        path.write_bytes(gzip.compress(swollen + b"1" * 2**20))
    assert path.stat().st_size < 2**14
    assert re.search(rf"x.{container} unpacks to (more than )?1,0[\d,]+ bytes; expected .*: give a part", refused(path))


def test_damaged_gzip(home: Path):
    path = tables.gzipped_csv(home)
    whole = path.read_bytes()
    for content in (whole[:-20], whole[:50] + bytes(20) + whole[70:], b"a,b\n1,2\n"):
        path.write_bytes(content)
        assert re.search(
            r"x.csv.gz cannot be (unpacked|read as a table) \(.*; (it is damaged: save|correct) it", refused(path)
        )


TEXTS = {
    "a NUL byte": (b"a,b\n1,2\n1,\x002\n", "x.csv, line 3 has a NUL byte; expected text: remove it"),
    "UTF-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), "x.csv, line 1 has a NUL byte; .*convert the file to UTF-8"),
    "UTF-8 but for a byte": (
        "é,b\n1,é\n".encode() + b"\xff\n",
        "no text in UTF-8 .near byte 10., though .* correct that place",
    ),
    "halves of a pair": (b"a,b\n\xed\xa0\xbd,2\n", "x.csv is no text in UTF-8 .near byte 4., .*; correct"),
    "no text": (bytes(range(1, 256)), "x.csv is no text in UTF-8 .near byte 127., nor any other: convert it"),
    "half of UTF-16": ("a,b\n1,2\n".encode("utf-16")[:-1], "x.csv is no text in UTF-16, as its first bytes say"),
    "two columns of a name": (b"a,b,a\n1,2,3\n", "x.csv has several columns called a; .*: rename them"),
    "a row too long": (b"a,b\n1,2\n1,2,3\n", r"x.csv cannot be read as a table \(.*line 3.*; correct it"),
    "an open quote": (b'a,b\n"1,2\n3,4\n', r"x.csv cannot be read as a table \(.*row 1\); correct it"),
}


@pytest.mark.parametrize(("content", "message"), TEXTS.values(), ids=TEXTS)
def test_texts_that_are_no_tables(home: Path, content: bytes, message: str):
    (home / "x.csv").write_bytes(content)
    line = refused(home / "x.csv")
    assert re.search(message, line), line


def test_windows_letters_are_those_of_windows(home: Path):
    (home / "x.csv").write_bytes("€,b\n".encode("cp1252") + CSV)
    assert "encoding: Windows-1252, since it is no UTF-8" in add(home / "x.csv")
    assert cards.load("mine").names == ("€", "b")


@pytest.mark.parametrize("suffix", ["feather", "parquet"])
def test_columns_that_swell(home: Path, suffix: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MOST_BYTES", 2**20)
    frame, path = pd.DataFrame({"a": np.zeros(2**18), "b": 1.0}), home / f"x.{suffix}"
    frame.to_feather(path, compression="zstd") if suffix == "feather" else frame.to_parquet(path)
    assert path.stat().st_size < 2**17
    assert re.search(r"x.(feather unpacks to more than|parquet has 524,288 numbers; expected at most)", refused(path))


def test_blanks_behind_every_separator_are_no_part_of_cells(home: Path):
    strands = ["".join(strand) for strand in np.random.default_rng(0).choice([*"ACGT"], (40, 60))]
    rows = [f"{'NE'[i % 2]},   S{i},      {strand}" for i, strand in enumerate(strands)]
    (home / "x.csv").write_text("kind, name, strand\n" + "\n".join(rows))
    add(home / "x.csv", tokens="character", label="kind")
    names = cards.load("mine").names
    assert sorted("".join(names[int(i)] for i in array[:, 0]) for array in arrays()) == sorted(strands)


@pytest.mark.parametrize("cell", ["walk", '" walk"'])
def test_blanks_of_some_cells_and_of_quoted_ones_stay(home: Path, cell: str):
    gaits = [cell if i % 2 else '" run"' for i in range(30)]
    (home / "x.csv").write_text("y,gait\n" + "\n".join(f"{i % 7}.5,{gait}" for i, gait in enumerate(gaits)))
    table = tabular.read_delimited(home / "x.csv")
    assert table.rows["gait"].tolist() == [gait.strip('"') for gait in gaits]
