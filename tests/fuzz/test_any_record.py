"""Whatever stands in the files of a results folder, a reader makes something of it or says in one line what to do."""

import io
import json
import shutil
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from gatebench.records import collection, frame, samples, status, study_file
from gatebench.records.checkpoints import FORMAT, Checkpoint
from gatebench.records.data_facts import DataFacts
from gatebench.records.frame import Frame
from gatebench.records.schema import TABLES, Record, Score
from gatebench.records.store import Store, read
from support.mutations import GONE, altered, answer, anything, json_values, law, one_changed
from support.records import LABELS, WEIGHTS, make_point, make_record

SEARCHED, CONFIRMED = "5" * 16, "c" * 16
STUDY = "some"
MARKS = [b"NaN", b"-Infinity", b"null", b"[", b"}", b'"', b"," * 9, b"1e999", b"9" * 5000, b"[" * 2000, b"\n", b"\xff\xfe"]
"""What means something in JSON and CSV."""


def record_of(key: str) -> Record:
    """A record of which a frame can be built."""
    scores = {split: Score(1.5, 1.25) for split in ("train", "valid", "test")}
    record = make_record(
        key, scores=scores, relative_throughput=0.2, baselines={"unigram": scores},
        data=DataFacts("audio", "a block", 10, 8000, 0.5, 2.5),
    )  # fmt: skip
    return replace(
        record,
        curve=pd.DataFrame([[1, 4, 1.5, s, 1.5, 1.25] for s in ("train", "valid")], columns=list(TABLES["curve"])),
        sequences=pd.DataFrame([[0, 7, 9.5], [1, 3, 4.5]], columns=list(TABLES["sequences"])),
        statistics=pd.DataFrame(
            [[0, "hits", 3.0], [1, "misses", 1.0], [1, "false_alarms", 2.0]], columns=list(TABLES["statistics"])
        ),
        predictions=pd.DataFrame([[0, 0, 0, 1.5, 1.25]], columns=list(TABLES["predictions"])),
    )


