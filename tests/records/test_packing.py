"""Trials in one file: every reader finds them there, whatever happens meanwhile nothing is lost, nothing is doubled."""

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import zipfile
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from gatebench.core.errors import BadInput
from gatebench.records import collection, frame, packing, status, study_file
from gatebench.records.packed import NAME, Pack
from gatebench.records.store import Store
from support.mutations import flipped
from support.records import WEIGHTS, make_point, make_record, tables_of

A, B, C = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three trials of one study."""
    store = Store(tmp_path / "results")
    store.write_all([(make_record(key), WEIGHTS) for key in (A, B, C)])
    study_file.add_points(store.results, "some", [make_point([A], [B, C])])
    return store


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but locks."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def seen(results: Path) -> tuple[object, ...]:
    """What readers make of a results folder."""
    store, loaded = Store(results), frame.load(results, "some")
    weights = {key: {name: value.tolist() for name, value in store.weights(key).items()} for key in (A, B, C)}
    return store.finished(), status.describe(results, "some"), loaded.trials.to_csv(), loaded.curves.to_csv(), weights


def test_all_readers_find_packed_trials_and_undo_brings_the_folders_back(store: Store):
    before, read = contents(store.results), seen(store.results)
    assert packing.pack(store.results).moved == [A, B, C]
    assert contents(store.results).keys() == {"some/study.json", NAME}
    assert seen(store.results) == read
    assert packing.unpack(store.results).moved == [A, B, C]
    assert contents(store.results) == before
    assert not packing.unpack(store.results).moved


def test_a_store_notices_what_others_pack_and_unpack(store: Store):
    for change in (packing.pack, packing.unpack, packing.pack):
        change(store.results)
        assert store.finished() == {A, B, C}
        assert store.read([A, B, C]).keys() == {A, B, C}
        assert store.weights(A).keys() == WEIGHTS.keys()


def test_packing_again_changes_nothing_and_adds_what_is_new(store: Store):
    packing.pack(store.results, {A})
    file = store.results / NAME
    before = file.read_bytes(), file.stat().st_mtime_ns
    assert not packing.pack(store.results, {A}).moved
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert packing.pack(store.results).moved == [B, C]
    assert Pack(store.results).keys() == {A, B, C}
    assert packing.unpack(store.results, {B}).moved == [B]
    assert Pack(store.results).keys() == {A, C}
    assert store.finished() == {A, B, C}


def test_other_programs_read_a_pack(store: Store, tmp_path: Path):
    before = contents(store.trials)
    packing.pack(store.results)
    with zipfile.ZipFile(store.results / NAME) as file:
        assert file.testzip() is None
        file.extractall(tmp_path / "there")
    assert contents(tmp_path / "there") == before
    run = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path / "there" / A, check=False)
    assert run.returncode == 0


def test_a_large_pack_is_read(store: Store, monkeypatch: pytest.MonkeyPatch):
    """One whose directory needs the fields of large files."""
    before = contents(store.trials)
    sizes = [len(content) for content in before.values()]
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", max(sizes) + 1)  # as if there were 4 GB
    packing.pack(store.results)
    monkeypatch.undo()
    pack = Pack(store.results)
    assert pack.keys() == {A, B, C}
    assert not pack.is_damaged
    assert packing.unpack(store.results).moved == [A, B, C]
    assert contents(store.trials) == before


def test_a_packed_trial_that_is_finished_again_stays_the_first(store: Store, capsys: pytest.CaptureFixture[str]):
    packing.pack(store.results)
    store.write(make_record(A, seconds=99.0), WEIGHTS)
    assert not (store.trials / A).exists()
    shutil.copytree(_folder_of(make_record(A, seconds=99.0), store.results.parent), store.trials / A)
    assert store.read([A])[A].summary.seconds == 1.5
    packing.pack(store.results)
    assert (
        f"record {store.trials / A} differs from the one in {store.results / NAME}; set aside in" in capsys.readouterr().err
    )
    assert not (store.trials / A).exists()
    assert store.read([A])[A].summary.seconds == 1.5
    assert len(list((store.results / "damaged").iterdir())) == 1


def _folder_of(record, place: Path) -> Path:
    other = Store(place / "other")
    other.write(record, WEIGHTS)
    return other.trials / record.key


def test_what_stands_beside_a_record_is_packed_with_it_and_comes_back(store: Store):
    (store.trials / A / "sample.mid").write_bytes(b"drawn")
    (store.trials / B / "folder").mkdir()
    outcome = packing.pack(store.results)
    assert (outcome.moved, outcome.left) == ([A, C], [B])
    (store.trials / A).mkdir()
    (store.trials / A / "sample.png").write_bytes(b"drawn later")
    assert store.read([A]).keys() == {A}
    packing.unpack(store.results)
    assert (store.trials / A / "sample.mid").read_bytes() == b"drawn"
    assert (store.trials / A / "sample.png").read_bytes() == b"drawn later"
    assert store.finished() == {A, B, C}


def test_a_damaged_record_is_not_packed(store: Store, capsys: pytest.CaptureFixture[str]):
    for name in ("weights.safetensors", "curve.csv"):
        os.truncate(store.trials / (A if name == "curve.csv" else B) / name, 9)
    assert packing.pack(store.results).moved == [C]
    assert capsys.readouterr().err.count("is damaged (") == 2
    assert store.finished() == {C}


def test_a_flipped_bit_in_a_pack_costs_one_trial_at_most(store: Store, capsys: pytest.CaptureFixture[str]):
    packing.pack(store.results)
    file = store.results / NAME
    whole, parts_of = file.read_bytes(), {key: store.read([key])[key] for key in (A, B, C)}
    ends = range(8 * (len(whole) - 1200), 8 * len(whole), 97)
    for bit in [*random.Random(0).sample(range(8 * len(whole)), 80), *ends]:
        file.write_bytes(flipped(whole, bit))
        one = Store(store.results)
        records, weights = one.read([A, B, C]), {}
        for key in records:
            with suppress(BadInput):  # once for all, of whatever is damaged
                weights[key] = one.weights(key)
        assert len(weights) >= 2, bit
        for key, record in records.items():
            assert record.without_tables == parts_of[key].without_tables
            assert all(table.equals(tables_of(parts_of[key])[name]) for name, table in tables_of(record).items()), bit
        for values in weights.values():
            assert {name: value.tolist() for name, value in values.items()} == {n: v.tolist() for n, v in WEIGHTS.items()}
        assert one.finished() == set(weights)  # what is lost is trained anew
    assert "set aside in" in capsys.readouterr().err


def test_half_a_pack_has_its_first_trials_and_is_made_anew(store: Store, capsys: pytest.CaptureFixture[str]):
    packing.pack(store.results)
    file = store.results / NAME
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    half = file.read_bytes()
    assert Store(store.results).read([A, B, C]).keys() >= {A}
    assert "is damaged (" in capsys.readouterr().err
    file.write_bytes(half)
    packing.pack(store.results)
    pack = Pack(store.results)
    pack.keys()
    assert not pack.is_damaged
    assert half in [path.read_bytes() for path in (store.results / "damaged").iterdir() if path.is_file()]
    store.write_all([(make_record(key), WEIGHTS) for key in (A, B, C)])
    assert Store(store.results).read([A, B, C]).keys() == {A, B, C}


def test_published_records_and_packed_ones_go_together(store: Store):
    collection.add(store.results / "other" / collection.NAME, [make_record("e" * 16)])
    packing.pack(store.results, {A})
    assert store.read([A, B, "e" * 16]).keys() == {A, B, "e" * 16}
    path = store.publish("some", [A, B, C])
    assert set(pd.read_parquet(path).key) == {A, B, C}


KILLED = """
    import os, pathlib, shutil, signal, sys
    from gatebench.records import packing
    from gatebench.core import files

    left = int(sys.argv[2])

    def counted(function):
        def call(*arguments, **named):
            global left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)
        return call

    for owner, names in ((os, ["fsync", "rename", "rmdir", "unlink", "replace", "open", "mkdir"]),):
        for name in names:
            setattr(owner, name, counted(getattr(owner, name)))
    results = pathlib.Path(sys.argv[1])
    (packing.unpack if "--undo" in sys.argv else packing.pack)(results)
