"""Whatever stands in the files of a results folder, a reader makes something of it or says in one line what to do."""

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import altered, answer, anything, instead, json_values, law
from safetensors.numpy import save

from bench.records import frame, record, samples, status, study_file
from bench.records.frame import Frame
from bench.records.record import CURVE, SEQUENCES, Checkpoint, Record, Store, read, read_compact, write_compact

SEARCHED, CONFIRMED = "5" * 16, "c" * 16
STUDY = "some"
LABELS = {"task": "tiny", "cell": "gru", "budget": "units_64", "training": "modern"}
WEIGHTS = {"W": np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3), "b_h": np.zeros((1, 3), np.float32)}
SCORES = {split: {"nll": 1.5, "nll_sequence_mean": 1.25} for split in ("train", "valid", "test")}
MARKS = [b"NaN", b"-Infinity", b"null", b"[", b"}", b'"', b"," * 9, b"1e999", b"9" * 5000, b"[" * 2000, b"\n", b"\xff\xfe"]
"""What means something in JSON and CSV."""


def made(key: str) -> Record:
    """A record of which a frame can be built."""
    sizes = ("units", "inputs", "parameters_recurrent", "parameters_total", "flops_per_step", "state_size")
    return Record(
        key=key,
        settings={"lr": 0.01, "seed": 1, "sizes": {"H": 3}, "training": {"weight_noise": 0.0}},
        summary={
            "status": "finished",
            "scores": SCORES,
            **dict.fromkeys(("best_epoch", "epochs", "updates", "population_size", *sizes), 3),
            "seconds": 1.5,
            "matmul_fraction": 0.2,
            "engine": "reference",
            "device": "cpu",
            "data": {"kind": "audio", "time_step": "a block", "outputs": 10, "std": 2.5},
            "title": "Tiny",
            "synthetic": True,
            "floors": {"unigram": SCORES},
        },
        provenance={
            "commit": "0" * 40,
            "versions": {"gatebench": "0", "torch": "2"},
            "machine": {"processor": "x", "cores": 2},
            "threads": 1,
        },
        equations=[r"h = \tanh(W x)"],
        curve=pd.DataFrame([[1, 4, 1.5, s, 1.5, 1.25] for s in ("train", "valid")], columns=CURVE),
        sequences=pd.DataFrame([[0, 7, 9.5], [1, 3, 4.5]], columns=SEQUENCES),
    )


