"""An archive of a study: equal records are equal bytes, and whatever else somebody hands over is refused in one line."""

import hashlib
import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from gatebench import __version__
from gatebench.core.errors import BadInput
from gatebench.records import collection, looks, merging, study_file, submission
from gatebench.records.schema import Labels
from gatebench.records.store import Store
from gatebench.records.submission import MANIFEST, RECORDS, STUDY
from support.merged import contents, every_row
from support.records import WEIGHTS, make_point, make_record

A, B, C = "a" * 16, "b" * 16, "c" * 16
PUBLISHED = Path(__file__).resolve().parents[2] / "results"


def make_results(folder: Path, keys: tuple[str, ...] = (A, B)) -> Path:
    for key in keys:
        Store(folder).write(make_record(key), WEIGHTS)
    study_file.add_points(folder, "some", [make_point([A], [B, C])])
    looks.add(folder, "some", 1, [B])
    return folder


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Member -> its content, of an archive that is whole."""
    folder = tmp_path_factory.mktemp("archive")
    submission.write(make_results(folder / "results"), "some", folder / "some.zip")
    with zipfile.ZipFile(folder / "some.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(folder: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "some.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def signed(members: dict[str, bytes], **manifest: Any) -> dict[str, bytes]:
    """The members with the checksums that fit them: whoever alters an archive can do that, too."""
    sums = {name: hashlib.sha256(members[name]).hexdigest() for name in (STUDY, RECORDS)}
    count = members[RECORDS].count(b"\n")
    values = {**json.loads(members[MANIFEST]), "sha256": sums, "records": count, **manifest}
    return {**members, MANIFEST: json.dumps(values).encode()}


def refused(path: Path, *words: str) -> None:
    """One line with these words, of a few hundred characters."""
    with pytest.raises(BadInput) as raised:
        submission.read(path)
    line = str(raised.value)
    assert line.startswith(f"{path} is no archive of gatebench submit, or damaged (")
    assert line.endswith("; nothing was written: ask for it anew")
    assert len(line) < 600 + len(str(path))
    for word in words:
        assert word in line


def test_what_was_submitted_is_merged(tmp_path: Path):
    results = make_results(tmp_path / "results")
    assert submission.write(results, "some", tmp_path / "some.zip") == (2, 1)
    for _ in range(2):
        merging.merge(tmp_path / "collected", submission.read(tmp_path / "some.zip"), lambda _: A)
        assert every_row(tmp_path / "collected") == every_row(results)
        assert study_file.read(tmp_path / "collected", "some") == study_file.read(results, "some")
        assert looks.read(tmp_path / "collected", "some") == looks.read(results, "some")
    records = list(collection.read(tmp_path / "collected" / "some" / collection.NAME))
    assert [asdict(one.without_tables) for one in records] == [
        asdict(one.without_tables) for one in Store(results).read([A, B]).values()
    ]


def test_equal_records_are_equal_bytes(tmp_path: Path):
    """Wherever they stand, in whatever order they came, published or not."""
    first, second = make_results(tmp_path / "first"), make_results(tmp_path / "second" / "results", (B, A))
    Store(second).publish("some", [B, A])
    shutil.rmtree(second / "trials")
    for results, name in ((first, "first.zip"), (second, "second.zip")):
        submission.write(results, "some", tmp_path / name)
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_there_must_be_something_to_submit_and_a_place_for_it(tmp_path: Path):
    results = make_results(tmp_path, ())
    with pytest.raises(BadInput, match="no finished trial"):
        submission.write(results, "some", tmp_path / "some.zip")
    with pytest.raises(BadInput, match="no study 'other'"):
        submission.write(results, "other", tmp_path / "some.zip")
    make_results(tmp_path)
    (tmp_path / "some.zip").write_text("precious")
    with pytest.raises(BadInput, match="stays as it is"):
        submission.write(results, "some", tmp_path / "some.zip")
    assert (tmp_path / "some.zip").read_text() == "precious"


def test_what_would_be_refused_is_not_submitted(tmp_path: Path):
    results = make_results(tmp_path)
    Store(results).write(make_record(C, title="<script>alert(1)</script>"), WEIGHTS)
    with pytest.raises(BadInput, match="cannot be submitted"):
        submission.write(results, "some", tmp_path / "some.zip")
    assert not (tmp_path / "some.zip").exists()


@pytest.mark.parametrize("study", ["jsb", "speech", "table2"])
def test_a_published_study_is_one_that_could_be_submitted(tmp_path: Path, study: str):
    """Some trials of it: those of the first points."""
    points = study_file.read(PUBLISHED, study)[:2]
    study_file.add_points(tmp_path, study, points)
    (tmp_path / study / collection.NAME).symlink_to(PUBLISHED / study / collection.NAME)
    trials, _ = submission.write(tmp_path, study, tmp_path / "some.zip")
    assert trials > 0
    assert submission.read(tmp_path / "some.zip").plans == {study: points}


# Hostile archives


def test_an_archive_in_which_one_byte_is_another_is_refused_or_says_the_same(tmp_path: Path):
    """Every part of it is covered by a checksum, but for what the zip says of times and attributes."""
    results = make_results(tmp_path / "results")
    submission.write(results, "some", tmp_path / "some.zip")
    whole, chance = (tmp_path / "some.zip").read_bytes(), random.Random(19)
    for place in chance.sample(range(len(whole)), 80):
        altered = bytearray(whole)
        altered[place] ^= 1 << chance.randrange(8)
        (tmp_path / "altered.zip").write_bytes(altered)
        try:
            source = submission.read(tmp_path / "altered.zip")
        except BadInput:
            continue
        assert source.plans == {"some": study_file.read(results, "some")}
        assert [asdict(one.without_tables) for one in source.places[0].records()] == [
            asdict(one.without_tables) for one in Store(results).read([A, B]).values()
        ]


def test_an_archive_that_was_cut_is_refused(tmp_path: Path, members: dict[str, bytes]):
    whole = packed(tmp_path, members).read_bytes()
    for length in [0, 1, 21, 22, 100, *range(200, len(whole), len(whole) // 20)]:
        (tmp_path / "some.zip").write_bytes(whole[:length])
        refused(tmp_path / "some.zip")


@pytest.mark.parametrize(
    "name", ["../some.json", "/etc/cron.d/x", "a/../../b", "x.py", "study.json/", "C:\\x", "STUDY.JSON"]
)
def test_other_members_are_refused(tmp_path: Path, members: dict[str, bytes], name: str):
    refused(packed(tmp_path, {**members, name: b"x"}), "unknown member")
    refused(packed(tmp_path, {name: b"x"}), "unknown member")


def test_a_member_that_is_not_there_or_twice_there_is_refused(tmp_path: Path, members: dict[str, bytes]):
    for missing in members:
        refused(packed(tmp_path, {name: text for name, text in members.items() if name != missing}), "each once")
    path = packed(tmp_path, members)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(STUDY, b"{}")
    refused(path, "each once")


@pytest.mark.parametrize("kind", [0o120777, 0o040755, 0o020666, 0o010666])
def test_links_folders_and_devices_are_refused(tmp_path: Path, members: dict[str, bytes], kind: int):
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name)
            member.create_system, member.external_attr = 3, (kind if name == STUDY else 0o100644) << 16
            archive.writestr(member, content)
    refused(tmp_path / "some.zip", "study.json is no plain file")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(tmp_path: Path, members: dict[str, bytes], method: int):
    refused(packed(tmp_path, members, method), "no plain file")


@pytest.mark.parametrize("name", submission.MEMBERS)
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, members: dict[str, bytes], name: str):
    refused(packed(tmp_path, {**members, name: b" " * 2**24}), f"{name} would have 16,777,216 bytes", "at most")


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path: Path, members: dict[str, bytes]):
    """The size in the directory is only what somebody wrote there."""
    path = packed(tmp_path, {**members, STUDY: b" " * 2**24})
    content = path.read_bytes()
    assert content.count((2**24).to_bytes(4, "little")) == 2
    path.write_bytes(content.replace((2**24).to_bytes(4, "little"), (900).to_bytes(4, "little")))
    refused(path)


HOSTILE_MANIFESTS: dict[str, dict[str, Any]] = {
    "later version": {"format": 2},
    "later than this one": {"gatebench": "99.0"},
    "names a study": {"study": "../../home"},
    "expected letters": {"study": "<script>"},
    "'trials'": {"study": "trials"},
    "says 3": {"records": 3},
    "a whole number": {"records": "many"},
    "manifest.json": {"looks": [{"pipelines": -1, "trials": "x"}]},
    "verdicts": {"looks": [{"pipelines": 10**9, "trials": "x"}]},
    "control characters": {"looks": [{"pipelines": 1, "trials": "<script>"}]},
    "checksum": {"sha256": {STUDY: "0", RECORDS: "0"}},
    "unknown setting": {"install": "x.py"},
}


@pytest.mark.parametrize("words", HOSTILE_MANIFESTS)
def test_a_manifest_says_what_ours_say(tmp_path: Path, members: dict[str, bytes], words: str):
    expected = "later than" if words == "later version" else words
    refused(packed(tmp_path, signed(members, **HOSTILE_MANIFESTS[words])), expected)


def with_record(members: dict[str, bytes], change: Callable[[Any], object]) -> dict[str, bytes]:
    """The members with another first record, and checksums that fit."""
    first, *others = members[RECORDS].splitlines(keepends=True)
    values = json.loads(first)
    change(values)
    return signed({**members, RECORDS: json.dumps(values).encode() + b"\n" + b"".join(others)})


HOSTILE_RECORDS: dict[str, tuple[Callable[[Any], object], str]] = {
    "a title": (lambda line: line["record"]["summary"].update(title="<script>alert(1)</script>"), "elements of HTML"),
    "a cell": (lambda line: line["record"]["settings"].update(cell="<img src=x onerror=y>"), "elements of HTML"),
    "an option": (lambda line: line["record"]["settings"].update(options={"\x1b[2J": 1}), "elements of HTML"),
    "a statistic": (lambda line: line["statistics"].update(statistic=["<script>"] * 4), "elements of HTML"),
    "an equation": (lambda line: line["record"].update(equations=[r"\href{javascript:x}{y}"]), "equations"),
    "a number": (lambda line: line["record"]["summary"]["scores"]["test"].update(nll=1e200), "1e+200"),
    "a whole number": (lambda line: line["record"]["summary"].update(epochs=10**40), "Expected `int`"),
    "a number of a curve": (lambda line: line["curve"].update(nll=[1e101] * 6), "1e+101"),
    "rows": (lambda line: line["curve"].update(nll=[1.0]), "length"),
    "a failed trial": (lambda line: line["record"]["summary"].update(status="failed"), "failed"),
    "a path in an error": (lambda line: line["record"]["summary"].update(error="/home/x"), "failed"),
    "another part": (lambda line: line.update(weights="x"), "other parts"),
    "a missing part": (lambda line: line.pop("curve"), "other parts"),
    "another trial": (lambda line: line["record"].update(key=C[:15] + "f"), "not of the study"),
    "a key that is a path": (lambda line: line["record"].update(key="../../../../x"), "key"),
    "a place": (lambda line: line["record"].update(key=C), "not in its place"),
    "a later version": (lambda line: line["record"]["provenance"]["versions"].update(gatebench="99.0"), __version__),
}


@pytest.mark.parametrize("name", HOSTILE_RECORDS)
def test_a_record_says_what_ours_say(tmp_path: Path, members: dict[str, bytes], name: str):
    change, words = HOSTILE_RECORDS[name]
    refused(packed(tmp_path, with_record(members, change)), words)


@pytest.mark.parametrize("line", [b"null\n", b"[]\n", b"{}\n", b"[" * 5000 + b"\n", b"\xff\n", b'{"a": 1e999}\n', b"\n"])
def test_a_line_that_is_no_record_is_refused(tmp_path: Path, members: dict[str, bytes], line: bytes):
    refused(packed(tmp_path, signed({**members, RECORDS: line})))


def test_a_line_without_end_is_refused(tmp_path: Path, members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(submission, "MOST_OF_A_RECORD", 500)
    refused(packed(tmp_path, members), "more than 500 bytes")


def test_names_and_numbers_of_a_plan_are_ours(tmp_path: Path, members: dict[str, bytes]):
    for change, words in (
        ({"labels": Labels("<script>x", "gru", "b", "m")}, "elements of HTML"),
        ({"labels": Labels("x" * 1001, "gru", "b", "m")}, "1,000 characters"),
        ({"edges": ["<b>"]}, "elements of HTML"),
        ({"confirm_planned": 10**9}, "1,000,000,000"),
        ({"pipeline": 10**9}, "1,000,000,000"),
    ):
        point = replace(make_point([A], [B, C]), **change)
        text = json.dumps(study_file.as_written("some", [point])).encode()
        refused(packed(tmp_path, signed({**members, STUDY: text})), words)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"{}", bytes(1000), b"PK\x03\x04" * 50])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "some.zip").write_bytes(content)
    refused(tmp_path / "some.zip")


def test_an_archive_in_an_archive_is_refused(tmp_path: Path, members: dict[str, bytes]):
    inner = io.BytesIO(packed(tmp_path, members).read_bytes())
    refused(packed(tmp_path, {**members, RECORDS: inner.getvalue()}))


def test_nothing_of_where_it_stood_is_in_it(tmp_path: Path):
    import getpass
    import socket

    submission.write(make_results(tmp_path / "results"), "some", tmp_path / "some.zip")
    before = contents(tmp_path)
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        text = b"\n".join(archive.read(name) for name in archive.namelist()).decode()
    places = (str(tmp_path), str(Path.home()) + "/", f'"{getpass.getuser()}"', f'"{socket.gethostname()}"')
    assert not [place for place in places if place in text]
    assert contents(tmp_path) == before