POINT = make_point([SEARCHED], [CONFIRMED])
DRAWN = pd.DataFrame([[*vars(LABELS).values(), CONFIRMED, "a.wav", "a.png", 3, 4, 0.5]], columns=samples.COLUMNS)
SPECTRA = pd.DataFrame(
    [[*vars(LABELS).values(), 100.0, -3.0], ["tiny", "[data]", *list(vars(LABELS).values())[2:], 1.0, -3.0]]
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with one study of two trials, its samples, and a checkpoint."""
    folder = tmp_path_factory.mktemp("any") / "results"
    store = Store(folder)
    for key in (SEARCHED, CONFIRMED):
        store.write(record_of(key), WEIGHTS)
    study_file.add_points(folder, STUDY, [POINT])
    samples.write(folder, STUDY, DRAWN, SPECTRA.set_axis(samples.SPECTRA, axis=1))
    Checkpoint(folder, [CONFIRMED]).save(WEIGHTS, {"epoch": 3})
    collection.add(folder / "other" / "records.parquet", [record_of("a" * 16), record_of("b" * 16)])
    return folder


@contextmanager
def changed(whole: Path, name: str, content: bytes) -> Iterator[Path]:
    """A copy of the results in which one file has another content; readers may set aside what is damaged."""
    with TemporaryDirectory(dir=whole.parent) as folder:
        results = Path(folder) / "results"
        shutil.copytree(whole, results)
        (results / name).write_bytes(content)
        yield results


def judge(results: Path, *names: str) -> None:
    """Whoever reads a whole study."""
    loaded = answer(lambda: frame.load(results, STUDY), *names)
    assert loaded is None or isinstance(loaded, Frame)
    description = answer(lambda: status.describe(results, STUDY), *names)
    assert description is None or isinstance(description, str)


def test_what_is_whole_is_read(whole: Path):
    results = whole
    loaded = frame.load(results, STUDY)
    assert set(loaded.trials.key) == {SEARCHED, CONFIRMED}
    assert len(loaded.samples) == 1
    assert len(loaded.spectra) == 2
    assert Checkpoint.interrupted(results) == [[CONFIRMED]]
    assert [one.key for one in collection.read(results / "other" / "records.parquet")] == ["a" * 16, "b" * 16]


# Records


RECORD = f"trials/{CONFIRMED}"


@pytest.mark.parametrize("name", ["record.json", *(f"{table}.csv" for table in TABLES)])
@law(25)
@given(data=st.data())
def test_any_bytes_in_a_record_are_a_record_or_one_line(whole: Path, name: str, data: st.DataObject):
    content = data.draw(anything((whole / RECORD / name).read_bytes(), MARKS))
    with changed(whole, f"{RECORD}/{name}", content) as results:
        record = answer(lambda: read(results / RECORD), CONFIRMED)
        assert record is None or isinstance(record, Record)
        judge(results, CONFIRMED)


@law(40)
@given(values=altered(asdict(record_of(CONFIRMED).without_tables)))
def test_any_values_of_a_record_are_a_frame_or_one_line(whole: Path, values: Any):
    with changed(whole, f"{RECORD}/record.json", json.dumps(values).encode()) as results:
        judge(results, CONFIRMED)


CHANGES = {
    "gone": lambda _: GONE,
    "null": lambda _: None,
    "wrapped": lambda node: [node],
    "half a character": lambda node: "\ud800" if isinstance(node, str) else node,
    "negative": lambda node: -1 if isinstance(node, int | float) else node,
    "endless": lambda node: 10**400 if isinstance(node, int | float) else node,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_record_of_which_one_value_is_odd_is_a_frame_or_one_line(whole: Path, change: Callable[[Any], Any]):
    described = asdict(record_of(CONFIRMED).without_tables)
    for values in one_changed(described, change):
        if values != described:
            with changed(whole, f"{RECORD}/record.json", json.dumps(values).encode()) as results:
                judge(results, CONFIRMED)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_study_of_which_one_value_is_odd_is_a_frame_or_one_line(whole: Path, change: Callable[[Any], Any]):
    described = {"study": STUDY, "points": {str(LABELS): asdict(POINT)}}
    for values in one_changed(described, change):
        if values != described:
            with changed(whole, f"{STUDY}/study.json", json.dumps(values).encode()) as results:
                judge_study(results)


CELLS = st.sampled_from(["", "0", "-1", "1.5", "nan", "inf", "1e999", "9" * 400, "x", "é", " ", '"', "1_0", "test"])


@pytest.mark.parametrize("name", [f"{table}.csv" for table in TABLES])
@law(20)
@given(data=st.data())
def test_any_cells_of_a_record_are_a_frame_or_one_line(whole: Path, name: str, data: st.DataObject):
    columns = list(TABLES[name.removesuffix(".csv")])
    named = data.draw(st.just(columns) | st.lists(st.sampled_from([*columns, "", "key"]), max_size=8))
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(columns), max_size=len(columns)), max_size=3))
    with changed(whole, f"{RECORD}/{name}", "\n".join(map(",".join, [named, *rows])).encode()) as results:
        judge(results, CONFIRMED)


COLLECTION = "other/records.parquet"


def judge_collection(results: Path) -> list[Record] | None:
    """Whoever reads published records."""
    path = results / COLLECTION
    records = answer(lambda: list(collection.read(path)), str(path))
    assert records is None or all(isinstance(one, Record) for one in records)
    for reader in (lambda: Store(results).finished(), lambda: Store(results).summaries(["a" * 16])):
        answer(reader, str(path))
    return records


@law(40)
@given(data=st.data())
def test_any_bytes_in_a_collection_are_records_or_one_line(whole: Path, data: st.DataObject):
    content = data.draw(anything((whole / COLLECTION).read_bytes()))
    with changed(whole, COLLECTION, content) as results:
        judge_collection(results)


@law(40)
@given(data=st.data())
def test_any_table_is_a_collection_or_one_line(whole: Path, data: st.DataObject):
    row = pd.read_parquet(whole / COLLECTION).iloc[0].to_dict()
    values = {"key": row["key"]} | {name: data.draw(altered(json.loads(row[name]))) for name in ("record", *TABLES)}
    names = data.draw(st.lists(st.sampled_from([*values, "Index", "_1"]), min_size=1, unique=True) | st.just(list(values)))
    written = data.draw(st.sampled_from([json.dumps, json.dumps, lambda value: json.dumps(value).encode(), repr]))
    file = io.BytesIO()
    pd.DataFrame([{name: written(values.get(name)) for name in names}]).to_parquet(file)
    with changed(whole, COLLECTION, file.getvalue()) as results:
        for one in judge_collection(results) or ():
            built = answer(
                lambda one=one: frame.build(STUDY, [replace(POINT, confirm=["k"])], {"k": one}), str(one.key), STUDY
            )
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


TYPES = {"F64": 3, "F32": 6, "F16": 12, "BF16": 12, "F8_E4M3": 24, "F8_E5M2": 24, "F4": 48, "U8": 24, "C64": 3, "NONE": 6}
"""Kind of number -> how many of them W has room for."""


def any_tensors(whole: bytes) -> st.SearchStrategy[bytes]:
    """Bytes where a safetensors file should be."""
    headers = altered(header(whole), [*TYPES, [1, 6], [6], [0, 2**40], [0, 12]])
    return anything(whole, MARKS) | headers.map(lambda value: with_header(whole, value))


@law(50)
@given(data=st.data())
def test_any_bytes_are_weights_or_one_line(whole: Path, data: st.DataObject):
    content = data.draw(any_tensors((whole / RECORD / "weights.safetensors").read_bytes()))
    with changed(whole, f"{RECORD}/weights.safetensors", content) as results:
        weights = answer(lambda: Store(results).weights(CONFIRMED), CONFIRMED)
        assert weights is None or all(isinstance(value, np.ndarray) for value in weights.values())


CHECKPOINT = f"checkpoints/{Checkpoint(Path(), [CONFIRMED]).folder.name}/state.safetensors"


@pytest.mark.parametrize("kind", TYPES)
def test_any_kind_of_number_is_weights_or_one_line(whole: Path, kind: str):
    """Some kinds are known to the format and not to NumPy."""
    for name in (f"{RECORD}/weights.safetensors", CHECKPOINT):
        content = (whole / name).read_bytes()
        stated = header(content)
        stated["W"] |= {"dtype": kind, "shape": [TYPES[kind]]}
        with changed(whole, name, with_header(content, stated)) as results:
            answer(lambda results=results: Store(results).weights(CONFIRMED), CONFIRMED)
            judge_checkpoint(results)


def judge_checkpoint(results: Path) -> None:
    """Whoever reads a checkpoint, of which there is nothing to say if it is damaged."""
    checkpoint = Checkpoint(results, [CONFIRMED]).load()
    if checkpoint is not None:
        assert all(isinstance(array, np.ndarray) for array in checkpoint[0].values())
        assert isinstance(checkpoint[1], dict)
    for keys in Checkpoint.interrupted(results):
        assert isinstance(keys, list)
        assert all(isinstance(key, str) for key in keys)
    assert isinstance(status.describe(results, STUDY), str)


@law(50)
@given(data=st.data())
def test_any_bytes_are_a_checkpoint_or_count_as_none(whole: Path, data: st.DataObject):
    content = data.draw(any_tensors((whole / CHECKPOINT).read_bytes()))
    with changed(whole, CHECKPOINT, content) as results:
        judge_checkpoint(results)


WORDS = st.sampled_from(["", "{", "NaN", "[" * 3000, "9" * 5000, '["a"]', '{"epoch": 1}'])


@law(25)
@given(metadata=st.dictionaries(st.sampled_from(["keys", "values"]), json_values().map(json.dumps) | WORDS))
def test_any_words_beside_the_arrays_are_a_checkpoint_or_count_as_none(whole: Path, metadata: dict[str, str]):
    with changed(whole, CHECKPOINT, save(WEIGHTS, {"format": FORMAT, **metadata})) as results:
        judge_checkpoint(results)


# Studies


def judge_study(results: Path) -> None:
    """Whoever reads the file of a study."""
    path = str(study_file.path(results, STUDY))
    answer(lambda: study_file.read(results, STUDY), path)
    answer(lambda: study_file.studies_of(results), path)
    judge(results, path, f"no study '{STUDY}'")  # once it is set aside


@law(40)
@given(data=st.data())
def test_any_bytes_in_a_study_file_are_a_study_or_one_line(whole: Path, data: st.DataObject):
    content = data.draw(anything((whole / STUDY / "study.json").read_bytes(), MARKS))
    with changed(whole, f"{STUDY}/study.json", content) as results:
        judge_study(results)


@law(40)
@given(points=altered({str(LABELS): asdict(POINT)}, [SEARCHED, CONFIRMED, [SEARCHED]]))
def test_any_points_of_a_study_are_a_frame_or_one_line(whole: Path, points: Any):
    content = json.dumps({"study": STUDY, "points": points}).encode()
    with changed(whole, f"{STUDY}/study.json", content) as results:
        judge_study(results)


@pytest.mark.parametrize("key", ["../../precious", "/precious", "..", ".", "", "a" * 300, "a\0b"])
def test_a_key_that_points_outside_the_trials_is_one_line_and_moves_nothing(whole: Path, tmp_path: Path, key: str):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "record.json").write_text("of somebody else")
    results = tmp_path / "results"
    shutil.copytree(whole, results)
    point = {**asdict(POINT), "search": [key.replace("/precious", str(precious)) if key.startswith("/") else key]}
    study_file.path(results, STUDY).write_text(json.dumps({"study": STUDY, "points": {"x": point}}))
    judge_study(results)
    assert precious.is_dir()
    assert (results / "trials").is_dir()


@pytest.mark.parametrize("name", ["samples.csv", "spectra.csv"])
@law(25)
@given(data=st.data())
def test_any_bytes_are_samples_or_one_line(whole: Path, name: str, data: st.DataObject):
    content = data.draw(anything((whole / STUDY / "samples" / name).read_bytes(), MARKS))
    with changed(whole, f"{STUDY}/samples/{name}", content) as results:
        place = str(results / STUDY / "samples")
        tables = answer(lambda: samples.read(results, STUDY), place)
        assert tables is None or [list(table.columns) for table in tables] == [samples.COLUMNS, samples.SPECTRA]
        judge(results, place)


def test_a_folder_in_the_place_of_a_file_is_said(tmp_path: Path):
    (tmp_path / "trials" / CONFIRMED / "record.json").mkdir(parents=True)
    (tmp_path / STUDY / "records.parquet").mkdir(parents=True)
    (tmp_path / STUDY / "records.parquet" / "x").write_text("x")
    assert answer(lambda: read(tmp_path / "trials" / CONFIRMED), CONFIRMED) is None
    assert answer(lambda: list(collection.read(tmp_path / STUDY / "records.parquet")), "records.parquet") is None
