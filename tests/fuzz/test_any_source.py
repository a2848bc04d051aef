"""Whatever somebody adds, it becomes a data set or one line that says what to do; and what is written of it is read so."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.data import cards, framings, tasks
from gatebench.data.cards import File
from gatebench.data.contents import SPLITS
from gatebench.data.readers import sequences_npz
from gatebench.ingest import add
from gatebench.ingest.choices import Choices
from support import sources
from support.mutations import answer, anything, instead, law


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder with a source of each kind, and a plugin folder that is not there yet."""
    folder = tmp_path_factory.mktemp("added")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("GATEBENCH_PATH", str(folder / "plugins"))
        yield folder


def judge(folder: Path, path: Path, choices: Choices) -> bool:
    """Whoever adds what stands at a path; whether it became a data set."""
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    parts = (str(path), path.name, "column", "--", "y ", "split", "plugin folder")
    lines = answer(lambda: add.add(path, "mine", choices), *parts)
    if lines is None:
        assert not [file for file in (folder / "plugins").rglob("*") if file.is_file()]
    else:
        card = cards.load("mine")
        predict = framings.name_of(card)
        assert len(tasks.load("mine", "mine", predict).splits["train"]) > 0
        shutil.rmtree(folder / "plugins")
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    return lines is not None


TABLE = [b",", b";", b"\n", b"\r", b'"', b"nan", b"1e999", b"-", b"9" * 400, b"yes", b"\xff", b"\0", b"2020-01-01", b"0x1"]
NPY = [b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\x93NUMPY", b"|O", b"<f8", b"<U1", b"<f4", b"(12,", b"'shape'", b"lengths"]
MIDI = [b"MThd", b"MTrk", b"\xff\x2f\x00", b"\xff\x51\x03", b"\x90", b"\xf0", b"\xff\xff\xff\x7f"]


@law(60)
@given(data=st.data(), label=st.sampled_from([None, "moving", "a"]))
def test_any_bytes_are_a_table_or_one_line(folder: Path, data: st.DataObject, label: str | None):
    path = folder / "oscillations.csv"
    if not path.exists():
        sources.table(folder, 10)
    content = data.draw(anything(path.read_bytes(), TABLE))
    with instead(path, content):
        judge(folder, path, Choices(label=label, columns=["b"] if label == "a" else None))


@law(60)
@given(data=st.data(), make=st.sampled_from([sources.delayed, sources.padded]))
def test_any_bytes_are_arrays_or_one_line(folder: Path, data: st.DataObject, make):
    path = folder / f"{make.__name__}.npz"
    if not path.exists():
        make(folder, 12)
    with instead(path, data.draw(anything(path.read_bytes(), NPY))):
        judge(folder, path, Choices())


@law(60)
@given(data=st.data())
def test_any_bytes_are_music_or_one_line(folder: Path, data: st.DataObject):
    if not (folder / "tunes").exists():
        sources.midi(folder)
    path = folder / "tunes" / "tune05.mid"
    with instead(path, data.draw(anything(path.read_bytes(), MIDI))):
        judge(folder, path.parent, Choices())


@law(40)
@given(data=st.data())
def test_any_bytes_are_text_or_one_line(folder: Path, data: st.DataObject):
    path = folder / "reference.txt"
    if not path.exists():
        sources.language_reference(folder, 1500)
    with instead(path, data.draw(anything(path.read_bytes(), [b"\xff", b"\r\n", "é".encode(), b"\0"]))):
        judge(folder, path, Choices())


@law(60)
@given(data=st.data())
def test_any_bytes_are_kept_sequences_or_one_line(folder: Path, data: st.DataObject):
    path = folder / "data" / "stored.npz"
    if not path.exists():
        path.parent.mkdir()
        sequences_npz.write(path, {split: [np.eye(5, 3)] * 3 for split in SPLITS})
    with instead(path, data.draw(anything(path.read_bytes(), NPY))), pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEBENCH_DATA", str(path.parent))
        file = File("stored.npz", hashlib.sha256(path.read_bytes()).hexdigest())
        card = replace(cards.load("jsb_chorales"), kind="reals", reader="sequences_npz", files=(file,))
        answer(lambda: cards.read_arrays(card), "jsb_chorales")
