"""Records and checkpoints: whole or not there, plain, and honest about damage."""

import contextlib
import json
import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.core import files
from gatebench.core.errors import BadInput
from gatebench.records import collection, metrics, runs, study_file
from gatebench.records.checkpoints import Checkpoint
from gatebench.records.schema import CURVE, PREDICTIONS, SEQUENCES, STATISTICS, Record
from gatebench.records.store import Store, read
from support.records import WEIGHTS, make_record, tables_of

LATER = {"statistics": STATISTICS, "predictions": PREDICTIONS}
"""Tables that the first versions did not have."""


def assert_same(a: Record, b: Record) -> None:
    for name, table in tables_of(a).items():
        pd.testing.assert_frame_equal(table, tables_of(b)[name], check_exact=True)
    assert a.without_tables == b.without_tables


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def test_a_record_comes_back_as_it_was(store: Store):
    store.write(make_record(), WEIGHTS)
    assert store.finished() == {"0123456789abcdef"}
    assert_same(store.read(["0123456789abcdef", "ffffffffffffffff"])["0123456789abcdef"], make_record())


def test_tables_are_what_pandas_would_write_of_them(store: Store):
    """To the byte, since other programs read them."""
    endless = pd.DataFrame(
        [[1, 4, 1.5, "train", float("inf"), -float("inf")], [2, 8, 2.0, "valid", 1e16, 1e-5]], columns=CURVE
    )
    for key, record in (("a" * 16, make_record("a" * 16)), ("b" * 16, replace(make_record("b" * 16), curve=endless))):
        store.write(record, WEIGHTS)
        for name, table in tables_of(record).items():
            assert (store.trials / key / f"{name}.csv").read_text() == table.to_csv(index=False)


def test_the_weights_come_back_as_they_were(store: Store):
    from safetensors.numpy import load_file

    store.write(make_record(), WEIGHTS)
    saved = load_file(store.trials / "0123456789abcdef" / "weights.safetensors")
    assert {name: value.tolist() for name, value in saved.items()} == {n: v.tolist() for n, v in WEIGHTS.items()}


def test_a_score_that_is_not_a_number_is_null_on_disk(store: Store):
    store.write(make_record(), WEIGHTS)
    text = (store.trials / "0123456789abcdef" / "record.json").read_text()
    # Other readers refuse the NaN that Python would write.
    assert json.loads(text, parse_constant=pytest.fail)["summary"]["scores"]["test"]["nll"] is None


def test_compact_records_come_back_as_they_were(tmp_path: Path):
    path = tmp_path / "results" / "some" / "records.parquet"
    records = [make_record("a" * 16), make_record("b" * 16, seconds=2.5)]
    collection.add(path, records)
    for before, after in zip(records, collection.read(path), strict=True):
        assert_same(before, after)
    assert Store(tmp_path / "results").finished() == {"a" * 16, "b" * 16}


def test_records_of_before_the_sequences_have_none(store: Store):
    store.write(make_record("a" * 16), WEIGHTS)
    for name in ("sequences.csv", "SHA256SUMS"):
        (store.trials / ("a" * 16) / name).unlink()
    path = store.results / "some" / "records.parquet"
    collection.add(path, [make_record("b" * 16)])
    pd.read_parquet(path).drop(columns="sequences").to_parquet(path, index=False)
    records = store.read(["a" * 16, "b" * 16])
    assert len(records) == 2
    for before in records.values():
        assert list(before.sequences.columns) == SEQUENCES
        assert before.sequences.empty
        pd.testing.assert_frame_equal(before.curve, make_record().curve)


