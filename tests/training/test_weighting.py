"""Weights of classes: what is trained, what is scored, and that the rare class is recognised more often."""

import dataclasses

import numpy as np
import pytest
import torch

from gatebench.cli import compose
from gatebench.core.errors import BadInput
from gatebench.data import tasks
from gatebench.data.sequences import Sequence
from gatebench.engines import selection
from gatebench.graph import trace
from gatebench.study.loaded import Loaded
from gatebench.training import weighting
from gatebench.training.likelihoods import categorical
from gatebench.training.loop import Population, train
from gatebench.training.model import Model
from gatebench.training.protocol import Member, Training
from gatebench.training.weighting import weighted_categorical
from support.adding import add
from support.commands import working_in

CLASSES, RARE = 3, 0.08
PLAIN = Training("step", 16, 25, 25, "adam", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}, readout_bias="marginal")
BALANCED = dataclasses.replace(PLAIN, class_weights="balanced")


def labelled(count: int, seed: int) -> list[Sequence]:
    """Sequences of which a noisy level tells a frequent class from a rare one; the third class is there once."""
    random, sequences = np.random.default_rng(seed), []
    for i in range(count):
        label = 2 if i == 0 else int(random.random() < RARE)
        level = 1.2 * label + random.standard_normal((5, 1)) * 0.3 + random.standard_normal()
        sequences.append(Sequence(level.astype(np.float32), np.array([[label]])))
    return sequences


@pytest.fixture
def task(task):
    """Labels of whole sequences."""
    splits = {
        split: labelled(count, seed) for seed, (split, count) in enumerate([("train", 400), ("valid", 200), ("test", 400)])
    }
    return dataclasses.replace(task, splits=splits, inputs=1, outputs=1, predicted="label")


def model_of(task, training, engine="reference"):
    likelihood = weighting.likelihood(categorical(CLASSES), task, training)
    return Model(trace.load("gru"), 1, 1, 6, likelihood, selection.create(engine, 1), at="sequence")


def trained(task, training, engine="reference"):
    population = Population.start(model_of(task, training, engine), task, training, [Member("a", 0.01, 1)])
    return train(population, lambda _: None)[0]


def test_without_weights_nothing_changes(task):
    likelihood = categorical(CLASSES)
    assert weighting.likelihood(likelihood, task, PLAIN) is likelihood


def test_balanced_classes_weigh_alike(task):
    weights = np.array(weighting.balanced(task, CLASSES + 1))
    labels = np.concatenate([s.y[:, 0] for s in task.splits["train"]])
    counts = np.bincount(labels, minlength=CLASSES + 1)
    np.testing.assert_allclose((weights * counts)[:CLASSES], len(labels) / CLASSES)
    assert weights[labels].mean() == pytest.approx(1)
    assert weights[CLASSES] == 1, "train does not have it"


def test_labels_of_steps_count_each_step(task):
    steps = [Sequence(np.zeros((4, 1)), np.array([[0], [0], [1], [0]]))]
    by_step = dataclasses.replace(task, splits={**task.splits, "train": steps})
    assert weighting.balanced(by_step, 2) == (4 / 2 / 3, 4 / 2)


def test_what_is_scored_is_not_weighted_and_what_is_trained_is(task):
    """The gradient of the weighted sum, and the losses of the plain one, on both engines."""
    sequences = task.splits["train"][:20]
    weights = torch.tensor(weighting.balanced(task, CLASSES))
    plain, of_weighted = (model_of(task, training) for training in (PLAIN, BALANCED))
    parameters = plain.start_rows([1, 2], PLAIN)
    per_member = np.array([0.5, 2.0])

    def gradients(model, some, parameters=parameters):
        batch = model.engine.batch(model, [s.x for s in some], [s.y for s in some])
        return model.engine.gradients(model, parameters, [batch] * 2, per_member)

    expected = sum(gradients(plain, [s], parameters.double())[1] * float(weights[int(s.y[0, 0])]) for s in sequences)
    assert expected.dtype == torch.float64, "twenty gradients in float32 would differ by their own rounding"
    for model in (of_weighted, model_of(task, BALANCED, "fused_cpu")):
        losses, gradient = gradients(model, sequences)
        for one, other in zip(losses, gradients(plain, sequences)[0], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)
        assert gradient.shape[0] == 2
        torch.testing.assert_close(gradient[:, : expected.shape[1]].double(), expected, rtol=2e-5, atol=1e-6)


def test_a_start_at_the_marginal_is_at_equal_shares(task):
    targets = np.concatenate([s.y for s in task.splits["train"]])
    weighted = weighted_categorical(CLASSES, weighting.balanced(task, CLASSES))
    shares = np.exp(weighted.marginal(targets))
    assert shares.sum() == pytest.approx(1)
    assert shares[:2] == pytest.approx(np.full(2, shares[0]), rel=0.05)
    assert np.exp(categorical(CLASSES).marginal(targets))[0] > 0.9


@pytest.mark.parametrize("engine", ["reference", "fused_cpu"])
def test_a_rare_class_is_recognised_more_often(task, engine):
    """Balanced accuracy rises, and NLL, which is never weighted, is worse for it."""
    plain, balanced = (trained(task, training, engine) for training in (PLAIN, BALANCED))

    def recall(outcome, label):
        sums = outcome.measured.statistics
        right = sums[f"confusion/{label}/{label}"].sum() if f"confusion/{label}/{label}" in sums else 0
        return right / sum(total.sum() for name, total in sums.items() if name.startswith(f"confusion/{label}/"))

    assert recall(balanced, 1) > recall(plain, 1) + 0.3
    assert np.mean([recall(balanced, c) for c in (0, 1)]) > np.mean([recall(plain, c) for c in (0, 1)]) + 0.1
    assert balanced.scores["test"]["nll"] > plain.scores["test"]["nll"]
    assert balanced.sequences["nll"].sum() / 400 == pytest.approx(balanced.scores["test"]["nll"])


def test_a_study_trains_with_weights_and_its_label_says_so(tmp_path):
    """Of a user's file; what has no label is refused."""
    with working_in(tmp_path):
        random = np.random.default_rng(0)
        labels = ["rare" if i % 6 == 0 else "often" for i in range(60)]
        np.savez("x.npz", x=random.standard_normal((60, 8, 1)), y=np.array(labels))
        add(tmp_path / "x.npz")
        np.savez("plain.npz", x=random.standard_normal((60, 8, 1)))
        add(tmp_path / "plain.npz", "plain")
        settings = ["cell=gru", "budget=units_64", "budget.units=4", "training.class_weights=balanced"]
        with pytest.raises(BadInput, match=r"training.class_weights is balanced, but dataset plain has no label .*; use"):
            compose.compose_jobs(["task=plain", *settings])
        (job,) = compose.compose_jobs(["task=mine", *settings])
        task, loaded = tasks.load("mine", "mine", "target"), Loaded()
        weighted = loaded.model(job, task).likelihood
        plain = loaded.model(dataclasses.replace(job, training=PLAIN), task).likelihood
    assert isinstance(weighted, weighted_categorical)
    assert weighted.weights[1] > 3 * weighted.weights[0]
    assert plain == categorical(2)
    assert "class_weights=balanced" in job.labels.training
