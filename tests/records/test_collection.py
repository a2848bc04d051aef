"""What a study publishes only grows."""

from pathlib import Path

import pandas as pd
import pytest

from gatebench.records import collection
from gatebench.records.store import Store
from support.records import WEIGHTS, make_record

A, B, C = ("a" * 16, "b" * 16, "c" * 16)


def test_records_that_are_published_stay_to_the_byte(tmp_path: Path):
    path = tmp_path / collection.NAME
    collection.add(path, [make_record(A), make_record(B)])
    before = pd.read_parquet(path)
    collection.add(path, [make_record(C), make_record(A, seconds=99.0)])
    after = pd.read_parquet(path)
    assert list(after.key) == [A, B, C]
    pd.testing.assert_frame_equal(after.iloc[:2], before)


def test_a_file_that_lacks_nothing_is_not_touched(tmp_path: Path):
    path = tmp_path / collection.NAME
    collection.add(path, [make_record(A)])
    before = path.stat().st_mtime_ns, path.read_bytes()
    collection.add(path, [make_record(A)])
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_a_study_that_names_fewer_trials_keeps_those_that_it_published(tmp_path: Path):
    store = Store(tmp_path)
    for key in (A, B):
        store.write(make_record(key), WEIGHTS)
    store.publish("some", [A, B])
    assert [record.key for record in collection.read(store.publish("some", [B]))] == [A, B]


def test_records_of_version_0_1_are_read_under_the_names_of_today(tmp_path: Path):
    path = tmp_path / collection.NAME
    collection.add(path, [make_record(A, relative_throughput=0.5)])
    table = pd.read_parquet(path)
    former = table.record[0].replace('"relative_throughput"', '"matmul_fraction"').replace('"baselines"', '"floors"')
    former = former.replace('"weight_noise": 0.0', '"weight_noise": 0.25, "optimiser": "adam", "retention": 1.0')
    assert former != table.record[0]
    table.assign(record=[former]).to_parquet(path)
    (record,) = collection.read(path)
    assert record.summary.relative_throughput == 0.5
    assert record.summary.baselines == {}
    assert record.settings.training == {"weight_noise": 0.25, "optimizer": "adam", "forget_bias": 1.0}
    assert record.settings.hyperparameters.weight_noise == 0.25


def test_chosen_records_alone_are_decoded(tmp_path: Path):
    path = tmp_path / collection.NAME
    collection.add(path, [make_record(A), make_record(B)])
    table = pd.read_parquet(path)
    table.assign(curve=[table.curve[0], "no JSON"]).to_parquet(path)
    assert [record.key for record in collection.read(path, [A])] == [A]
    assert collection.read_keys(path) == [A, B]


def test_chosen_summaries_alone_are_decoded(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "some" / collection.NAME
    collection.add(path, [make_record(A), make_record(B)])
    table = pd.read_parquet(path)
    table.assign(record=[table.record[0], "no JSON"]).to_parquet(path)
    store = Store(tmp_path)
    assert store.summaries([A, C]) == {A: make_record(A).summary}
    assert store.summaries([A, B]) == {A: make_record(A).summary}
    assert store.finished() == set()
    assert "records.parquet is damaged" in capsys.readouterr().err
