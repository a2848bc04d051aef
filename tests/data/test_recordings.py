"""Recordings: where their bytes come from, that each is what its manifest says, and which windows are taken."""

import http.server
import io
import threading
import zipfile
from functools import partial

import numpy as np
import pytest
import soundfile

from gatebench.core.errors import BadInput
from gatebench.data import cards, tasks
from gatebench.data.contents import SPLITS, content_digest
from gatebench.data.readers import recordings
from gatebench.data.readers.recordings import spread
from support.datasets import sound_file


def read():
    return cards.read_arrays(cards.load("murmur"))


def in_order(murmur, split):
    """All windows of a split, file after file, and their speakers."""
    windows = []
    for name, wave in murmur.waves.items():
        if name.startswith(split):
            windows += [(name.split("_")[1], wave[i : i + 120]) for i in range(0, len(wave) - 119, 120)]
    return windows


def test_windows_are_cut_from_one_file_each_and_whole(murmur):
    arrays = read()
    for split in ("valid", "test"):
        expected = in_order(murmur, split)
        assert len(arrays[split]) == len(expected)
        for window, (_, wave) in zip(arrays[split], expected, strict=True):
            assert window.dtype == np.int16
            assert window.shape == (120, 1)
            assert (window[:, 0] == wave).all()


def test_drawn_windows_are_spread_over_speakers_and_belong_to_the_seed(murmur):
    pool = {wave.tobytes(): speaker for speaker, wave in in_order(murmur, "train")}
    first = read()["train"]
    assert len({window.tobytes() for window in first}) == 18
    speakers = [pool[window.tobytes()] for window in first]
    assert {speaker: speakers.count(speaker) for speaker in "abc"} == {"a": 6, "b": 6, "c": 6}
    assert [window.tobytes() for window in read()["train"]] == [window.tobytes() for window in first]
    murmur.write(seed=2)
    assert {window.tobytes() for window in read()["train"]} != {window.tobytes() for window in first}


def test_who_has_few_windows_gives_all_of_them():
    speakers = ["a"] * 2 + ["b"] * 30 + ["c"] * 30
    drawn = [speakers[i] for i in spread(speakers, 22, np.random.default_rng(0))]
    assert [drawn.count(speaker) for speaker in "abc"] == [2, 10, 10]
    assert spread(speakers, 62, np.random.default_rng(0)) == list(range(62))


def test_a_round_that_does_not_reach_all_favours_nobody():
    speakers = ["a", "b", "c"] * 10
    extra = dict.fromkeys("abc", 0)
    for seed in range(60):
        drawn = [speakers[i] for i in spread(speakers, 4, np.random.default_rng(seed))]
        extra[max("abc", key=drawn.count)] += 1
    assert min(extra.values()) >= 10


def test_windows_of_one_recording_are_a_group(murmur):
    arrays, groups = read(), recordings.read_origins(cards.load("murmur"), []).groups
    recording_of = {
        (name.partition("_")[0], wave[i : i + 120].tobytes()): number
        for number, (name, wave) in enumerate(murmur.waves.items())
        for i in range(0, len(wave) - 119, 120)
    }
    for split in SPLITS:
        assert groups[split].tolist() == [recording_of[split, window.tobytes()] for window in arrays[split]]
    assert len(set(groups["train"].tolist())) < len(arrays["train"]) == 18


def test_the_recordings_are_blocks_where_a_card_says_so(murmur):
    assert tasks.load("murmur", "murmur", "next_block").blocks.kind == "sequence"
    murmur.yaml.write_text(murmur.yaml.read_text() + "has_groups: true\n")
    blocks = tasks.load("murmur", "murmur", "next_block").blocks
    names = [name for name in murmur.waves if name.startswith("test")]
    assert (blocks.kind, len(set(blocks.numbers))) == ("group", len(names))
    assert [blocks.numbers.count(number) for number in range(len(names))] == [
        len(murmur.waves[name]) // 120 for name in names
    ]


def test_more_windows_than_there_are(murmur):
    values = murmur.yaml.read_text().replace("train: 18", "train: 1800")
    murmur.yaml.write_text(values)
    with pytest.raises(
        BadInput, match=r"murmur.yaml: options.train asks for 1800 windows, but there are \d+; ask for fewer"
    ):
        read()