def test_records_of_before_metrics_have_none_and_are_written_as_before(store: Store):
    before = replace(make_record("a" * 16), **{name: tables_of(make_record())[name].head(0) for name in LATER})
    store.write(before, WEIGHTS)
    assert {file.name for file in (store.trials / before.key).iterdir()} == {
        "record.json", "curve.csv", "sequences.csv", "weights.safetensors", "SHA256SUMS",
    }  # fmt: skip
    path = store.results / "some" / "records.parquet"
    collection.add(path, [make_record("b" * 16)])
    pd.read_parquet(path).drop(columns=list(LATER)).to_parquet(path, index=False)
    for record in store.read(["a" * 16, "b" * 16]).values():
        assert {name: list(tables_of(record)[name].columns) for name in LATER} == LATER
        assert all(tables_of(record)[name].empty for name in LATER)
        assert metrics.measured(record) is None
        assert not [one.key for one in runs.of_record(record, {}).metrics if one.key.startswith("final/test_frame")]


def test_metrics_of_a_record_are_those_of_its_sums(store: Store):
    store.write(make_record(), WEIGHTS)
    (record,) = store.read([make_record().key]).values()
    measured = metrics.measured(record)
    assert measured is not None
    assert measured.values == {"frame_f1": pytest.approx(1), "frame_accuracy": pytest.approx(1)}
    logged = {one.key: one.value for one in runs.of_record(record, {}).metrics}
    assert logged["final/test_frame_f1"] == measured.values["frame_f1"]


DAMAGED = {
    "a sum is gone": [(0, "hits", 1.0), (0, "misses", 1.0)],
    "a sequence without a number": [(float("nan"), "hits", 1.0)],
    "no class": [(0, "correct", 1.0), (0, "brier", 1.0), (0, "confusion/x/1", 1.0)],
}


@pytest.mark.parametrize("rows", DAMAGED.values(), ids=DAMAGED)
def test_sums_that_are_damaged_are_one_line(rows: list[tuple[float, str, float]]):
    record = replace(make_record(), statistics=pd.DataFrame(rows, columns=STATISTICS))
    with pytest.raises(BadInput, match=f"of record {record.key} are damaged .*; remove its folder"):
        metrics.measured(record)


def test_a_compact_record_serves_where_the_folder_is_gone(store: Store):
    collection.add(store.results / "some" / "records.parquet", [make_record("a" * 16)])
    store.write(make_record("b" * 16), WEIGHTS)
    assert set(store.read(["a" * 16, "b" * 16, "c" * 16])) == {"a" * 16, "b" * 16}


def test_a_folder_without_its_record_is_written_anew(store: Store):
    (store.trials / make_record().key).mkdir(parents=True)
    (store.trials / make_record().key / "curve.csv").write_text("of an interrupted copy")
    store.write(make_record(), WEIGHTS)
    assert_same(store.read([make_record().key])[make_record().key], make_record())


def test_the_first_of_two_records_stays(store: Store):
    store.write(make_record(seconds=1.0), WEIGHTS)
    store.write(make_record(seconds=2.0), WEIGHTS)
    assert store.read(["0123456789abcdef"])["0123456789abcdef"].summary.seconds == 1.0
    assert len(list(store.trials.iterdir())) == 1


WRITER = """
    import sys, time
    from dataclasses import replace
    from pathlib import Path

    import numpy as np

    sys.path.insert(0, {tests!r})
    from support.records import make_record
    from gatebench.records.store import Store

    folder, writer = Path(sys.argv[1]), int(sys.argv[2])
    (folder / f"ready-{{writer}}").touch()
    while len(list(folder.glob("ready-*"))) < 2:
        time.sleep(0.001)
    for i in range(40):
        one = make_record(f"{{i:016x}}", seconds=float(writer))
        Store(folder / "results").write(one, {{"W": np.full((300, 300), writer, np.float32)}})
"""