POINT = {
    "labels": LABELS,
    "search": [SEARCHED],
    "selected": {"lr": 0.01, "weight_noise": 0.0},
    "confirm": [CONFIRMED],
    "confirm_planned": 1,
}
DRAWN = pd.DataFrame([[*LABELS.values(), CONFIRMED, "a.wav", "a.png", 3, 4, 0.5]], columns=samples.COLUMNS)
SPECTRA = pd.DataFrame([[*LABELS.values(), 100.0, -3.0], ["tiny", "[data]", *list(LABELS.values())[2:], 1.0, -3.0]])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with one study of two trials, its samples, and a checkpoint."""
    folder = tmp_path_factory.mktemp("any") / "results"
    store = Store(folder)
    for key in (SEARCHED, CONFIRMED):
        store.write(made(key), WEIGHTS)
    study_file.write_points(folder, STUDY, [POINT])
    samples.write(folder, STUDY, DRAWN, SPECTRA.set_axis(samples.SPECTRA, axis=1))
    Checkpoint(folder, [CONFIRMED]).save(WEIGHTS, {"epoch": 3})
    write_compact(folder / "other" / "records.parquet", [made("a" * 16), made("b" * 16)])
    return folder


def judge(results: Path, *names: str) -> None:
    """Whoever reads a whole study."""
    found = answer(lambda: frame.load(results, STUDY), *names)
    assert found is None or isinstance(found, Frame)
    said = answer(lambda: status.describe(results, STUDY), *names)
    assert said is None or isinstance(said, str)


def test_what_is_whole_is_read(results: Path):
    found = frame.load(results, STUDY)
    assert set(found.trials.key) == {SEARCHED, CONFIRMED}
    assert len(found.samples) == 1
    assert len(found.spectra) == 2
    assert Checkpoint.interrupted(results) == [[CONFIRMED]]
    assert [one.key for one in read_compact(results / "other" / "records.parquet")] == ["a" * 16, "b" * 16]


# Records


@pytest.mark.parametrize("name", ["record.json", "curve.csv", "sequences.csv"])
@law(40)
@given(data=st.data())
def test_any_bytes_in_a_record_are_a_record_or_one_line(results: Path, name: str, data: st.DataObject):
    path = results / "trials" / CONFIRMED / name
    with instead(path, data.draw(anything(path.read_bytes(), MARKS))):
        found = answer(lambda: read(path.parent), CONFIRMED)
        assert found is None or isinstance(found, Record)
        judge(results, CONFIRMED)


@law(60)
@given(values=altered(made(CONFIRMED).described))
def test_any_values_of_a_record_are_a_frame_or_one_line(results: Path, values: Any):
    path = results / "trials" / CONFIRMED / "record.json"
    with instead(path, json.dumps(values).encode()):
        judge(results, CONFIRMED)


CELLS = st.sampled_from(["", "0", "-1", "1.5", "nan", "inf", "1e999", "9" * 400, "x", "é", " ", '"', "1_0", "test"])


@pytest.mark.parametrize("name", ["curve.csv", "sequences.csv"])
@law(30)
@given(data=st.data())
def test_any_cells_of_a_record_are_a_frame_or_one_line(results: Path, name: str, data: st.DataObject):
    columns = {"curve.csv": CURVE, "sequences.csv": SEQUENCES}[name]
    named = data.draw(st.just(columns) | st.lists(st.sampled_from([*columns, "", "key"]), max_size=8))
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(columns), max_size=len(columns)), max_size=3))
    with instead(results / "trials" / CONFIRMED / name, "\n".join(map(",".join, [named, *rows])).encode()):
        judge(results, CONFIRMED)


@law(60)
@given(data=st.data())
def test_any_bytes_in_a_collection_are_records_or_one_line(results: Path, data: st.DataObject):
    path = results / "other" / "records.parquet"
    with instead(path, data.draw(anything(path.read_bytes()))):
        found = answer(lambda: list(read_compact(path)), str(path))
        assert found is None or all(isinstance(one, Record) for one in found)
        answer(lambda: Store(results).finished(), str(path))


@law(60)
@given(data=st.data())
def test_any_table_is_a_collection_or_one_line(results: Path, data: st.DataObject):
    path = results / "other" / "records.parquet"
    whole = pd.read_parquet(path).iloc[0].to_dict()
    values = {
        "key": "a" * 16,
        "record": data.draw(altered(json.loads(whole["record"]))),
        "curve": data.draw(altered(json.loads(whole["curve"]))),
        "sequences": data.draw(altered(json.loads(whole["sequences"]))),
    }
    kept = data.draw(st.lists(st.sampled_from([*values, "Index", "_1"]), min_size=1, unique=True) | st.just(list(values)))
    written = data.draw(st.sampled_from([json.dumps, lambda value: json.dumps(value).encode(), lambda value: len(str(value))]))
    file = io.BytesIO()
    pd.DataFrame([{name: written(values.get(name)) for name in kept}]).to_parquet(file)
    with instead(path, file.getvalue()):
        found = answer(lambda: list(read_compact(path)), str(path))
        assert found is None or all(isinstance(one, Record) for one in found)
        answer(lambda: Store(results).finished(), str(path))
        for one in found or ():
            built = answer(lambda one=one: frame.build(STUDY, [{**POINT, "confirm": ["k"]}], {"k": one}), STUDY)
            assert built is None or isinstance(built, Frame)


# Weights and checkpoints


def with_header(whole: bytes, header: Any) -> bytes:
    """A safetensors file with another header."""
    (length,) = struct.unpack("<Q", whole[:8])
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + whole[8 + length :]


def header(whole: bytes) -> Any:
    """Of a safetensors file."""
    return json.loads(whole[8 : 8 + struct.unpack("<Q", whole[:8])[0]])


TYPES = ["F64", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F4", "U8", "BOOL", "I64", "U16", "C64", "E8M0"]


def any_tensors(whole: bytes) -> st.SearchStrategy[bytes]:
    """Bytes where a safetensors file should be."""
    headers = altered(header(whole), [*TYPES, [1, 6], [6], [0, 2**40], [0, 12]])
    return anything(whole, MARKS) | headers.map(lambda value: with_header(whole, value))


@law(80)
@given(data=st.data())
def test_any_bytes_are_weights_or_one_line(results: Path, data: st.DataObject):
    path = results / "trials" / CONFIRMED / "weights.safetensors"
    with instead(path, data.draw(any_tensors(path.read_bytes()))):
        found = answer(lambda: Store(results).weights(CONFIRMED), str(path))
        assert found is None or all(isinstance(value, np.ndarray) for value in found.values())


def judge_checkpoint(results: Path) -> None:
    found = Checkpoint(results, [CONFIRMED]).load()
    if found is not None:
        assert all(isinstance(array, np.ndarray) for array in found[0].values())
        assert isinstance(found[1], dict)
    for keys in Checkpoint.interrupted(results):
        assert isinstance(keys, list)
        assert all(isinstance(key, str) for key in keys)
    answer(lambda: status.describe(results, STUDY), STUDY)


@law(80)
@given(data=st.data())
def test_any_bytes_are_a_checkpoint_or_count_as_none(results: Path, data: st.DataObject):
    path = Checkpoint(results, [CONFIRMED]).folder / "state.safetensors"
    with instead(path, data.draw(any_tensors(path.read_bytes()))):
        judge_checkpoint(results)


@law(40)
@given(
    metadata=st.dictionaries(
        st.sampled_from(["keys", "values"]),
        json_values().map(json.dumps) | st.sampled_from(["", "{", "NaN", "[" * 3000, "9" * 5000, '["a"]', '{"epoch": 1}']),
    )
)
def test_any_words_beside_the_arrays_are_a_checkpoint_or_count_as_none(results: Path, metadata: dict[str, str]):
    path = Checkpoint(results, [CONFIRMED]).folder / "state.safetensors"
    with instead(path, save(WEIGHTS, metadata)):
        judge_checkpoint(results)


# Studies


@law(60)
@given(data=st.data())
def test_any_bytes_in_a_study_file_are_a_study_or_one_line(results: Path, data: st.DataObject):
    path = study_file.path(results, STUDY)
    with instead(path, data.draw(anything(path.read_bytes(), MARKS))):
        answer(lambda: study_file.read(results, STUDY), str(path))
        answer(lambda: study_file.studies_of(results), str(path))
        judge(results, str(path))


@law(60)
@given(points=altered({study_file.title(POINT): POINT}))
def test_any_points_of_a_study_are_a_frame_or_one_line(results: Path, points: Any):
    path = study_file.path(results, STUDY)
    with instead(path, json.dumps({"study": STUDY, "points": points}).encode()):
        answer(lambda: study_file.read(results, STUDY), str(path))
        answer(lambda: study_file.studies_of(results), str(path))
        judge(results, str(path))


@pytest.mark.parametrize("name", ["samples.csv", "spectra.csv"])
@law(40)
@given(data=st.data())
def test_any_bytes_are_samples_or_one_line(results: Path, name: str, data: st.DataObject):
    path = samples.folder(results, STUDY) / name
    with instead(path, data.draw(anything(path.read_bytes(), MARKS))):
        found = answer(lambda: samples.read(results, STUDY), str(path.parent))
        assert found is None or [list(table.columns) for table in found] == [samples.COLUMNS, samples.SPECTRA]
        judge(results, str(path.parent))


def test_a_folder_in_the_place_of_a_file_is_said(results: Path, tmp_path: Path):
    (tmp_path / "trials" / CONFIRMED / "record.json").mkdir(parents=True)
    (tmp_path / "some" / "records.parquet").mkdir(parents=True)
    for path, reader in {
        tmp_path / "trials" / CONFIRMED: read,
        tmp_path / "some" / "records.parquet": lambda path: list(read_compact(path)),
    }.items():
        assert answer(lambda path=path, reader=reader: reader(path), str(path)) is None
    assert record.Store(tmp_path).read([CONFIRMED]) == {}
