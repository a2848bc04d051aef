"""Baselines of labels and values of whole sequences and of steps, by independent libraries and plain loops."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from gatebench.data import cards
from gatebench.data.baselines import compute, penalties, regression, summaries
from gatebench.data.baselines.neighbours import COUNTS, SMOOTHING, Neighbours
from gatebench.data.contents import SPLITS, Target
from gatebench.data.framings import target
from gatebench.data.origins import NO_ORIGINS
from gatebench.data.sequences import Sequence

BASE = cards.load("jsb_chorales")


def make_card(arrays, kind, **entries):
    return replace(BASE, name="some", kind=kind, facts={"width": arrays["train"][0].shape[1]}, **entries)


def waves(of, kind, counts=(90, 20, 20)):
    """Waves whose frequency is the label or value of a sequence; of a step, what stood two steps before."""
    random = np.random.default_rng(1)

    def one():
        steps, label = int(random.integers(20, 40)), int(random.integers(3))
        t = np.arange(steps)
        x = np.stack([np.sin(t * (0.1 + 0.2 * label) + random.uniform(0, 6)), random.standard_normal(steps)], 1)
        if of == "step":
            y = np.roll(x[:, 1], 2) if kind == "value" else (np.roll(x[:, 1], 2) > 0).astype(float)
        else:
            y = np.full(steps, label + (x[:, 1].std() if kind == "value" else 0))
        return np.concatenate([x, y[:, None]], 1)

    return {split: [one() for _ in range(count)] for split, count in zip(SPLITS, counts, strict=True)}


def test_a_summary_is_what_it_says():
    x = np.array([[1.0, 0.0], [2.0, 5.0], [6.0, 1.0]])
    (row,) = summaries.summarise([Sequence(x, np.zeros((1, 1)))])
    slopes = [np.polyfit([0, 1, 2], x[:, i], 1)[0] for i in (0, 1)]
    expected = [*x.mean(0), *x.std(0), *x.min(0), *x.max(0), *x[0], *x[-1], *slopes, np.log(3)]
    np.testing.assert_allclose(row, expected)


def test_a_course_lies_on_the_lines_between_steps():
    x = np.array([[0.0], [2.0], [2.0], [8.0], [0.0]])
    (row,) = summaries.course([Sequence(x, np.zeros((1, 1)))], 9)
    np.testing.assert_allclose(row, [0, 1, 2, 2, 2, 5, 8, 4, 0])


def test_regressions_on_summaries_are_those_of_a_library():
    random = np.random.default_rng(2)
    x, w = random.standard_normal((60, 4)), np.array([[1.0], [0.0], [-2.0], [0.5]])
    y = x @ w + random.standard_normal((60, 1))
    labels = (y > 0).astype(int)
    nll = penalties.logistic(x, labels, 2)(x, labels)
    fits = [LogisticRegression(C=2 / c, tol=1e-8, max_iter=2000).fit(x, labels[:, 0]) for c in penalties.PENALTIES]
    # Of two classes a library has one row of weights, and here there are two: a weight is penalised half as much.
    candidates = [-one.predict_log_proba(x)[np.arange(60), labels[:, 0]] for one in fits]
    assert min(np.abs(nll - one).max() for one in candidates) < 1e-3
    scores = penalties.ridge(x, y)(x, y)
    fits = [Ridge(alpha=alpha, tol=1e-10).fit(x, y[:, 0]) for alpha in penalties.PENALTIES]
    variances = []
    for one, alpha in zip(fits, penalties.PENALTIES, strict=True):
        left = []
        for fold in range(5):
            rest = np.arange(60) % 5 != fold
            left.append(y[~rest, 0] - Ridge(alpha=alpha).fit(x[rest], y[rest, 0]).predict(x[~rest]))
        v = np.square(np.concatenate(left)).mean()
        variances.append(0.5 * ((y[:, 0] - one.predict(x)) ** 2 / v + np.log(2 * np.pi * v)))
    np.testing.assert_allclose(scores, min(variances, key=lambda nll: np.abs(nll - scores).max()), atol=1e-6)


def test_more_features_than_sequences_are_penalised():
    random = np.random.default_rng(3)
    x, labels = random.standard_normal((40, 80)), random.integers(0, 2, (40, 1))
    test_x, test_labels = random.standard_normal((400, 80)), random.integers(0, 2, (400, 1))
    assert penalties.logistic(x, labels, 2)(test_x, test_labels).mean() < 1.0
    y = random.standard_normal((40, 1))
    assert penalties.ridge(x, y)(test_x, random.standard_normal((400, 1))).mean() < 1.7


def test_neighbours_are_the_nearest_and_nobody_is_its_own():
    random = np.random.default_rng(4)
    train, test = random.standard_normal((30, 2)), random.standard_normal((12, 2))
    labels, test_labels = (train[:, 0] > 0).astype(int), (test[:, 0] > 0).astype(int)
    neighbours = Neighbours([train], labels, 2)
    prior = (np.bincount(labels) + 1) / 32

    def slow(x, y, others, k, weight):
        near = sorted(others, key=lambda i: ((train[i] - x) ** 2).sum())[:k]
        return -np.log((sum(labels[i] == y for i in near) + weight * prior[y]) / (k + weight))

    def of_train(k, weight):
        return [slow(train[i], labels[i], [j for j in range(30) if j != i], k, weight) for i in range(30)]

    k, weight = min(((k, w) for k in COUNTS if k < 30 for w in SMOOTHING), key=lambda one: np.mean(of_train(*one)))
    np.testing.assert_allclose(neighbours.nll([train], labels, of_train=True), of_train(k, weight))
    expected = [slow(x, y, range(30), k, weight) for x, y in zip(test, test_labels, strict=True)]
    np.testing.assert_allclose(neighbours.nll([test], test_labels, of_train=False), expected)


def test_neighbours_look_at_the_features_that_tell_most():
    random = np.random.default_rng(5)
    labels = random.integers(0, 2, 60)
    telling, noise = labels[:, None] + 0.1 * random.standard_normal((60, 1)), random.standard_normal((60, 1))
    for features in ([telling, noise], [noise, telling]):
        assert Neighbours(features, labels, 2).nll(features, labels, of_train=True).mean() < 0.2


def test_the_shape_of_a_sequence_is_worth_something():
    arrays = waves("sequence", "label")
    baselines = compute.compute(make_card(arrays, "reals", target=Target("sequence", "label", 1, tuple("abc"))), arrays)
    assert set(baselines) == {"unigram", "logistic", "logistic_summary", "nearest_neighbours", "minirocket"}
    scores = {name: by_split["test"]["nll"] for name, by_split in baselines.items()}
    assert scores["nearest_neighbours"] < scores["logistic"] - 0.2


def test_values_of_a_sequence():
    arrays = waves("sequence", "value")
    baselines = compute.compute(make_card(arrays, "reals", target=Target("sequence", "value", 1, ("v",))), arrays)
    assert set(baselines) == {"gaussian", "linear", "linear_summary"}
    assert baselines["linear_summary"]["test"]["nll"] < baselines["linear"]["test"]["nll"]


@pytest.mark.parametrize(("kind", "name"), [("label", "logistic_lags"), ("value", "linear_lags")])
def test_targets_of_steps_follow_from_the_steps_before(kind, name):
    arrays = waves("step", kind)
    names = ("a", "b") if kind == "label" else ("v",)
    baselines = compute.compute(make_card(arrays, "reals", target=Target("step", kind, 1, names)), arrays)
    others = [baselines[other]["test"]["nll"] for other in baselines if other != name]
    assert len(others) == 2
    assert baselines[name]["test"]["nll"] < min(others) - 0.3


def test_last_steps_are_those_before():
    x = np.arange(1.0, 7.0).reshape(6, 1)
    (sequence,) = regression.last_steps({"train": [Sequence(x, x)]})["train"]
    assert sequence.x.tolist()[0] == [1, 0, 0, 0, 0]
    assert sequence.x.tolist()[5] == [6, 5, 4, 3, 2]


def test_sequences_of_very_many_columns_have_baselines():
    random = np.random.default_rng(6)
    names = tuple(map(str, range(400)))

    def one():
        return np.concatenate([random.integers(0, 400, (9, 1)), np.full((9, 1), random.integers(2))], 1)

    arrays = {split: [one() for _ in range(12)] for split in SPLITS}
    card = make_card(arrays, "symbols", names=names, target=Target("sequence", "label", 1, ("a", "b")))
    assert set(compute.compute(card, arrays)) == {"unigram", "logistic", "nearest_neighbours"}


@pytest.mark.parametrize("kind", ["label", "value"])
def test_no_baseline_of_a_target_knows_valid_or_test(kind):
    arrays = waves("sequence", kind, (40, 10, 10))
    card = make_card(arrays, "reals", target=Target("sequence", kind, 1, tuple("abc") if kind == "label" else ("v",)))
    other = {**arrays, "valid": arrays["valid"][:3], "test": [a * [5, 5, 1] for a in arrays["test"]]}
    one, two = compute.compute(card, arrays), compute.compute(card, other)
    assert all(one[name]["train"] == two[name]["train"] for name in one)


def test_a_card_of_an_earlier_version_is_held_to_what_it_names():
    arrays = waves("sequence", "label", (30, 5, 5))
    card = make_card(arrays, "reals", target=Target("sequence", "label", 1, tuple("abc")))
    computed = compute.compute(card, arrays)
    former = {name: computed[name] for name in ("unigram", "logistic")}
    assert compute.restate(replace(card, baselines=former), arrays, NO_ORIGINS).baselines == former
    assert compute.restate(replace(card, baselines={}), arrays, NO_ORIGINS).baselines == computed
    assert target.predicted_per(card) == "sequence"
