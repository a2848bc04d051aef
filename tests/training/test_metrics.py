"""What a trial leaves for metrics: what its best weights predict, in the units of the data, for every engine and member."""

import numpy as np
import pytest
import torch

from gatebench.core import measuring
from gatebench.core.metric import Predicted
from gatebench.data.columns import Scale
from gatebench.data.sequences import Sequence
from gatebench.data.tasks import Task
from gatebench.engines.selection import create
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training import metrics
from gatebench.training.evaluation import noop
from gatebench.training.likelihoods import bernoulli, categorical, gaussian, gaussian_mixture
from gatebench.training.loop import Population, train
from gatebench.training.model import Model
from gatebench.training.protocol import Member, Training

TRAINING = Training(
    loss="step", batch=4, epochs=2, patience=9, optimizer="adam",
    constants={"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}, clip_norm=1.0, forget_bias=1.0,
)  # fmt: skip
LENGTHS = [3, 9, 5, 9, 4, 7]
GRID = np.array([0.5, 0.0])
SCALE = Scale(np.array([20.0, -3.0]), np.array([4.0, 0.5]))


def task(predicted: str, outputs: int, at: str = "step", classes: int = 0) -> Task:
    random = np.random.default_rng(4)

    def sequence(steps: int) -> Sequence:
        x, shape = random.standard_normal((steps, 2)).astype(np.float32), (steps if at == "step" else 1, outputs)
        if predicted in ("label", "symbols"):
            return Sequence(x, random.integers(0, classes, shape))
        if predicted == "binary":
            return Sequence(x, random.integers(0, 2, shape).astype(np.uint8))
        return Sequence(x, random.standard_normal(shape).astype(np.float32))

    splits = {split: [sequence(steps) for steps in LENGTHS] for split in ("train", "valid", "test")}
    scaled = (SCALE, SCALE, GRID) if predicted in ("value", "reals") else ()
    return Task("made", None, splits, 2, outputs, predicted, *scaled)  # pyright: ignore[reportArgumentType] - no card


KINDS = {
    "labels": (("label", 1, "step", 3), categorical(3)),
    "labels of whole sequences": (("label", 1, "sequence", 3), categorical(3)),
    "zeros and ones": (("binary", 4), bernoulli()),
    "values": (("value", 2), gaussian()),
    "values of whole sequences": (("value", 2, "sequence"), gaussian()),
    "reals by a mixture": (("reals", 2), gaussian_mixture(3, "full")),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def build(kind: str, engine: str = "reference", layers: int = 1) -> tuple[Model, Task]:
    arguments, likelihood = KINDS[kind]
    made = task(*arguments)
    at = arguments[2] if len(arguments) > 2 else "step"
    model = Model(trace.load("gru"), 2, made.outputs, 5, likelihood, create(engine), stack=Stack(layers), at=at)
    return model, made


def by_hand(model: Model, made: Task, row: torch.Tensor) -> Predicted:
    """One member's predictions of the test split, step by step."""
    means, true = [], []
    parameters = model.views(row[None])
    for sequence in made.splits["test"]:
        layers, readouts = model.start(parameters), []
        for x in sequence.x:
            readouts.append(model.advance(parameters, torch.from_numpy(x)[None], layers))
        readout = torch.cat(readouts if model.at == "step" else readouts[-1:])
        means.append(model.likelihood.mean(readout).numpy().astype(float))
        true.append(sequence.y)
    mean, of_test = np.concatenate(means), np.concatenate(true)
    counts = np.array([len(y) for y in true])
    if made.predicted not in ("value", "reals"):
        return Predicted(made.predicted, model.at, mean, of_test, counts)
    of_data = of_test * SCALE.std + SCALE.mean
    of_data[:, 0] = np.round(of_data[:, 0] / 0.5) * 0.5
    changes = []
    for sequence in made.splits["train"]:
        y = sequence.y * SCALE.std + SCALE.mean
        y[:, 0] = np.round(y[:, 0] / 0.5) * 0.5
        changes.append(np.abs(y[1:] - y[:-1]))
    naive = np.concatenate(changes).mean(0) if model.at == "step" else None
    return Predicted(made.predicted, model.at, mean * SCALE.std + SCALE.mean, of_data, counts, np.asarray(SCALE.std), naive)


@every_kind
@pytest.mark.parametrize("batch", [metrics.AT_ONCE, 500])
def test_statistics_are_those_of_predictions_made_step_by_step(
    kind: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "AT_ONCE", batch)  # the smaller one parts the split into several batches
    model, made = build(kind)
    rows = model.start_rows([1, 2], TRAINING)
    measured = metrics.measure(model, made, rows, made.splits["test"], noop)
    for row, of_member in zip(rows, measured, strict=True):
        expected = measuring.statistics(by_hand(model, made, row))
        present = {name for name, sums in expected.items() if sums.any()}
        assert present <= set(of_member.statistics) <= set(expected)
        for name in present:
            np.testing.assert_allclose(of_member.statistics[name], expected[name], rtol=1e-4, atol=1e-5, err_msg=name)


@every_kind
def test_predictions_of_whole_sequences_and_values_are_kept(kind: str):
    model, made = build(kind)
    rows = model.start_rows([1], TRAINING)
    (measured,) = metrics.measure(model, made, rows, made.splits["test"], noop)
    predicted, kept = by_hand(model, made, rows[0]), measured.predictions
    if made.predicted == "binary" or (made.predicted == "label" and model.at == "step"):
        assert not len(kept["sequence"])
        return
    count = len(LENGTHS) if model.at == "sequence" else metrics.DRAWN_SEQUENCES
    steps = LENGTHS if model.at == "step" else [1] * len(LENGTHS)
    outputs = predicted.mean.shape[1]
    expected = [(i, t, c) for i in range(count) for t in range(steps[i]) for c in range(outputs)]
    assert list(zip(*(kept[name].astype(int) for name in ("sequence", "step", "output")), strict=True)) == expected
    rows_kept = sum(steps[:count])
    np.testing.assert_allclose(kept["predicted"], predicted.mean[:rows_kept].ravel(), rtol=1e-4, atol=1e-5)
    true = np.eye(outputs)[predicted.true[:, 0]] if made.predicted == "label" else predicted.true
    np.testing.assert_allclose(kept["true"], true[:rows_kept].ravel(), rtol=1e-5)


def test_of_many_predictions_none_or_a_few_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(metrics, "WHOLE", 3 * len(LENGTHS) - 1)
    monkeypatch.setattr(metrics, "STEPS", 12)
    for kind, rows in (("labels of whole sequences", 0), ("values", 12)):
        model, made = build(kind)
        (measured,) = metrics.measure(model, made, model.start_rows([1], TRAINING), made.splits["test"], noop)
        assert len(measured.predictions["true"]) == rows


def test_a_column_that_never_changes_has_no_scaled_error():
    model, made = build("values")
    for sequence in made.splits["train"]:
        sequence.y[:, 1] = 0
    (measured,) = metrics.measure(model, made, model.start_rows([1], TRAINING), made.splits["test"], noop)
    assert "absolute" in measured.statistics
    assert "absolute_by_naive" not in measured.statistics


@pytest.mark.parametrize("engine", ["reference", "fused_cpu"])
def test_a_trial_leaves_what_its_best_weights_predict_whoever_is_beside_it(engine: str):
    members = [Member("a", 0.01, 1), Member("wild", float("inf"), 1), Member("b", 0.02, 2)]
    model, made = build("labels", engine, layers=2)
    outcomes = train(Population.start(model, made, TRAINING, members), lambda _: None)
    for outcome in (outcomes[0], outcomes[2]):
        row = torch.zeros(1, model.row)
        for name, view in model.views(row).items():
            view[0] = torch.from_numpy(outcome.weights[name])
        (expected,) = metrics.measure(model, made, row, made.splits["test"], noop)
        for name, sums in expected.statistics.items():
            np.testing.assert_allclose(outcome.measured.statistics[name], sums, rtol=1e-4, atol=1e-5)
    assert outcomes[1].best_epoch == 0
    assert outcomes[1].measured.statistics == {}
    assert [len(column) for column in outcomes[1].measured.predictions.values()] == [0] * 5


@every_kind
def test_the_mean_of_a_likelihood_is_that_of_what_it_draws(kind: str):
    model, _ = build(kind)
    random, readout = np.random.default_rng(0), np.random.default_rng(1).standard_normal(model.likelihood.readout(2)) / 2
    drawn = np.array([model.likelihood.draw(readout.astype(np.float32), random) for _ in range(4000)])
    mean = model.likelihood.mean(torch.from_numpy(readout)[None])[0].numpy()
    expected = np.bincount(drawn[:, 0].astype(int), minlength=3) / len(drawn) if "labels" in kind else drawn.mean(0)
    np.testing.assert_allclose(mean, expected, atol=0.08)


def trivial(made: Task, likelihood, at: str = "step") -> dict[str, dict[str, float]]:
    model = Model(trace.load("gru"), made.inputs, made.outputs, 3, likelihood, create("reference"), at=at)
    (measured,) = metrics.measure(model, made, model.start_rows([1], TRAINING), made.splits["test"], noop)
    return measured.trivial


def test_of_classes_the_trivial_predictor_is_the_most_frequent_one():
    made = task("label", 1, "sequence", 3)
    for split, labels in (("train", [1, 1, 2, 1, 0, 1]), ("test", [0, 1, 1, 2, 1, 2])):
        for sequence, label in zip(made.splits[split], labels, strict=True):
            sequence.y[:] = label
    values = trivial(made, categorical(3), "sequence")
    assert list(values) == ["unigram"]
    assert values["unigram"]["accuracy"] == pytest.approx(0.5)
    assert values["unigram"]["balanced_accuracy"] == pytest.approx(1 / 3)
    assert values["unigram"]["auc"] == pytest.approx(0.5)


def test_of_reals_that_go_on_they_are_the_mean_of_train_and_the_last_value():
    random = np.random.default_rng(0)

    def going_on(steps: int) -> Sequence:
        walk = random.standard_normal((steps + 1, 2)).cumsum(0).astype(np.float32)
        return Sequence(walk[:-1], walk[1:])

    splits = {split: [going_on(steps) for steps in (30, 20)] for split in ("train", "valid", "test")}
    made = Task("made", None, splits, 2, 2, "reals", SCALE, SCALE)  # pyright: ignore[reportArgumentType] - no card
    values = trivial(made, gaussian())
    assert list(values) == ["mean", "last_value"]
    x, y = (np.concatenate([getattr(s, name) for s in splits["test"]]) * SCALE.std + SCALE.mean for name in "xy")
    changes = np.concatenate([np.abs(np.diff(s.y, axis=0)) for s in splits["train"]]).mean(0) * SCALE.std
    assert values["last_value"]["mase"] == pytest.approx((np.abs(y - x).mean(0) / changes).mean(), rel=1e-4)
    assert values["last_value"]["rmse_1"] == pytest.approx(np.sqrt(np.square(y - x)[:, 1].mean()), rel=1e-4)
    mean = np.concatenate([s.y for s in splits["train"]]).mean(0) * SCALE.std + SCALE.mean
    assert values["mean"]["mae_0"] == pytest.approx(np.abs(y - mean)[:, 0].mean(), rel=1e-4)


def test_what_does_not_go_on_has_no_last_value():
    assert list(trivial(task("value", 2), gaussian())) == ["mean"]
    assert trivial(task("binary", 4), bernoulli()) == {}
