"""Whatever stands in the files of a data set, its reader makes sequences of it or says in one line what to do.

The checksums of files and of what was read are those of the damaged files here: otherwise no parser would ever see them.
"""

import hashlib
import io
import struct
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data import cards, facts, framings
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays, content_digest
from gatebench.data.readers import music21_chorales, recordings
from support.datasets import Tiny, chord_sequences, make_murmur, sound_file, voice_recordings
from support.mutations import altered, answer, anything, frugal, instead, law

NOBODY = "http://127.0.0.1:9"
"""Nobody listens there: nothing leaves this machine."""


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Data sets of the tests' own, a cache of their own, and no way out of this machine."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "CHECKOUT", folder / "checkout")
        cards.cache().mkdir(parents=True)
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, NOBODY)
        make_murmur(folder, patch)
        tiny = Tiny(folder, folder / "plugins", folder / "data", {}, chord_sequences())
        tiny.write(tiny.rolls)
        yield folder


@pytest.fixture(scope="module")
def mat(folder: Path) -> Path:
    return folder / "data" / "music" / "tiny.mat"


@pytest.fixture(scope="module")
def archive(folder: Path) -> Path:
    return folder / "data" / "speech" / "murmur.zip"


@pytest.fixture(scope="module")
def manifest(folder: Path) -> Path:
    return folder / "plugins" / "datasets" / "murmur.csv"


def judge(card: Card, *names: str) -> Arrays | None:
    """Whoever reads a data set that a card describes, which is then made to fit."""
    arrays = answer(lambda: _believed(card), card.name, *names)
    if arrays is not None:
        framing = framings.find({"piano_roll": "next_step", "audio": "next_block"}[card.kind], card)
        answer(lambda: framing.frame(card, arrays), "a sequence of audio")
        assert isinstance(facts.count(card.kind, arrays), dict)
    return arrays


