"""The frame: its columns, its units, one row per trial and split."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from gatebench.core.errors import BadInput
from gatebench.core.files import to_json
from gatebench.records import frame, store
from gatebench.records.data_facts import Blocks, DataFacts
from gatebench.records.frame import COLUMNS, RESULT_COLUMNS, Frame
from gatebench.records.schema import CURVE, decode_record
from support.commands import SMALL, sweep
from support.datasets import Tiny, make_tiny
from support.records import make_point, make_record

PROMISED = (
    "study, stage, task, cell, budget, training, pipeline, key, seed, lr, weight_noise, weight_decay, units, "
    "inputs, parameters_recurrent, parameters_total, flops_per_step, state_size, split, nll, nll_sequence_mean, best_epoch, "
    "epochs, updates, seconds, core_seconds, relative_throughput, engine, population_size, device, status"
)
"""Columns that others rely on, in order."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Two cells, each with a search of two rates and two confirming seeds."""
    settled = make_tiny(tmp_path_factory.mktemp("frame"))
    sweep(settled, *SMALL)
    return settled


@pytest.fixture(scope="module")
def tiny_frame(tiny: Tiny) -> Frame:
    return frame.load(tiny.folder / "results", "adhoc")


def test_columns_are_those_that_were_promised(tiny_frame: Frame):
    assert list(tiny_frame.trials.columns) == COLUMNS == PROMISED.split(", ")
    assert list(tiny_frame.curves.columns) == [
        "study",
        "stage",
        "task",
        "cell",
        "budget",
        "training",
        "pipeline",
        "key",
        "seed",
        "lr",
        "weight_noise",
        "weight_decay",
        *CURVE,
    ]
    assert list(tiny_frame.baselines.columns) == ["task", "baseline", "split", "nll", "nll_sequence_mean"]


def test_metrics_have_a_row_for_each_confirming_trial(tiny_frame: Frame):
    assert set(tiny_frame.metrics.metric) == {"frame_f1", "frame_accuracy"}
    assert sorted(set(tiny_frame.metrics.key)) == sorted(tiny_frame.confirmed("test").key)
    assert tiny_frame.metrics.value.between(0, 1).all()


def test_an_undisturbed_and_a_resumed_study_may_differ_in_four_columns():
    assert set(COLUMNS) - set(RESULT_COLUMNS) == {
        "seconds", "core_seconds", "relative_throughput", "engine", "population_size",
    }  # fmt: skip


def test_there_is_one_row_per_trial_and_split(tiny_frame: Frame):
    assert len(tiny_frame.trials) == 2 * (2 + 2) * 3
    assert not tiny_frame.trials.duplicated(["key", "split"]).any()
    counts = tiny_frame.trials.groupby(["cell", "stage", "split"]).size()
    assert counts.to_dict() == {
        (c, stage, split): 2
        for c in ("gru", "rnn")
        for stage in ("confirm", "search")
        for split in ("test", "train", "valid")
    }
    assert not tiny_frame.trials.isna().any().any()


def test_confirmed_trials_of_a_split_are_those(tiny_frame: Frame):
    test = tiny_frame.confirmed("test")
    assert sorted(zip(test.cell, test.seed, strict=True)) == [("gru", 1), ("gru", 2), ("rnn", 1), ("rnn", 2)]
    assert set(test.split) == {"test"}


