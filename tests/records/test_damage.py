"""What is not what was written is noticed, said in one line and set aside; everything else goes on."""

import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.core.errors import BadInput
from gatebench.records import collection, frame, parts, status, study_file
from gatebench.records.schema import Record
from gatebench.records.store import Store, read
from support.mutations import flipped
from support.records import WEIGHTS, make_point, make_record, tables_of

A, B, C, D = "a" * 16, "b" * 16, "c" * 16, "d" * 16
PARTS = [
    "record.json",
    "curve.csv",
    "sequences.csv",
    "statistics.csv",
    "predictions.csv",
    "weights.safetensors",
    "SHA256SUMS",
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two trials of one study."""
    store = Store(tmp_path / "results")
    for key in (A, B):
        store.write(make_record(key), WEIGHTS)
    study_file.add_points(store.results, "some", [make_point([A], [B])])
    return store


def same(record: Record, other: Record) -> bool:
    tables = zip(tables_of(record).values(), tables_of(other).values(), strict=True)
    return record.without_tables == other.without_tables and all(a.equals(b) for a, b in tables)


def test_a_record_is_what_sha256sum_says_it_is(store: Store):
    """The program that everybody has reads what is written."""
    folder = store.trials / A
    assert sorted(file.name for file in folder.iterdir()) == sorted(PARTS)
    run = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert sorted(run.stdout.splitlines()) == sorted(f"{name}: OK" for name in PARTS[:-1])
    (folder / "curve.csv").write_bytes(b"x")
    assert subprocess.run(["sha256sum", "-c", "--status", "SHA256SUMS"], cwd=folder, check=False).returncode == 1


class Altered:
    """The parts of a record in memory, of which one has another content, or is not there."""

    def __init__(self, contents: dict[str, bytes], key: str = A) -> None:
        self.contents, self.key = contents, key

    def read(self, name: str) -> bytes:
        if name not in self.contents:
            raise FileNotFoundError(name)
        return self.contents[name]

    def is_seen(self) -> bool:
        """Whether somebody who reads all that there is meets the damage."""
        for reader in (parts.read_record, parts.read_weights):
            try:
                reader(self)
            except parts.DamagedRecord:
                return True
        return False


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    store = Store(tmp_path_factory.mktemp("whole"))
    store.write(make_record(A), WEIGHTS)
    return {name: (store.trials / A / name).read_bytes() for name in PARTS}


@pytest.mark.parametrize("name", PARTS)
def test_every_flipped_bit_is_seen(contents: dict[str, bytes], name: str):
    """Those of the checksums all, of the others a sample."""
    assert not Altered(contents).is_seen()
    bits = range(8 * len(contents[name]))
    for bit in bits if name == parts.SUMS else random.Random(0).sample(bits, 300):
        assert Altered({**contents, name: flipped(contents[name], bit)}).is_seen(), bit


@pytest.mark.parametrize("name", PARTS)
def test_every_half_file_is_seen(contents: dict[str, bytes], name: str):
    for size in range(len(contents[name])):
        assert Altered({**contents, name: contents[name][:size]}).is_seen(), size
    assert Altered({**contents, name: contents[name] + b"\n"}).is_seen()


def test_a_part_that_is_missing_is_seen_but_for_weights_and_for_the_checksums_themselves(contents: dict[str, bytes]):
    """Weights may be deleted. A record without checksums is one of before."""
    seen = {gone: Altered({n: c for n, c in contents.items() if n != gone}).is_seen() for gone in PARTS}
    assert seen == {name: name not in ("weights.safetensors", "SHA256SUMS") for name in PARTS}


def test_the_parts_of_another_record_are_seen(contents: dict[str, bytes]):
    """A folder that somebody renamed, with checksums that fit."""
    for reader in (parts.read_record, parts.read_summary):
        with pytest.raises(parts.DamagedRecord, match=r"record.json is that of aaaaaaaaaaaaaaaa"):
            reader(Altered(contents, key=B))


def test_a_table_that_has_no_checksum_is_seen(contents: dict[str, bytes]):
    """Such as one that was put there from another record."""
    without = {**contents, "SHA256SUMS": parts.sums_of({name: contents[name] for name in PARTS[:2]})}
    with pytest.raises(parts.DamagedRecord, match=r"has no checksum of sequences.csv"):
        parts.read_record(Altered(without))


READERS: dict[str, Callable[[Store], object]] = {
    "report": lambda store: frame.load(store.results, "some"),
    "status": lambda store: status.describe(store.results, "some"),
    "records": lambda store: store.read([A, B]),
    "publish": lambda store: store.publish("some", [A, B]),
}


@pytest.mark.parametrize("reader", READERS)
def test_whoever_reads_says_what_is_damaged_and_goes_on(store: Store, capsys: pytest.CaptureFixture[str], reader: str):
    path = store.trials / A / "record.json"
    path.write_bytes(flipped(path.read_bytes(), 999))
    damaged = path.read_bytes()
    READERS[reader](store)
    (line,) = capsys.readouterr().err.splitlines()
    (aside,) = (store.results / "damaged").iterdir()
    assert line == (
        f"gatebench: record {store.trials / A} is damaged (record.json does not fit its checksum in SHA256SUMS); "
        f"set aside in {aside}; the next sweep of its study trains it anew"
    )
    assert sorted(file.name for file in aside.iterdir()) == sorted(PARTS)
    assert (aside / "record.json").read_bytes() == damaged
    assert store.finished() == {B}
    READERS[reader](store)
    assert capsys.readouterr().err == ""
    store.write(make_record(A), WEIGHTS)
    assert same(store.read([A])[A], make_record(A))


def test_status_counts_what_is_left(store: Store):
    (store.trials / A / "record.json").write_bytes(b"")
    assert "1 of 2 done" in status.describe(store.results, "some")
    assert status.describe(store.results, "some").endswith("at the pace so far")


def test_small_parts_are_read_by_status_and_weights_by_whoever_uses_them(store: Store):
    """Reading stays cheap: what is not used is not read."""
    for name in ("curve.csv", "weights.safetensors"):
        os.truncate(store.trials / A / name, 5)
    assert "2 of 2 done" in status.describe(store.results, "some")
    shutil.rmtree(store.trials / B)
    (store.trials / A / "curve.csv").write_text("")
    assert store.read([A]) == {}


def test_weights_that_are_damaged_are_set_aside_with_their_record(store: Store):
    path = store.trials / A / "weights.safetensors"
    path.write_bytes(flipped(path.read_bytes(), 8 * path.stat().st_size - 3))  # a number, which its format cannot tell
    with pytest.raises(BadInput, match=r"is damaged \(weights.safetensors does not fit its checksum.*; set aside in .*anew"):
        store.weights(A)
    assert store.finished() == {B}
    assert {name: value.tolist() for name, value in store.weights(B).items()} == {n: v.tolist() for n, v in WEIGHTS.items()}


def test_weights_that_were_deleted_leave_the_record(store: Store):
    (store.trials / A / "weights.safetensors").unlink()
    with pytest.raises(BadInput, match=r"the weights of trial .* are not here"):
        store.weights(A)
    assert same(store.read([A])[A], make_record(A))


@pytest.mark.parametrize("left", [["curve.csv", "SHA256SUMS"], []], ids=["half", "empty"])
def test_a_folder_without_a_record_is_left_to_whoever_copies_it_and_set_aside_later(
    store: Store, capsys: pytest.CaptureFixture[str], left: list[str]
):
    folder = store.trials / A
    for name in set(PARTS) - set(left):
        (folder / name).unlink()
    assert list(Store(store.results).read([A, B])) == [B]
    assert capsys.readouterr().err == ""
    os.utime(folder, (1, 1))
    assert list(Store(store.results).read([A, B])) == [B]
    assert "is damaged ([Errno 2] No such file or directory: " in capsys.readouterr().err
    (aside,) = (store.results / "damaged").iterdir()
    assert sorted(file.name for file in aside.iterdir()) == sorted(left)


def test_the_record_of_a_failed_trial_that_is_damaged_is_set_aside(store: Store, capsys: pytest.CaptureFixture[str]):
    failed = make_record("c" * 16, status="failed", error="ValueError: no")
    store.write_failed(failed)
    assert list(store.failures([A, failed.key])) == [failed.key]
    (store.failed / failed.key / "record.json").write_bytes(b"{")
    assert store.failures([A, failed.key]) == {}
    assert f"failed/{failed.key} is damaged" in capsys.readouterr().err
    assert not (store.failed / failed.key).exists()


def test_of_a_trial_that_is_published_the_published_record_serves(store: Store, capsys: pytest.CaptureFixture[str]):
    store.publish("some", [A])
    (store.trials / A / "curve.csv").unlink()
    assert same(Store(store.results).read([A])[A], make_record(A))
    line = capsys.readouterr().err
    assert "(curve.csv is missing); set aside in" in line
    assert line.endswith("; what its study published of it is read instead\n")


def test_of_very_many_damaged_records_a_few_lines_are_said(store: Store, capsys: pytest.CaptureFixture[str]):
    keys = [f"{i:016x}" for i in range(14)]
    store.write_all([(make_record(key), {"W": np.zeros((1, 1), np.float32)}) for key in keys])
    for key in keys:
        (store.trials / key / "curve.csv").unlink()
    assert store.read([*keys, A]).keys() == {A}
    assert len(lines := capsys.readouterr().err.splitlines()) == 11
    assert lines[-1] == "gatebench: and 4 more are damaged, treated likewise"
    assert len(list((store.results / "damaged").iterdir())) == 14


def test_a_whole_record_that_came_meanwhile_stays(store: Store):
    """Two processes meet damage: the second one finds what the first one, or a sweep, put in its place."""
    (store.trials / A / "curve.csv").unlink()

    def read_after_others(of: parts.RecordParts) -> Record:
        with pytest.raises(parts.DamagedRecord):
            parts.read_record(parts.RecordFolder(store.trials / A))
        Store(store.results).read([A])
        store.write(make_record(A, seconds=3.0), WEIGHTS)
        readers.append(parts.read_record)
        raise parts.DamagedRecord(of, "as it was a moment ago")

    readers: list[Callable[[parts.RecordParts], Record]] = [read_after_others]
    assert store._read([A], lambda of: readers[-1](of))[A].summary.seconds == 3.0
    assert len(list((store.results / "damaged").iterdir())) == 1


# Published records


def test_a_damaged_collection_of_records_names_itself_and_the_remedy(store: Store, capsys: pytest.CaptureFixture[str]):
    """Everything else goes on; nothing is added to it, since it would lose what it had."""
    path = store.results / "some" / "records.parquet"
    collection.add(path, [make_record(C)])
    collection.add(store.results / "other" / "records.parquet", [make_record(D)])
    whole = path.read_bytes()
    for damaged in (b"", b"nothing of the kind", whole[:-20], whole[: len(whole) // 2], b"\0" * len(whole)):
        path.write_bytes(damaged)
        assert Store(store.results).finished() == {A, B, D}
        (line,) = capsys.readouterr().err.splitlines()
        assert re.match(r"gatebench: .*some/records\.parquet is damaged \(.*restore it, or remove it", line)
        with pytest.raises(BadInput, match=r"records\.parquet is damaged \(.*restore it, or remove it"):
            collection.add(path, [make_record("e" * 16)])
        assert path.read_bytes() == damaged


def test_a_table_of_something_else_is_no_collection_of_records(store: Store, capsys: pytest.CaptureFixture[str]):
    path = store.results / "some" / "records.parquet"
    pd.DataFrame({"key": ["a"], "value": [1]}).to_parquet(path)
    assert store.finished() == {A, B}
    assert "records.parquet is damaged" in capsys.readouterr().err


def test_every_flipped_bit_of_published_records_is_seen_or_changes_nothing(tmp_path: Path):
    path = tmp_path / collection.NAME
    records = [make_record(A), make_record(B, seconds=2.5)]
    collection.add(path, records)
    whole, lines = path.read_bytes(), []
    for bit in random.Random(0).sample(range(8 * len(whole)), 700):
        path.write_bytes(flipped(whole, bit))
        try:
            after = list(collection.read(path))
        except BadInput as error:
            lines.append(str(error))
        else:
            assert len(after) == 2
            assert all(map(same, after, records)), bit
    assert len(lines) > 150  # most of a file as small as this one is what nobody reads
    assert all("records.parquet is damaged (" in line for line in lines)


def test_published_records_of_before_are_read_and_get_checksums_when_they_grow(tmp_path: Path):
    path = tmp_path / collection.NAME
    collection.add(path, [make_record(A)])
    pd.read_parquet(path).to_parquet(path)  # which leaves out what pandas does not know
    collection.add(path, [make_record(B)])
    assert [record.key for record in collection.read(path)] == [A, B]
    table = pd.read_parquet(path)
    table.assign(curve=table.curve.str.replace("1.5", "1.6")).to_parquet(path)
    assert [record.key for record in collection.read(path)] == [A, B]


def test_a_record_is_read_whole_by_itself(store: Store):
    assert same(read(store.trials / A), make_record(A))