def _believed(card: Card) -> Arrays:
    files = tuple(replace(file, sha256=_digest(cards.find_local(file.path))) for file in card.files)
    card = replace(card, files=files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a parser may well warn of such files
        try:
            return cards.read_arrays(card)
        except BadInput as error:
            _, separator, digest = str(error).partition(" have SHA-256 ")
            if not separator:
                raise
        return cards.read_arrays(replace(card, content=digest[:64]))


def _digest(path: Path | None) -> str:
    assert path is not None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_whole_is_read():
    rolls, waves = judge(cards.load("tiny")), judge(cards.load("murmur"))
    assert rolls is not None
    assert content_digest(rolls) == content_digest(chord_sequences())
    assert waves is not None
    assert len(waves["train"]) == 18


# MATLAB files


def unpacked(rolls: Arrays) -> bytes:
    """The music in a file that is not compressed, so that damage reaches what is inside."""
    file = io.BytesIO()
    scipy.io.savemat(file, {f"{split}data": cells(rolls[split]) for split in rolls})
    return file.getvalue()


def cells(arrays: list[Any]) -> np.ndarray:
    """A MATLAB cell array."""
    row = np.empty((1, len(arrays)), object)
    for i, array in enumerate(arrays):
        row[0, i] = array
    return row


SMALL = {split: [np.eye(3, dtype=np.uint8)] * 2 for split in SPLITS}


@law(120)
@given(data=st.data())
def test_any_bytes_are_music_or_one_line(mat: Path, data: st.DataObject):
    whole = data.draw(st.sampled_from([mat.read_bytes(), unpacked(SMALL), unpacked(chord_sequences())]))
    with instead(mat, data.draw(anything(whole))):
        judge(cards.load("tiny"))


NUMBERS = st.sampled_from([np.bool_, np.uint8, np.int8, np.int16, np.uint32, np.int64, np.float32, np.float64])


@law(40)
@given(data=st.data(), rows=st.integers(1, 3), columns=st.integers(1, 3), packed=st.booleans(), order=st.sampled_from("CF"))
def test_matrices_of_any_numbers_come_as_they_were_written(
    mat: Path, data: st.DataObject, rows: int, columns: int, packed: bool, order: Any
):
    """Cells row by row, whatever the layout of the array that they are in."""
    shapes = st.tuples(st.integers(2, 4), st.just(3))
    random = np.random.default_rng(0)
    matrices = [
        np.asarray(random.random(data.draw(shapes)) < 0.5, data.draw(NUMBERS), order=order) for _ in range(rows * columns)
    ]
    grid = cells(matrices).reshape(rows, columns)
    others = {"remark": "text", "when": {"year": 2012}}  # of no concern
    scipy.io.savemat(file := io.BytesIO(), {f"{split}data": grid for split in SPLITS} | others, do_compression=packed)
    with instead(mat, file.getvalue()):
        read = judge(cards.load("tiny"))
    assert read is not None
    assert [roll.tolist() for roll in read["valid"]] == [matrix.astype(int).tolist() for matrix in matrices]


TYPES = st.sampled_from([np.uint8, np.int16, np.float64, np.complex128, np.bool_, "U3", "S2"])
SHAPES = st.lists(st.sampled_from([0, 1, 2, 3]), min_size=2, max_size=3).map(tuple)
MATRICES = st.one_of(
    st.builds(lambda shape, kind: np.zeros(shape, kind), SHAPES, TYPES),
    st.builds(lambda shape: np.ones(shape), SHAPES),
    st.sampled_from([np.eye(3), np.eye(3) * 1j, np.full((2, 2), np.nan), scipy.sparse.eye(3).tocsc(), {"a": 1}, "text"]),
)


@law(60)
@given(
    variables=st.dictionaries(st.sampled_from(["traindata", "validdata", "testdata", "x"]), st.lists(MATRICES, max_size=3))
)
def test_any_variables_are_music_or_one_line(mat: Path, variables: dict[str, list[Any]]):
    file = io.BytesIO()
    whole = {f"{split}data": [np.eye(3)] for split in SPLITS}
    scipy.io.savemat(file, {name: cells(arrays) for name, arrays in {**whole, **variables}.items()})
    with instead(mat, file.getvalue()):
        judge(cards.load("tiny"))


# Archives of recordings


FILES = {name: sound_file(wave, name) for name, wave in voice_recordings().items()}


@law(80)
@given(data=st.data())
def test_any_bytes_are_an_archive_or_one_line(archive: Path, data: st.DataObject):
    with instead(archive, data.draw(anything(archive.read_bytes(), [b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\7", b"../"]))):
        judge(cards.load("murmur"), str(archive))


NAMES = st.sampled_from(
    ["", "/", "..", "../x", "a/../../x", "/etc/x", "C:\\x", "\\\\x\\y", "a\nb", "é", "\udce9", "." * 300]
)


@law(40)
@given(
    members=st.dictionaries(NAMES | st.text(max_size=5), st.binary(max_size=9), max_size=3),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
    present=st.sampled_from([0, 1, 14, 14, 14]),
    inside=st.sampled_from(["", "recordings/", "a/b/", "é/"]),
)
def test_any_members_are_an_archive_or_one_line(
    folder: Path, archive: Path, members: dict[str, bytes], method: int, present: int, inside: str
):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        for name, content in list(FILES.items())[:present]:
            packed.writestr(f"{inside}{name}", content)
        for name, content in members.items():
            entry = zipfile.ZipInfo("placeholder")
            entry.filename = name.encode(errors="replace").decode()  # ZipInfo would tidy it
            packed.writestr(entry, content)
    before = sorted(folder.rglob("*"))
    with instead(archive, file.getvalue()):
        judge(cards.load("murmur"), str(archive))
    assert sorted(folder.rglob("*")) == before


BOMB = 2**28
"""Bytes that a small file unpacks to."""


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2], ids=["deflate", "bzip2"])
def test_an_archive_that_swells_and_denies_it_is_one_line_and_costs_little(archive: Path, method: int):
    name = "train_a_0.flac"
    with zipfile.ZipFile(file := io.BytesIO(), "w", method) as packed:
        packed.writestr(name, bytes(BOMB))
        for other, content in FILES.items():
            packed.writestr(other if other != name else "x", content)
    content = file.getvalue()
    assert len(content) < BOMB / 100
    with frugal(BOMB // 8), instead(archive, content.replace(struct.pack("<I", BOMB), struct.pack("<I", 1000))):
        assert judge(cards.load("murmur"), str(archive)) is None


def test_a_recording_that_swells_is_one_line_and_costs_little(archive: Path):
    """A flac file of silence is a thousandth of what it decodes to."""
    name = "train_a_0.flac"
    with zipfile.ZipFile(file := io.BytesIO(), "w") as packed:
        for other, content in {**FILES, name: sound_file(np.zeros(BOMB // 2, np.int16), name)}.items():
            packed.writestr(other, content)
    with frugal(BOMB // 8), instead(archive, file.getvalue()):
        assert judge(cards.load("murmur"), name) is None


WAVE = np.arange(-400, 400, dtype=np.int16)
CHUNKS = [b"RIFF", b"WAVE", b"fmt ", b"data", b"LIST", b"fLaC", b"OggS", b"FORM", b".snd", b"ID3"]


@law(150)
@given(data=st.data())
def test_any_bytes_are_a_recording_or_one_line(data: st.DataObject):
    name = data.draw(st.sampled_from(["x.wav", "x.flac", "x.ogg", "x.mp3"]))
    whole = sound_file(WAVE / 32768, name, subtype={"x.ogg": "VORBIS", "x.mp3": "MPEG_LAYER_III"}.get(name, "PCM_16"))
    content = data.draw(anything(whole, CHUNKS))
    samples = answer(lambda: recordings.decode("x.wav", content, 8000, 2**20), "x.wav")
    assert samples is None or (samples.dtype == np.int16 and samples.ndim == 1)


# Manifests and options


@law(80)
@given(data=st.data())
def test_any_bytes_are_a_manifest_or_one_line(manifest: Path, data: st.DataObject):
    marks = [b",", b",,", b"\n", b"\r", b'"', b"-1", b"9" * 30, b"9" * 5000, b"x" * 140_000, b"../", b"\0", b"\xff", b"file"]
    with instead(manifest, data.draw(anything(manifest.read_bytes(), marks))):
        judge(cards.load("murmur"), str(manifest), ".wav", ".flac", "murmur.zip")


CELLS = st.sampled_from(
    ["", "0", "-1", "1.5", "9" * 400, "x", "..", ".", "../x", "/x", "a/b", "a" * 300, "a\\b", "train", "C:"]
)


@law(80)
@given(
    columns=st.lists(st.sampled_from(["file", "split", "speaker", "samples", "sha256", "x", ""]), max_size=6)
    | st.just(["file", "split", "speaker", "samples", "sha256"]),
    rows=st.lists(st.lists(CELLS, max_size=6) | st.tuples(CELLS, st.sampled_from(SPLITS), CELLS, CELLS, CELLS), max_size=4),
    packed=st.booleans(),
)
def test_any_table_is_a_manifest_or_one_line(
    folder: Path, manifest: Path, archive: Path, columns: list[str], rows: list[Any], packed: bool
):
    content = "\n".join(",".join(row) for row in [columns, *rows]).encode()
    card = cards.load("murmur")
    card = card if packed else replace(card, options={**card.options, "archive": "nowhere/x.zip", "url": NOBODY})
    before = outside(folder)
    with instead(manifest, content):
        judge(card, str(manifest), str(archive), ".wav", ".flac")
    assert outside(folder) == before


def outside(folder: Path) -> list[Path]:
    """All files that are not in the cache."""
    return sorted(path for path in folder.rglob("*") if cards.cache() not in path.parents)


@law(80)
@given(data=st.data())
def test_any_options_are_recordings_or_one_line(data: st.DataObject):
    card = cards.load("murmur")
    options = data.draw(altered(card.options, ["murmur.csv", "murmur.yaml", "speech/murmur.zip", "music/tiny.mat", 10**12]))
    if isinstance(options, dict):
        judge(replace(card, options=options), "manifest", "murmur.yaml", "tiny.mat", ".wav", ".flac")


@law(60)
@given(data=st.data())
def test_any_options_are_synthetic_speech_or_one_line(data: st.DataObject):
    card = cards.load("murmur")
    small = {"seed": 1, "length": 50, "windows": 2, "train": 1, "valid": 1, "test": 1}
    options = data.draw(altered(small, [2, 10**7, 10**9, 10**12, 2**64]))
    rate = data.draw(st.sampled_from([1, 80, 16000, 10**6, 10**12, 10**400]))
    if isinstance(options, dict):
        judge(replace(card, reader="synthesiser", rate=rate, options=options))


# What the parser of the chorales keeps


@pytest.fixture(scope="module")
def chorale_cache(folder: Path) -> Path:
    path = folder / "checkout" / "datasets" / "cache" / "chorals" / "music21-1.npz"
    path.parent.mkdir()
    path.write_bytes(packed())
    return path


def packed(**arrays: Any) -> bytes:
    """Chorales as they are cached after parsing, with other arrays if given."""
    rolls = np.random.default_rng(0).random((16, music21_chorales.KEYS)) < 0.1
    whole = {"names": ["a", "b", "c", "d"], "lengths": [4, 4, 4, 4], "packed": np.packbits(rolls, axis=1)}
    np.savez(file := io.BytesIO(), **{**whole, **arrays})
    return file.getvalue()


def chorals() -> Card:
    card = cards.load("tiny")
    return replace(card, name="chorals", reader="music21_chorales", files=(), package="music21==1", extra="bach")


@law(60)
@given(data=st.data())
def test_any_bytes_are_cached_chorales_or_one_line(chorale_cache: Path, data: st.DataObject):
    with instead(
        chorale_cache,
        data.draw(anything(chorale_cache.read_bytes(), [b"PK\1\2", b"\x93NUMPY", b"|O", b"<f8", b"(16,", b"'shape'"])),
    ):
        judge(chorals(), str(chorale_cache))


LISTS = st.lists(st.sampled_from([0, 1, -1, 4, 2**40, 0.5]), max_size=5) | st.lists(st.sampled_from("abc"), max_size=5)


@law(40)
@given(arrays=st.dictionaries(st.sampled_from(["packed", "names", "lengths", "x"]), LISTS))
def test_any_arrays_are_cached_chorales_or_one_line(chorale_cache: Path, arrays: dict[str, Any]):
    with instead(chorale_cache, packed(**arrays)):
        judge(chorals(), str(chorale_cache))


def test_a_file_that_cannot_be_read_is_said(folder: Path):
    path = folder / "data" / "music" / "mem.mat"
    path.symlink_to("/proc/self/mem")  # a file to whoever asks, until it is read
    (file,) = cards.load("tiny").files
    assert answer(lambda: cards.locate(cards.load("tiny"), replace(file, path="music/mem.mat")), str(path)) is None