def test_identity_and_costs_say_what_was_trained(tiny_frame: Frame):
    rnn = tiny_frame.trials[tiny_frame.trials.cell == "rnn"].iloc[0]
    assert (rnn.study, rnn.task, rnn.budget, rnn.training) == (
        "adhoc",
        "tiny",
        "units_64 units=6",
        "modern epochs=4 search.size=2",
    )
    assert (rnn.units, rnn.inputs, rnn.state_size, rnn.device, rnn.engine) == (6, 12, 6, "cpu", "fused_cpu")
    assert rnn.parameters_recurrent == 12 * 6 + 6 * 6 + 6
    assert rnn.parameters_total == rnn.parameters_recurrent + 6 * 12 + 12
    assert rnn.flops_per_step == 2 * (12 * 6 + 6 * 6)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_nll_is_in_nats_per_predicted_time_step(tiny: Tiny, tiny_frame: Frame, split: str):
    """Computed again from the best weights that the record keeps, one sequence and one key of the piano at a time."""
    rows = tiny_frame.trials[(tiny_frame.trials.cell == "rnn") & (tiny_frame.trials.split == split)]
    assert len(rows) == 4
    for row in rows.itertuples():
        weights = load_file(tiny.folder / "results" / "trials" / str(row.key) / "weights.safetensors")
        sums = [_nll(weights, roll.astype(float)) for roll in tiny.rolls[split]]
        steps = [len(roll) - 1 for roll in tiny.rolls[split]]
        assert row.nll == pytest.approx(sum(sums) / sum(steps), rel=1e-5)
        means = [total / length for total, length in zip(sums, steps, strict=True)]
        assert row.nll_sequence_mean == pytest.approx(np.mean(means), rel=1e-5)


def _nll(weights: dict[str, np.ndarray], roll: np.ndarray) -> float:
    """Sum of -log p of every key of frames 2..T, of a tanh unit written again."""
    h, total = np.zeros(weights["b_h"].shape), 0.0
    for x, y in pairwise(roll):
        h = np.tanh(x @ weights["W"] + h @ weights["U"] + weights["b_h"])
        p = 1 / (1 + np.exp(-(h @ weights["readout_W"] + weights["readout_b"])))[0]
        total -= np.log(np.where(y == 1, p, 1 - p)).sum()
    return total


def test_a_trials_row_stands_at_its_best_validation_point(tiny_frame: Frame):
    for key, rows in tiny_frame.trials.groupby("key"):
        curve = tiny_frame.curves[(tiny_frame.curves.key == key) & (tiny_frame.curves.split == "valid")]
        best = curve.loc[curve.nll.idxmin()]
        assert (rows.best_epoch == best.epoch).all()
        assert rows.set_index("split").nll["valid"] == pytest.approx(best.nll, rel=1e-6)


def test_a_curve_has_one_row_per_epoch_and_split(tiny_frame: Frame):
    assert not tiny_frame.curves.duplicated(["key", "epoch", "split"]).any()
    for _, rows in tiny_frame.curves.groupby(["key", "split"]):
        assert list(rows.epoch) == [1, 2, 3, 4]


def test_baselines_stand_beside_the_trials(tiny: Tiny, tiny_frame: Frame):
    assert sorted(tiny_frame.baselines.baseline.unique()) == ["markov", "unigram"]
    train = np.concatenate(tiny.rolls["train"])
    p = (train.sum(0) + 1) / (len(train) + 2)
    predicted = np.concatenate([roll[1:] for roll in tiny.rolls["test"]])
    nll = -np.log(np.where(predicted == 1, p, 1 - p)).sum() / len(predicted)
    baseline = tiny_frame.baselines.set_index(["baseline", "split"]).nll["unigram", "test"]
    assert baseline == pytest.approx(nll, abs=1e-4)


def test_a_synthetic_data_set_is_marked(tiny_frame: Frame):
    assert tiny_frame.datasets == {"tiny": "Tiny (synthetic)"}


def test_a_score_that_is_not_there_is_not_a_number(tiny: Tiny, tmp_path: Path):
    """A diverged trial's null comes back as NaN, in a column that stays one of numbers."""
    folder = next((tiny.folder / "results" / "trials").iterdir())
    values = json.loads((folder / "record.json").read_text())
    values["summary"]["scores"]["test"] = {"nll": None, "nll_sequence_mean": None}
    copied = tmp_path / folder.name
    copied.mkdir()
    (copied / "record.json").write_text(json.dumps(values))
    (copied / "curve.csv").write_text((folder / "curve.csv").read_text())
    rows = pd.DataFrame(frame.rows({}, store.read(copied))).set_index("split")
    assert rows.nll.isna().to_dict() == {"train": False, "valid": False, "test": True}
    assert rows.nll.dtype == float


def test_a_record_from_before_the_throughput_was_measured_has_none():
    rows = pd.DataFrame(frame.rows({}, make_record()))
    assert rows.relative_throughput.isna().all()
    rows = pd.DataFrame(frame.rows({}, make_record(relative_throughput=0.25)))
    assert (rows.relative_throughput == 0.25).all()