def test_an_option_that_is_not_known(murmur):
    murmur.yaml.write_text(murmur.yaml.read_text().replace("  length:", "  lenght:"))
    with pytest.raises(BadInput, match=r"unknown setting 'murmur.yaml: options.lenght'; did you mean 'length'"):
        read()


WAVE = np.arange(-400, 400, dtype=np.int16)
NOISE = np.random.default_rng(0).integers(-9000, 9000, 8000, np.int16)
BAD = {
    "wrong rate": (sound_file(WAVE, "x.wav", 16000), "has 16000 samples a second; its card says 8000: resample it"),
    "stereo": (sound_file(np.stack([WAVE, WAVE], 1), "x.wav"), "has 2 channels; expected mono: mix it down"),
    "float": (sound_file(WAVE / 32768, "x.wav", subtype="FLOAT"), "holds FLOAT samples; expected 16-bit whole numbers"),
    "24 bit": (sound_file(WAVE / 32768, "x.flac", subtype="PCM_24"), "holds PCM_24 samples; expected 16-bit whole numbers"),
    "cut flac": (sound_file(NOISE, "x.flac")[:9000], "(cannot be decoded|is cut short)"),
    "cut wav": (sound_file(WAVE, "x.wav")[:700], "(decodes to 328 samples with SHA-256 .*; the manifest says|is cut short)"),
    "headless": (sound_file(WAVE, "x.flac")[4:], "cannot be decoded .*; it is damaged or no audio: fetch it again"),
    "text": (b"no audio at all" * 20, "cannot be decoded .*; it is damaged or no audio: fetch it again"),
    "nothing": (b"", "is empty; expected a wav or flac file: fetch it again"),
    "no samples": (sound_file(WAVE[:0], "x.wav"), "has no samples; expected at least one: remove it"),
    "ogg": (sound_file(WAVE / 32768, "x.ogg", subtype="VORBIS"), "is a OGG file; expected wav or flac"),
    "another": (
        sound_file(WAVE, "x.wav"),
        "decodes to 800 samples with SHA-256 .*; the manifest says .* another recording",
    ),
}


@pytest.mark.parametrize(("contents", "match"), BAD.values(), ids=BAD)
def test_bad_audio_is_one_clear_line(murmur, contents, match):
    name = "train_b_1.wav"
    murmur.pack({**murmur.files(), name: contents})
    with pytest.raises(BadInput, match=f"^{name} {match}") as mistake:
        read()
    assert "\n" not in str(mistake.value)


@pytest.mark.parametrize(
    "name", ["../train_b_1.wav", "a/../../train_b_1.wav", "/etc/train_b_1.wav", "C:\\train_b_1.wav", "..\\x"]
)
def test_an_archive_that_points_outside_is_refused(murmur, name):
    files = murmur.files()
    with zipfile.ZipFile(murmur.zip, "w") as archive:
        for inside, contents in files.items():
            archive.writestr(f"recordings/{inside}", contents)
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = name  # ZipInfo would tidy it
        archive.writestr(entry, b"out")
    before = sorted(murmur.folder.rglob("*"))
    with pytest.raises(BadInput, match=r"has a member named '.*', which points out of the archive"):
        read()
    assert sorted(murmur.folder.rglob("*")) == before


def test_an_archive_that_lacks_a_file(murmur):
    files = murmur.files()
    del files["train_b_1.wav"]
    murmur.pack(files)
    with pytest.raises(BadInput, match=r"murmur.zip lacks train_b_1.wav and 0 other files of the manifest"):
        read()


def test_one_sample_that_differs_is_noticed(murmur):
    name = "train_b_1.wav"
    other = murmur.waves[name].copy()
    other[300] += 1
    murmur.pack({**murmur.files(), name: sound_file(other, name)})
    with pytest.raises(
        BadInput, match=f"^{name} decodes to {len(other)} samples with SHA-256 .*; the manifest says {len(other)}"
    ):
        read()


