"""Wrong or hostile input is one line that says what to do, leaves no file behind and touches none that was there."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gatebench.core.errors import BadInput
from gatebench.ingest import add, limits, writing
from gatebench.ingest.choices import Choices
from support import sources

RANDOM = np.random.default_rng(0)
WALKS = [RANDOM.standard_normal((8, 2)) for _ in range(12)]


def snapshot(folder: Path) -> dict[Path, bytes | None]:
    """What there is; of links and of what is huge, that it is there."""
    small = {path for path in folder.rglob("*") if not path.is_symlink() and path.is_file() and path.stat().st_size < 2**24}
    return {path: path.read_bytes() if path in small else None for path in folder.rglob("*")}


def refused(path: Path, name: str | None = None, **choices: object) -> str:
    """The line that says why a path is refused; nothing is written or changed."""
    before = snapshot(Path.cwd())
    with pytest.raises(BadInput) as error:
        add.add(path, name, Choices(**choices))
    assert snapshot(Path.cwd()) == before
    line = str(error.value)
    assert len(line) < 1000
    return line


def csv(home: Path, rows: list[str], name: str = "x.csv") -> Path:
    (home / name).write_text("\n".join(rows) + "\n")
    return home / name


def rows(change: Callable[[int, int], str] | None = None) -> list[str]:
    """A table of 12 sequences of 8 steps, with another row here and there."""
    lines = ["run,a,b"]
    for i, walk in enumerate(WALKS):
        for t, (a, b) in enumerate(walk):
            changed = change(i, t) if change else ""
            lines.append(changed or f"{i},{a:.3f},{b:.3f}")
    return lines


TABLES = {
    "text among numbers": (
        lambda i, t: f"{i},1.5,oops" if (i, t) == (1, 2) else "",
        "row 11, column b has 'oops'; expected a",
    ),
    "empty": (lambda i, t: f"{i},,1.5" if (i, t) == (0, 3) else "", "row 4, column a is empty, NaN or infinite; .* fill it"),
    "NaN": (lambda i, t: f"{i},nan,1.5" if (i, t) == (0, 3) else "", "row 4, column a is empty, NaN or infinite"),
    "infinite": (lambda i, t: f"{i},inf,1.5" if (i, t) == (0, 3) else "", "row 4, column a is empty, NaN or infinite"),
    "constant columns": (lambda i, t: f"{i},1.5,7.5", r"no column is left to read of run, a, b; name some"),
    "no sequence in a row": (lambda i, t: ",1.5,2.5" if (i, t) == (2, 0) else "", "row 17 has no run; .* fill it"),
    "a row too long": (lambda i, t: f"{i},1.5,2.5,3.5" if (i, t) == (2, 0) else "", "cannot be read as a table"),
}


@pytest.mark.parametrize(("change", "message"), TABLES.values(), ids=TABLES)
def test_tables(home: Path, change, message):
    line = refused(csv(home, rows(change)), sequence="run")
    assert re.search(message, line), line


OPTIONS = {
    "a label that is none": ({"label": "lable"}, "--label lable is no column"),
    "a label with a suggestion": ({"label": "bb"}, "did you mean 'b'?"),
    "a column that is none": ({"columns": ["a", "c"]}, "--columns c is no column"),
    "a group that is none": ({"group": "x"}, "--group x is no column"),
    "an order that is none": ({"order": "x"}, "--order x is no column"),
    "a sequence that is none": ({"sequence": "x"}, "--sequence x is no column"),
    "another kind": ({"kind": "binary"}, "--as binary, but there are values like .*; .*use --as reals"),
    "no symbols": ({"kind": "symbols"}, "--as symbols, but there is more than one column.*; use --as reals"),
    "another likelihood": ({"likelihood": "bernoulli"}, "what is predicted is reals; use gaussian or gaussian_mixture"),
    "a window of one": ({"window": 1}, "--window is 1; expected at least 2 steps, or 0 to cut nothing"),
    "no group": ({"split": "group"}, "sequences have no group; name its column: --group COLUMN"),
    "too many classes": ({"label": "a", "as_target": "label", "columns": ["b"], "n": 1200}, "at most 1,000 classes"),
    "a step of a table": ({"step": 0.5}, "--step is given, but a table has nothing"),
    "several groups": ({"group": "a"}, "is in several groups by a; .*another: --group COLUMN"),
    "a target among the inputs": (
        {"label": "a", "columns": ["a", "b"]},
        "--columns has a, which is the target: --label; remove",
    ),
    "short series": ({"split": "time"}, r"x.csv, run 0 has 8 step\(s\); splitting by time needs at least 20"),
}


@pytest.mark.parametrize(("choices", "message"), OPTIONS.values(), ids=OPTIONS)
def test_options(home: Path, choices, message):
    many = choices.pop("n", 0) if "n" in choices else 0
    lines = [*rows(), *(f"{i // 8},{i * 1.5},{i % 7}" for i in range(800, 800 + many))]
    line = refused(csv(home, lines), **{"sequence": "run", **choices})
    assert re.search(message, line), line


def test_a_series_that_is_short(home: Path):
    assert "has 8 step(s); splitting by time needs at least 20: add to it" in refused(csv(home, rows()[:9]), columns=["a"])


def test_too_few_sequences_for_a_label(home: Path):
    np.savez(home / "x.npz", *WALKS[:2], y=["a", "b"])
    assert "too few for three splits; expected at least 3: add more" in refused(home / "x.npz")
    np.savez(home / "x.npz", *WALKS[:1] * 11, y=["a", "b"] * 5 + ["a"])
    assert "11 sequence(s) of 1 group(s), copies counted as one, are too few" in refused(home / "x.npz")


def test_a_huge_file_is_not_read(home: Path):
    with (home / "x.csv").open("wb") as file:
        file.write(b"a,b\n")
        file.truncate(2**35)
    assert "to 34,359,738,368 bytes; expected at most 17,179,869,184: give a part of it" in refused(home / "x.csv")


def test_files_of_other_columns(home: Path):
    path = sources.tables(home)
    (path / "run03.csv").write_text("x,z\n1,2\n3,4\n")
    assert "run03.csv has the columns x, z, but run00.csv has x, y; expected the same" in refused(path)


# Arrays

ARRAYS = {
    "mixed widths": ([*WALKS, np.zeros((5, 3))], {}, r"sequence 12 has 3 column\(s\), but x.npz, sequence 0 has 2"),
    "NaN": ([*WALKS, np.full((4, 2), np.nan)], {}, r"x.npz, sequence 12, row 0, column 0 is NaN .* fill it"),
    "objects": (WALKS, {"y": np.array([object()] * 12)}, r"holds Python objects, .*; save it anew: np.savez"),
    "text": ([np.array([["a", "b"]] * 3)], {}, r"sequence 0 holds <U1; expected numbers: convert it"),
    "four dimensions": ([np.zeros((2, 3, 4, 5))], {}, r"sequence 0 has shape \(3, 4, 5\); expected \[steps, columns\]"),
    "nothing": ([], {"z": np.zeros(3)}, r"has the arrays z; expected x \[N, T, X\] with lengths"),
    "no step": ([*WALKS, np.zeros((0, 2))], {}, r"sequence 12 has 0 step\(s\); expected at least 2"),
    "labels of others": (WALKS, {"y": [1, 2, 3]}, r"y has shape \(3,\); expected \[12\], one of each sequence"),
    "groups of others": (WALKS, {"group": [1, 2, 3]}, r"group has shape \(3,\); expected one of each of the 12 sequences"),
    "one class": (WALKS, {"y": ["a"] * 12}, r"y is a everywhere, which says nothing"),
    "a target of NaN": (WALKS, {"y": [0.5, np.nan] * 6}, r"y has values that are empty, NaN or infinite"),
}  # fmt: skip


@pytest.mark.parametrize(("listed", "named", "message"), ARRAYS.values(), ids=ARRAYS)
def test_arrays(home: Path, listed, named, message):
    np.savez(home / "x.npz", *listed, **named)
    line = refused(home / "x.npz")
    assert re.search(message, line), line


class Trap:
    def __reduce__(self):
        return os.mkdir, ("sprung",)


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_objects_are_never_unpickled(home: Path, suffix: str):
    array = np.array([Trap(), Trap()], object)
    path = home / f"x.{suffix}"
    np.savez(path, array) if suffix == "npz" else np.save(path, array)
    assert "Python objects" in refused(path)


@pytest.mark.parametrize("lengths", [[3] * 11, [9] * 12, [0] * 12, [1.5] * 12, [[3]] * 12, [-1] * 12], ids=str)
def test_lengths_that_do_not_fit(home: Path, lengths):
    np.savez(home / "x.npz", x=np.stack(WALKS), lengths=lengths)
    assert "x.npz: lengths has shape" in refused(home / "x.npz")


FORMATS = [
    "npz", "npy", "mat", "csv", "csv.gz", "tsv", "zip", "parquet", "feather", "json", "jsonl", "xlsx", "ts", "tsf", "arff",
    "fasta", "mid", "wav", "flac", "txt",
]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", b"x" * 200, b"\x93NUMPY\x01\x00\xff\xff{"], ids=repr)
@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_no_such_file(home: Path, suffix: str, content: bytes):
    path = home / f"x.{suffix}"
    path.write_bytes(content)
    if suffix == "txt" and content in (b"PK", b"x" * 200):
        content = b"\xff"
        path.write_bytes(content)
    line = refused(path)
    assert f"x.{suffix}" in line
    assert "; " in line


def test_arrays_that_swell(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MOST_BYTES", 2**20)
    np.savez_compressed(home / "x.npz", np.zeros((2**18, 1)))
    assert (home / "x.npz").stat().st_size < 2**12
    assert "unpacks to more than 1,048,576 bytes" in refused(home / "x.npz")


# Folders, music, sound, text


def test_folders_of_other_things(home: Path):
    folder = home / "folder"
    folder.mkdir()
    assert "folder has nothing in it; expected files of arff, arrow, csv" in refused(folder)
    (folder / "a.jpg").write_text("x")
    (folder / "b").write_text("x")
    (folder / ".hidden.csv").write_text("a\n1\n")
    assert "has .jpg, b in it; expected files of arff, arrow, csv" in refused(folder)
    (folder / "c.csv").write_text("a\n1\n")
    (folder / "d.txt").write_text("a\n1\n")
    assert "has 1 .csv, 1 .txt in it; expected files of one format" in refused(folder)
    assert "a.jpg is no file that is read here; expected arff, arrow, csv" in refused(folder / "a.jpg")
    assert "'nowhere' is not there" in refused(Path("nowhere"))


def test_files_that_cannot_be_read(home: Path):
    (home / "x.csv").symlink_to("/proc/self/mem")
    assert "x.csv cannot be read" in refused(home / "x.csv")
    (home / "folder").mkdir()
    (home / "folder" / "gone.wav").symlink_to("nowhere")
    assert "folder has nothing in it" in refused(home / "folder")


def test_rates_that_differ(home: Path):
    path = sources.sounds(home)
    soundfile.write(path / "other.wav", np.arange(2000, dtype=np.int16), 16000)
    assert "other.wav has 16,000 samples a second, others have 8,000; expected one rate: resample it" in refused(path)


@pytest.mark.parametrize(
    ("shape", "subtype", "message"), [((2000, 2), "PCM_16", "2 channels; expected mono"), (2000, "FLOAT", "expected 16-bit")]
)
def test_sound_of_another_kind(home: Path, shape, subtype: str, message: str):
    soundfile.write(home / "x.wav", np.zeros(shape), 8000, subtype)
    assert message in refused(home / "x.wav")


def test_sound_too_short_for_its_windows(home: Path):
    path = sources.sounds(home)
    assert "no window of 5,000 samples is left for the split 'train'; use a shorter one: --window N" in refused(
        path, window=5000
    )
    assert "--window is 20; expected at least 30 steps" in refused(path, window=20)
    assert "--likelihood gaussian, but what is predicted is audio; use gaussian_mixture" in refused(
        path, likelihood="gaussian"
    )


def test_music_of_no_notes(home: Path):
    import mido

    path = sources.midi(home)
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack())
    file.save(path / "silent.mid")
    assert "silent.mid has no notes; expected music: remove it; or leave out what cannot be read: --skip-bad" in refused(
        path
    )


def test_music_without_end(home: Path):
    import mido

    file = mido.MidiFile()
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.Message("note_on", note=60, velocity=64, time=0))
    track.append(mido.Message("note_off", note=60, time=2**27))
    file.save(home / "x.mid")
    assert "time steps; expected at most 100,000: use a longer one, --step Q" in refused(home / "x.mid")
    assert "--step is -1; expected quarter notes" in refused(home / "x.mid", step=-1.0)


def test_text_of_another_encoding(home: Path):
    (home / "x.txt").write_bytes("é".encode("latin-1") * 100 + b"\1")
    assert "x.txt is no text in UTF-8 (" in refused(home / "x.txt")
    (home / "y.txt").write_text("a" * 100)
    assert "is constant in train" in refused(home / "y.txt")


# Names, and what was there before


NAMES = [
    "",
    "a b",
    "../x",
    "/etc/x",
    "1a",
    "é",
    "a" * 51,
    "null",
    "true",
    "no",
    "nan",
    "a.b",
    "a-b",
    "_x",
    "*",
    "a\nb",
    "all",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_none(home: Path, name: str):
    line = refused(csv(home, rows()), name or " ", sequence="run")
    assert "is no name for a data set; expected letters" in line
    proposed = line.rpartition("--name ")[2]
    assert writing.check_name(proposed) == proposed


def test_a_name_that_exists_is_never_written_over(home: Path):
    path = csv(home, rows())
    assert "there is a data set 'jsb_chorales' already" in refused(path, "jsb_chorales", sequence="run")
    add.add(path, "mine", Choices(sequence="run"))
    assert "choose another: --name mine_2, or remove it" in refused(path, "mine", sequence="run")
    for file in ("datasets/mine.yaml", "conf/task/mine.yaml"):
        (home / "gatebench_local" / file).unlink()
        assert "there is a data set 'mine' already, or a part of one (" in refused(path, "mine", sequence="run")


@pytest.mark.parametrize("part", ["data/mine.npz", "conf/task/mine.yaml", "datasets/mine.yaml"])
def test_a_file_that_appears_meanwhile_stays_as_it_is(home: Path, part: str, monkeypatch: pytest.MonkeyPatch):
    path, users_file = csv(home, rows()), home / "gatebench_local" / part
    monkeypatch.setattr(writing, "check_name", lambda name: name)
    users_file.parent.mkdir(parents=True)
    users_file.write_text("precious")
    with pytest.raises(BadInput, match=f"{users_file.name} is there already, and nothing is written over"):
        add.add(path, "mine", Choices(sequence="run"))
    assert users_file.read_text() == "precious"
    assert [file for file in (home / "gatebench_local").rglob("*") if file.is_file()] == [users_file]


def test_a_plugin_folder_that_cannot_be_written(home: Path, monkeypatch: pytest.MonkeyPatch):
    (home / "file").write_text("x")
    monkeypatch.setenv("GATEBENCH_PATH", str(home / "file"))
    assert "cannot be written" in refused(csv(home, rows()), "mine", sequence="run")