def test_the_throughput_is_measured(tiny_frame: Frame):
    assert tiny_frame.trials.relative_throughput.between(0, 1, inclusive="neither").all()


def test_what_was_selected_at_an_edge_has_a_row_for_each_hyperparameter():
    inside, outside = make_point([], []), replace(make_point([], [], pipeline=2), edges=["lr", "weight_noise"])
    edges = frame.build("some", [inside, outside], {}).edges
    assert list(edges.itertuples(index=False, name=None)) == [
        ("tiny", "gru", "units_64", "modern", 2, name) for name in ("lr", "weight_noise")
    ]
    assert frame.build("some", [inside], {}).edges.columns.tolist() == edges.columns.tolist() == frame.EDGES


def test_independent_draws_are_the_first_trials_of_searches_that_say_so():
    search = ["a" * 16, "b" * 16, "c" * 16]
    points = [make_point(search, []), replace(make_point(["d" * 16, "e" * 16], [], pipeline=2), independent=1)]
    assert frame.build("some", points, {}).independent == {"d" * 16}


def test_a_task_has_the_kind_of_its_data(tiny_frame: Frame):
    assert tiny_frame.kinds == {"tiny": "piano_roll"}


def test_each_row_says_which_pipeline_it_is_of(tiny_frame: Frame):
    """Those of a study without further ones are of the first."""
    assert (tiny_frame.trials.pipeline == 1).all()
    first, second = make_record(), make_record("f" * 16)
    points = [make_point([], [record.key], pipeline=p) for p, record in ((1, first), (2, second))]
    built = frame.build("some", points, {record.key: record for record in (first, second)})
    for table in (built.trials, built.curves):
        assert table.groupby("key").pipeline.unique().explode().to_dict() == {first.key: 1, second.key: 2}
        assert table.pipeline.dtype == int


def test_each_trial_has_the_threads_that_computed_it():
    """Records of the first versions may not say it: they were computed in one."""
    records = [make_record(), make_record("f" * 16)]
    records = [
        replace(record, provenance=replace(record.provenance, threads=n)) for record, n in zip(records, (4, 0), strict=True)
    ]
    points = [make_point([], [record.key for record in records])]
    built = frame.build("some", points, {record.key: record for record in records})
    assert built.threads == {records[0].key: 4, records[1].key: 1}


def test_a_task_has_its_blocks_and_records_without_them_have_none():
    record = make_record(data=DataFacts(blocks=Blocks("group", [0, 1, 0])))
    point = make_point([], [record.key])
    assert frame.build("some", [point], {record.key: record}).blocks == {"tiny": Blocks("group", [0, 1, 0])}
    text = to_json(record.without_tables)
    assert decode_record(text).summary.data.blocks == Blocks("group", [0, 1, 0])
    values = json.loads(text)
    del values["summary"]["data"]["blocks"]
    assert decode_record(json.dumps(values)).summary.data.blocks == Blocks()
    assert frame.build("some", [point], {record.key: make_record()}).blocks == {}


@pytest.mark.parametrize("saying", [0, 1])
def test_blocks_that_one_record_of_a_task_says_are_those_of_all(saying: int):
    """Of a study that was begun by a version that did not know of them."""
    records = [make_record(), make_record("f" * 16)]
    said = replace(records[saying].summary, data=DataFacts(blocks=Blocks("group", [0, 1, 0])))
    records[saying] = replace(records[saying], summary=said)
    points = [make_point([], [record.key], pipeline=p) for p, record in enumerate(records, 1)]
    built = frame.build("some", points, {record.key: record for record in records})
    assert built.blocks == {"tiny": Blocks("group", [0, 1, 0])}


def test_blocks_of_other_sequences_are_damage():
    record = make_record(data=DataFacts(blocks=Blocks("stretch", [0, 1])))
    with pytest.raises(BadInput, match=f"record {record.key} has 3 test sequences, but blocks of 2; .* remove its folder"):
        frame.build("some", [make_point([], [record.key])], {record.key: record})