def test_an_archive_that_swells(murmur):
    """A member that unpacks to far more than its samples is not unpacked at all."""
    with (
        zipfile.ZipFile(murmur.zip, "a", zipfile.ZIP_DEFLATED) as archive,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        archive.writestr("recordings/train_b_1.wav", bytes(3 * 2**20))
    with pytest.raises(
        BadInput, match=r"recordings/train_b_1.wav unpacks to 3,145,728 bytes, far more than its .* remove it"
    ):
        read()


def test_a_file_that_stands_twice_in_the_manifest(murmur):
    rows = murmur.csv.read_text().splitlines()
    murmur.csv.write_text("\n".join([*rows, rows[1]]) + "\n")
    with pytest.raises(BadInput, match=r"manifest .*murmur.csv names a file twice"):
        read()


def test_an_archive_that_is_none(murmur):
    murmur.zip.write_bytes(b"PK but no archive")
    with pytest.raises(BadInput, match=r"murmur.zip is not a zip archive .*; fetch it again or remove it"):
        read()


def test_an_archive_with_a_damaged_member(murmur):
    archive = bytearray(murmur.zip.read_bytes())
    at = archive.find(murmur.files()["train_b_1.wav"]) + 200
    archive[at] ^= 0xFF
    murmur.zip.write_bytes(bytes(archive))
    with pytest.raises(BadInput, match=r"murmur.zip: recordings/train_b_1.wav cannot be unpacked .*CRC.*damaged"):
        read()


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("file,split", "name,split", "manifest .*murmur.csv cannot be read .*; expected CSV with columns file, split"),
        (
            "train_b_1.wav,train",
            "train_b_1.wav,trian",
            "'train_b_1.wav' of split 'trian'; expected a plain file name",
        ),
        ("train_b_1.wav,train", "../train_b_1.wav,train", "'../train_b_1.wav' of split 'train'; expected a plain file name"),
    ],
)
def test_a_manifest_with_a_mistake(murmur, old, new, match):
    murmur.csv.write_text(murmur.csv.read_text().replace(old, new))
    with pytest.raises(BadInput, match=match):
        read()


def test_a_manifest_that_is_not_there(murmur):
    murmur.csv.unlink()
    with pytest.raises(BadInput, match=r"manifest .*murmur.csv cannot be read .*No such file"):
        read()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(murmur, monkeypatch):
    """A web server on this machine with the single files, no archive, and a cache of the test's own."""
    folder = murmur.folder / "served"
    folder.mkdir()
    for name, contents in murmur.files().items():
        (folder / name).write_bytes(contents)
    murmur.zip.unlink()
    monkeypatch.setattr(cards, "cache", lambda: murmur.folder / "cache")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        text = murmur.yaml.read_text()
        murmur.yaml.write_text(text.replace("http://127.0.0.1:9", f"http://127.0.0.1:{serving.server_port}"))
        yield folder
        serving.shutdown()


def test_without_the_archive_the_single_files_are_fetched_once(murmur, server):
    first = read()
    for file in server.iterdir():
        file.unlink()
    again = read()
    for split in SPLITS:
        assert [window.tobytes() for window in again[split]] == [window.tobytes() for window in first[split]]


def test_a_single_file_that_cannot_be_fetched(murmur, server):
    (server / "train_b_1.wav").unlink()
    with pytest.raises(
        BadInput, match=r"dataset murmur: cannot fetch http://.*/train_b_1.wav .*; download it by hand to"
    ) as caught:
        read()
    answer = getattr(caught.value.__cause__, "response", None)
    assert answer is not None
    assert answer.raw.closed  # or its connection warns whenever it happens to be collected


def test_a_fetched_file_is_verified(murmur, server):
    (server / "train_b_1.wav").write_bytes(sound_file(WAVE, "x.wav"))
    with pytest.raises(BadInput, match=r"train_b_1.wav decodes to 800 samples .*; the manifest says"):
        read()


def test_checksums_are_of_what_is_decoded(murmur):
    """The same recordings in another format and another packing are the same data."""
    before = read()
    other = {}
    for name, wave in murmur.waves.items():
        file = io.BytesIO()
        soundfile.write(file, wave, 8000, "PCM_16", format="FLAC" if name.endswith("wav") else "WAV")
        other[f"else/where/{name}"] = file.getvalue()
    murmur.pack(other)
    after = read()
    assert content_digest(after) == content_digest(before)


def test_decoded_gives_every_sample():
    assert (recordings.decode("x.flac", sound_file(WAVE, "x.flac"), 8000) == WAVE).all()
