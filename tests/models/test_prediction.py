"""A trained trial predicts in the units of the data; what it says of the test split is what its record scored."""

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gatebench.cli.commands import sweep as sweep_command
from gatebench.core.errors import BadInput
from gatebench.data import cards, tasks
from gatebench.ingest.from_python import add_data
from gatebench.models.export import trained_trial
from gatebench.models.prediction import TrainedModel
from gatebench.records import frame
from support.commands import working_in
from support.datasets import Murmur

RANDOM = np.random.default_rng(12)
LENGTHS = RANDOM.integers(8, 20, 24)
STATES = ["off", "on", "worn"]


def pumps() -> pd.DataFrame:
    """Sequences of two numbers, one of which lacks some, and a category, with a state and an age of each."""
    pump = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    table = pd.DataFrame({"pump": pump, "flow": RANDOM.normal(40, 5, len(pump)), "heat": RANDOM.normal(size=len(pump))})
    table["valve"] = RANDOM.choice(["open", "shut", "leak"], len(pump))
    table.loc[RANDOM.random(len(pump)) < 0.1, "heat"] = np.nan
    table["state"] = np.array(STATES)[pump % 3]
    table["age"] = 100.0 + 7.5 * pump
    return table


def trained(folder: Path, data: object, *overrides: str, **choices: object) -> TrainedModel:
    """A model of a few units, trained for an epoch on data that is added."""
    with working_in(folder), redirect_stdout(io.StringIO()):
        add_data(data, "mine", choices)
        small = ["cell=gru", "task=mine", "budget=units_64", "budget.units=4", "training.epochs=1", "training.lr=0.02"]
        small += ["population.seeds=[1]", "publish=false", "hydra/launcher=basic", "name=small", *overrides]
        assert sweep_command.sweep(small) == 0
        trials = frame.load(Path("results"), "small").trials
        key = trials[trials.stage == "confirm"].key.iloc[0]
        return TrainedModel(trained_trial.find_trial(Path("results"), key))


@dataclass(frozen=True)
class Case:
    """A model with the data that it was trained on."""

    model: TrainedModel
    task: tasks.Task
    arrays: list[np.ndarray]
    """The test sequences as they stand in the data."""

    @property
    def scored(self) -> float:
        """NLL of the test split in the record."""
        return float(self.model._trial.record.summary.scores["test"].nll)


def case(folder: Path, data: object, *overrides: str, **choices: object) -> Case:
    model = trained(folder, data, *overrides, **choices)
    settings = model._trial.record.settings
    with working_in(folder):
        task = tasks.load("mine", "mine", settings.predict)
        return Case(model, task, cards.read_arrays(task.card)["test"])


def nll_of_classes(probabilities: list[np.ndarray], classes: list[np.ndarray]) -> float:
    p = np.concatenate([of[np.arange(len(y)), y] for of, y in zip(probabilities, classes, strict=True)])
    return float(-np.log(p).mean())


def test_labels_of_sequences_come_with_their_names_and_probabilities(tmp_path: Path):
    one = case(tmp_path, pumps().drop(columns="age"), sequence="pump", label="state", missing="mask")
    assert one.model.classes == tuple(STATES)
    inputs = [array[:, :-1] for array in one.arrays]
    probabilities, predicted = one.model.predict_proba(inputs), one.model.predict(inputs)
    assert probabilities.shape == (len(inputs), 3)
    assert np.allclose(probabilities.sum(1), 1)
    truth = np.array([int(array[0, -1]) for array in one.arrays])
    assert nll_of_classes([probabilities], [truth]) == pytest.approx(one.scored, rel=1e-4)
    assert predicted.tolist() == [STATES[i] for i in probabilities.argmax(1)]
    assert one.model.predict(inputs[0]) == predicted[0]


def test_a_frame_is_read_by_its_names(tmp_path: Path):
    """Categories, marks of what is missing and the order of columns are those of training."""
    data = pumps().drop(columns="age")
    one = case(tmp_path, data, sequence="pump", label="state", missing="mask")
    names = one.task.card.names
    assert "heat missing" in names
    assert "valve=leak" in names
    by_frame = one.model.predict_proba(data[data.columns[::-1]], sequence="pump")
    of_arrays = {len(a): one.model.predict_proba(a[:, :-1]) for a in one.arrays}
    alike = [np.abs(by_frame - p).max(1).min() for p in of_arrays.values()]
    assert max(alike) < 1e-5
    assert one.model.predict(data[data.pump == 3]) == one.model.predict(data, sequence="pump")[3]
    with pytest.raises(BadInput, match="the frame has no column flow, which the model reads"):
        one.model.predict(data.drop(columns="flow"))
    with pytest.raises(BadInput, match="values that are empty, NaN or infinite"):
        one.model.predict(data.assign(flow=np.nan))
    with pytest.raises(BadInput, match="sequence is 'pumps', which is no column"):
        one.model.predict(data, sequence="pumps")