"""


@pytest.mark.parametrize("undo", [False, True], ids=["pack", "undo"])
def test_killed_at_any_moment_nothing_is_lost_and_nothing_doubled(store: Store, tmp_path: Path, undo: bool):
    """Before each of the calls that change something on disk; then the same command again comes to its end."""
    program = tmp_path / "killed.py"
    program.write_text(textwrap.dedent(KILLED))
    folders = contents(store.trials)
    if undo:
        packing.pack(store.results)
    read, moment, was_killed = seen(store.results), 0, True
    while was_killed:
        copy = tmp_path / f"copy-{moment}"
        shutil.copytree(store.results, copy)
        command = [sys.executable, str(program), str(copy), str(moment), *(["--undo"] if undo else [])]
        was_killed = subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
        assert seen(copy) == read, moment
        (packing.unpack if undo else packing.pack)(copy)
        assert seen(copy) == read, moment
        # What a killed process was still writing is no trial.
        left = {name: content for name, content in contents(copy / "trials").items() if not name.startswith(".")}
        assert left == (folders if undo else {}), moment
        assert (copy / NAME).is_file() != undo
        assert not (copy / "damaged").exists()
        moment += STEP
    assert moment > 5 * STEP


STEP = 7
"""Calls from one moment to the next; 1 takes minutes."""