def test_two_processes_that_write_one_key_leave_one_whole_record(tmp_path: Path):
    from safetensors.numpy import load_file

    program = textwrap.dedent(WRITER).format(tests=str(Path(__file__).parents[1]))
    writers = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(writer)]) for writer in (1, 2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    store = Store(tmp_path / "results")
    assert sorted(path.name for path in store.trials.iterdir()) == [f"{i:016x}" for i in range(40)]
    for key, one in store.read([f"{i:016x}" for i in range(40)]).items():
        # Every file of a record is by the same writer.
        weights = load_file(store.trials / key / "weights.safetensors")["W"]
        assert {one.summary.seconds} == set(one.curve.seconds) == set(np.unique(weights).tolist())


@pytest.fixture(params=[0o022, 0o002, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_files_are_open_to_whom_the_umask_says_and_to_nobody_else(store: Store, umask: int):
    store.prepare()
    store.write(make_record(), WEIGHTS)
    collection.add(store.results / "some" / "records.parquet", [make_record()])
    study_file.add_points(store.results, "some", [])
    Checkpoint(store.results, ["a"]).save(WEIGHTS, {"epoch": 1})
    paths = [path for path in store.results.rglob("*") if path.suffix != ".lock"]
    assert len(paths) == 15
    for path in paths:
        mode = path.stat().st_mode & 0o777
        widest = (0o777 if path.is_dir() else 0o666) & ~umask
        assert oct(mode) == oct(widest), path


AUDITED = """
    import sys
    from pathlib import Path

    sys.path.insert(0, {tests!r})
    from support.records import WEIGHTS, make_record
    import pyarrow.parquet, safetensors.numpy
    from gatebench.records.checkpoints import Checkpoint
    from gatebench.records.store import Store
    from gatebench.records import collection

    def refuse(event, arguments):
        if event.startswith("pickle."):
            raise RuntimeError(event)

    sys.addaudithook(refuse)
    results = Path(sys.argv[1])
    store, checkpoint = Store(results), Checkpoint(results, ["a" * 16])
    store.write(make_record(), WEIGHTS)
    store.read([make_record().key])
    collection.add(results / "some" / "records.parquet", [make_record()])
    list(collection.read(results / "some" / "records.parquet"))
    checkpoint.save(WEIGHTS, {{"epoch": 1}})
    checkpoint.load()
    Checkpoint.interrupted(results)
    print("read and written")
    import pickle
    pickle.loads(pickle.dumps(Path()))
"""


def test_nothing_is_pickled(tmp_path: Path):
    program = textwrap.dedent(AUDITED).format(tests=str(Path(__file__).parents[1]))
    run = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert run.stdout == "read and written\n", run.stderr
    assert "RuntimeError: pickle.find_class" in run.stderr  # the hook would have told
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file()} - {".lock"}
    assert kinds == {".json", ".csv", ".safetensors", ".parquet", ""}  # the last one of SHA256SUMS
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes()[:1] == b"\x80"]


# Damage


@pytest.mark.parametrize("results", ["file/results", "file", "/proc/results"])
def test_a_folder_that_cannot_be_written_is_said_before_anything_is_trained(tmp_path: Path, results: str):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match=r"cannot be written \(.*results=FOLDER"):
        Store(tmp_path / results).prepare()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Store(tmp_path_factory.mktemp("fuzz"))
    store.write(make_record(), WEIGHTS)
    return store.trials / make_record().key


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 6), junk=st.text(max_size=8))
def test_a_text_that_anything_may_have_happened_to_is_a_record_or_bad_input(folder: Path, seed: int, edits: int, junk: str):
    text, chance = files.to_json(make_record().without_tables), random.Random(seed)
    for _ in range(edits):
        start, length = chance.randrange(len(text) + 1), chance.choice([0, 1, 3, 40])
        text = (
            text[:start]
            + chance.choice(["", junk, "NaN", "null", "[", "}", '"', text[: 2 * length]])
            + text[start + length :]
        )
    (folder / "record.json").write_bytes(text.encode(errors="surrogatepass"))
    with contextlib.suppress(BadInput):  # one of the two outcomes; any other exception fails the test
        assert isinstance(read(folder), Record)