def test_arrays_are_marked_as_in_training(tmp_path: Path):
    """What is missing has the value before, at a beginning the mean of train, and a mark."""
    data = [RANDOM.normal(9, 2, (length, 2)) for length in LENGTHS]
    for array in data:
        array[RANDOM.random(len(array)) < 0.2, 1] = np.nan
    one = case(tmp_path, data, missing="mask")
    assert one.task.card.names == ("0", "1", "1 missing")
    of_read = {len(array): one.model.predict(array) for array in one.arrays}
    by_length = {length: [one.model.predict(array) for array in data if len(array) == length] for length in of_read}
    for length, predicted in of_read.items():
        assert min(np.abs(predicted - other).max() for other in by_length[length]) < 1e-4


def test_values_come_in_their_own_units(tmp_path: Path):
    one = case(tmp_path, pumps().drop(columns=["state", "heat"]), sequence="pump", label="age")
    inputs = [array[:, :-1] for array in one.arrays]
    predicted = one.model.predict(inputs)
    assert predicted.shape == (len(inputs),)
    x = [torch.from_numpy(sequence.x)[None] for sequence in one.task.splits["test"]]
    with torch.no_grad():
        mu = np.array([one.model.module(of_one)[0, 0].item() for of_one in x])
    assert np.allclose(predicted, mu * one.task.std + one.task.mean, rtol=1e-5)
    assert (np.abs(predicted - 190) < 150).all()
    with pytest.raises(BadInput, match="real numbers, which have no probabilities"):
        one.model.predict_proba(inputs)


@pytest.mark.parametrize("likelihood", ["gaussian", "gaussian_mixture"])
def test_the_next_step_comes_in_the_units_of_the_data(tmp_path: Path, likelihood: str):
    data = [RANDOM.normal([40, 0.1], [5, 0.01], (length, 2)) for length in LENGTHS]
    one = case(tmp_path, data, *(["task.likelihood.components=3"] if "mix" in likelihood else []), likelihood=likelihood)
    predicted = one.model.predict(one.arrays)
    assert [p.shape for p in predicted] == [a.shape for a in one.arrays]
    x = one.task.splits["test"][0].x
    with torch.no_grad():
        readout = one.model.module(torch.from_numpy(x)[None])[0].numpy()
    if likelihood == "gaussian":
        mean = readout[:, :2]
    else:
        shares = np.exp(readout[:, :3]) / np.exp(readout[:, :3]).sum(1, keepdims=True)
        mean = sum(shares[:, m, None] * readout[:, 3 + 2 * m : 5 + 2 * m] for m in range(3))
    assert np.allclose(predicted[0][:-1], mean * one.task.std + one.task.mean, rtol=1e-3)
    tensor = one.model.predict(torch.tensor(one.arrays[0]))
    assert np.allclose(tensor, predicted[0], rtol=1e-5)
    same_length = np.stack([array[:8] for array in one.arrays])
    assert len(one.model.predict(same_length)) == len(same_length)


@pytest.mark.parametrize("known", [None, ["heat"]])
def test_a_horizon_comes_step_by_step(tmp_path: Path, known: list[str] | None):
    data = pumps()[["pump", "flow", "heat"]].fillna(0.5)
    one = case(tmp_path, data, sequence="pump", predict=["flow"], known=known, horizon=3)
    predicted = one.model.predict(one.arrays)
    lacking = 3 if known else 0
    assert [p.shape for p in predicted] == [(len(a) - lacking, 3) for a in one.arrays]
    x = one.task.splits["test"][0].x
    with torch.no_grad():
        mean = one.model.module(torch.from_numpy(x.astype(np.float32))[None])[0].numpy()[:, :3]
    shown = predicted[0][: len(x)]
    assert np.allclose(shown, mean * one.task.std + one.task.mean, atol=0.2)  # but for the noise that dequantises
    if known:
        with pytest.raises(BadInput, match="3 steps ahead are read of what is known"):
            one.model.predict(one.arrays[0][:3])


def test_symbols_are_predicted_by_their_names(tmp_path: Path):
    texts = ["".join(RANDOM.choice([*"abcd"], length)) for length in LENGTHS]
    table = pd.DataFrame([(i, c) for i, text in enumerate(texts) for c in text], columns=["text", "letter"])
    one = case(tmp_path, table, sequence="text")
    texts = ["".join("abcd"[int(symbol)] for symbol in array[:, 0]) for array in one.arrays]
    probabilities = one.model.predict_proba(texts)
    classes = [array[1:, 0].astype(int) for array in one.arrays]
    assert nll_of_classes([p[:-1] for p in probabilities], classes) == pytest.approx(one.scored, rel=1e-4)
    assert one.model.predict(texts[0]).tolist() == ["abcd"[i] for i in probabilities[0].argmax(1)]
    assert one.model.predict([*texts[0]]).tolist() == one.model.predict(texts)[0].tolist()
    with pytest.raises(BadInput, match="has the symbol 'z', which training had not; expected some of a, b, c, d"):
        one.model.predict("abz")


