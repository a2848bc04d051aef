"""Labels of steps and of sequences: what is counted, what populations and interruptions leave as it is, who learns what."""

import dataclasses

import numpy as np
import pytest

from gatebench.data.sequences import Sequence
from gatebench.data.tasks import Task
from gatebench.engines.selection import create
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training.likelihoods import categorical, gaussian
from gatebench.training.loop import Population, train
from gatebench.training.model import Model
from gatebench.training.protocol import Member, Training

TRAINING = Training(
    loss="step", batch=4, epochs=3, patience=9, optimizer="adam",
    constants={"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}, clip_norm=1.0, readout_bias="marginal", forget_bias=1.0,
)  # fmt: skip
MEMBERS = [Member("a", 0.01, 1), Member("b", 0.02, 1, 0.05), Member("c", 0.01, 2)]
ENGINES = ["reference", "fused_cpu"]
both_engines = pytest.mark.parametrize("engine", ENGINES)


def task(rule, count=24, least=4, most=9, predicted="label"):
    """Two columns of which the first is -1 or 1 and the second noise; ``rule`` makes the target of the first one."""
    random = np.random.default_rng(3)
    splits = {}
    for split, number in (("train", count), ("valid", 10), ("test", 11)):
        sequences = []
        for _ in range(number):
            steps = int(random.integers(least, most))
            x = np.stack([random.choice([-1, 1], steps), random.standard_normal(steps)], 1).astype(np.float32)
            sequences.append(Sequence(x, rule(x[:, 0])))
        splits[split] = sequences
    return Task("planted", None, splits, 2, 1, predicted)


def first(signs):
    """A label of the sequence: the sign that it began with."""
    return np.array([[signs[0] > 0]], np.int64)


def following(signs):
    """A label of each step: the sign of the next one; at the end, where there is none, 0."""
    return (np.append(signs[1:], -1) > 0).astype(np.int64)[:, None]


def model(at, engine="fused_cpu", stack=None, cell="gru", likelihood=None, **options):
    stack, likelihood = stack or Stack(), likelihood or categorical(2)
    return Model(trace.load(cell, **options), 2, 1, 8, likelihood, create(engine), stack=stack, at=at)


def nothing(_):
    pass


def numbers(outcome):
    """Everything but the time that it took."""
    curve = [{name: value for name, value in row.items() if name != "seconds"} for row in outcome.curve]
    return outcome.status, curve, outcome.scores, outcome.updates


@both_engines
def test_a_label_of_a_sequence_is_counted_once(engine):
    labelled = task(first)
    (outcome,) = train(Population.start(model("sequence", engine), labelled, TRAINING, MEMBERS[:1]), nothing)
    assert outcome.sequences["steps"].tolist() == [1] * len(labelled.splits["test"])
    test = outcome.scores["test"]
    assert test["nll"] == pytest.approx(test["nll_sequence_mean"], rel=1e-12)
    assert test["nll"] == pytest.approx(outcome.sequences["nll"].mean(), rel=1e-12)


@both_engines
def test_an_untrained_model_predicts_as_its_marginal(engine):
    """A readout of zeros but for its bias, which is that of the frequencies: the NLL is their cross-entropy, by hand."""
    for rule, at in ((first, "sequence"), (following, "step")):
        labelled = task(rule)
        training = dataclasses.replace(TRAINING, input_range=0.0)
        population = Population.start(model(at, engine), labelled, training, MEMBERS[:1])
        population.best_epoch += 1
        (outcome,) = population.outcomes()
        labels = {split: np.concatenate([s.y for s in sequences]).ravel() for split, sequences in labelled.splits.items()}
        share = (np.bincount(labels["train"], minlength=2) + 1) / (len(labels["train"]) + 2)
        assert outcome.scores["test"]["nll"] == pytest.approx(-np.log(share[labels["test"]]).mean(), rel=1e-5)


@both_engines
@pytest.mark.parametrize(("rule", "at"), [(first, "sequence"), (following, "step")])
def test_a_population_of_stacks_equals_its_members_alone(engine, rule, at):
    labelled, built = task(rule), model(at, engine, Stack(2, True))
    training = dataclasses.replace(TRAINING, dropout=0.3)
    together = train(Population.start(built, labelled, training, MEMBERS), nothing)
    for member, outcome in zip(MEMBERS, together, strict=True):
        (alone,) = train(Population.start(built, labelled, training, [member]), nothing)
        for split in labelled.splits:
            assert outcome.scores[split] == pytest.approx(alone.scores[split], rel=1e-4)
    assert len({outcome.scores["test"]["nll"] for outcome in together}) == len(MEMBERS)


def test_engines_agree_over_a_training():
    labelled, training = task(first), dataclasses.replace(TRAINING, dropout=0.3)
    a, b = (
        train(Population.start(model("sequence", engine, Stack(2)), labelled, training, MEMBERS), nothing)
        for engine in ENGINES
    )
    for one, other in zip(a, b, strict=True):
        assert one.scores["valid"] == pytest.approx(other.scores["valid"], rel=1e-3)


def test_an_interruption_changes_nothing():
    """Amid an epoch, with dropout and two directions: the draws go on where they were."""
    labelled, training = task(first), dataclasses.replace(TRAINING, dropout=0.3)
    built = model("sequence", stack=Stack(2, True))
    uninterrupted = train(Population.start(built, labelled, training, MEMBERS), nothing)
    population, states = Population.start(built, labelled, training, MEMBERS), []

    class Interrupted(Exception):
        pass

    def pause():
        states.append(population.state())
        if len(states) == 9:
            raise Interrupted

    population.pause = pause
    with pytest.raises(Interrupted):
        train(population, nothing)
    other = Population.start(built, labelled, training, MEMBERS)
    other.restore(states[-1])
    for one, expected in zip(train(other, nothing), uninterrupted, strict=True):
        assert numbers(one) == numbers(expected)


def learned(rule, at, **kind):
    """NLL of the best of three members on test, beside that of the frequencies, of about log 2."""
    training = dataclasses.replace(TRAINING, epochs=40, batch=8)
    members = [Member(f"{lr}", lr, 1) for lr in (0.01, 0.03, 0.1)]
    predicted = "value" if kind.get("likelihood") else "label"
    outcomes = train(
        Population.start(model(at, **kind), task(rule, count=120, predicted=predicted), training, members), nothing
    )
    return min(outcome.scores["test"]["nll"] for outcome in outcomes)


def test_what_comes_next_is_known_to_those_who_read_ahead_alone():
    assert learned(following, "step") > 0.6
    assert learned(following, "step", stack=Stack(1, True)) < 0.1
    assert learned(following, "step", cell="lstm_augmented", length=2, window="ahead") < 0.1
    assert learned(following, "step", cell="lstm_augmented", length=2) > 0.6


def test_the_first_sign_is_recalled_at_the_end():
    assert learned(first, "sequence") < 0.2
    assert learned(first, "sequence", stack=Stack(1, True)) < 0.1


def test_values_of_steps_are_learned():
    """The sum of the last two signs, with noise of deviation 0.1: its entropy is the baseline."""
    random = np.random.default_rng(5)

    def rule(signs):
        total = signs + np.append(0, signs[:-1])
        return (total + 0.1 * random.standard_normal(len(signs)))[:, None].astype(np.float32)

    entropy = 0.5 * np.log(2 * np.pi * np.e * 0.01)
    assert entropy - 0.1 < learned(rule, "step", likelihood=gaussian()) < entropy + 0.3