def test_words_are_parted_and_unknown_ones_are_one(tmp_path: Path):
    words = RANDOM.choice(["to", "be", "or", "not"], 2000).astype(object)
    words[::500] = [f"word{place}" for place in range(4)]
    (tmp_path / "hamlet.txt").write_text(" ".join(words))
    one = case(tmp_path, tmp_path / "hamlet.txt", tokens="word")
    assert len(one.model.predict("to be or  not to be")) == 6
    assert len(one.model.predict(["to", "be"])) == 2
    known, unknown = one.model.predict_proba("to be"), one.model.predict_proba("to whatever")
    assert np.allclose(known[0], unknown[0])
    assert not np.allclose(known[1], unknown[1])


def test_zeros_and_ones_have_probabilities(tmp_path: Path):
    one = case(tmp_path, [RANDOM.integers(0, 2, (length, 3)) for length in LENGTHS])
    p = one.model.predict_proba(one.arrays)
    bits = [np.where(a[1:] == 1, q[:-1], 1 - q[:-1]) for a, q in zip(one.arrays, p, strict=True)]
    assert -np.log(np.concatenate(bits)).sum(1).mean() == pytest.approx(one.scored, rel=1e-4)
    assert all((q.round() == y).all() for q, y in zip(p, one.model.predict(one.arrays), strict=True))
    with pytest.raises(BadInput, match="other values than 0 and 1"):
        one.model.predict(one.arrays[0] + 1)


def test_audio_is_predicted_in_samples(murmur: Murmur):
    with redirect_stdout(io.StringIO()):
        small = ["cell=rnn", "task=murmur", "budget=units_64", "budget.units=3", "training.epochs=1", "training.lr=0.01"]
        small += ["population.seeds=[1]", "publish=false", "hydra/launcher=basic", "name=small"]
        assert sweep_command.sweep([*small, f"results={murmur.folder / 'results'}"]) == 0
    trials = frame.load(murmur.folder / "results", "small").trials
    model = TrainedModel(trained_trial.find_trial(murmur.folder / "results", trials.key.iloc[0]))
    wave = next(iter(murmur.waves.values()))
    predicted = model.predict(wave)
    assert predicted.shape == ((len(wave) - 20) // 10, 10)
    assert 10 < np.abs(predicted).max() < 32768
    with pytest.raises(BadInput, match="has 25 samples; expected at least 30"):
        model.predict(wave[:25])


@pytest.fixture(scope="module")
def of_two_columns(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return trained(tmp_path_factory.mktemp("two"), [RANDOM.normal(size=(length, 2)) for length in LENGTHS])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: np.zeros((5, 3)), r"shape \(5, 3\) of float64; expected numbers \[T, 2\]"),
        (lambda: np.zeros((0, 2)), r"shape \(0, 2\)"),
        (lambda: np.array([["a", "b"]]), "of <U1"),
        (lambda: [np.zeros((5, 2)), np.zeros((5, 3))], r"shape \(5, 3\)"),
        (lambda: np.array([[1.0, np.inf]]), "NaN or infinite"),
    ],
)
def test_what_is_no_such_sequence_is_refused(of_two_columns: TrainedModel, make: Callable[[], object], message: str):
    with pytest.raises(BadInput, match=message):
        of_two_columns.predict(make())


def test_many_sequences_are_predicted_as_each_alone(of_two_columns: TrainedModel, monkeypatch: pytest.MonkeyPatch):
    sequences = [RANDOM.normal(size=(length, 2)) for length in (3, 50, 7, 20, 7)]
    monkeypatch.setattr("gatebench.models.prediction.MOST_STEPS", 60)
    together = of_two_columns.predict(sequences)
    for sequence, predicted in zip(sequences, together, strict=True):
        assert np.allclose(of_two_columns.predict(sequence), predicted, atol=1e-5)


def test_it_says_what_it_is(of_two_columns: TrainedModel, tmp_path: Path):
    text = repr(of_two_columns)
    assert text.startswith(f"<gru of 4 units, trial {of_two_columns.key}: reads 2 number(s) a step")
    assert of_two_columns.settings["key"] == of_two_columns.key
    assert (of_two_columns.export(tmp_path / "out") / "model.py").is_file()
