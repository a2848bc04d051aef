"""Random convolutions equal a plain loop; the ridge classifier's closed forms equal fits without each sequence."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from gatebench.data import cards
from gatebench.data.baselines import compute
from gatebench.data.baselines.minirocket import KERNELS, Minirocket
from gatebench.data.baselines.ridge_classifier import RidgeClassifier
from gatebench.data.baselines.summaries import Standard
from gatebench.data.contents import SPLITS, Target
from gatebench.data.sequences import Sequence

BASE = cards.load("jsb_chorales")


def make_card(arrays, kind, **entries):
    return replace(BASE, name="some", kind=kind, facts={"width": arrays["train"][0].shape[1]}, **entries)


def sequences(lengths, columns=1, seed=0):
    random = np.random.default_rng(seed)
    return [Sequence(random.standard_normal((length, columns)), np.zeros((1, 1))) for length in lengths]


def loop(transform, x):
    """The features of a sequence ``[T, X]``, tap by tap: kernels of six -1 and three 2 in every place."""
    features, steps = [], len(x)
    for place, dilation in enumerate(transform._dilations):
        for kernel, high in enumerate(itertools.combinations(range(9), 3)):
            inner = (kernel + place) % 2 == 1 and steps > 8 * dilation
            outputs = []
            for t in range(steps):
                taps = [t + (tap - 4) * dilation for tap in range(9)]
                if inner and not (taps[0] >= 0 and taps[-1] < steps):
                    continue
                columns = transform._columns[place][kernel]
                terms = [(2 if tap in high else -1) * x[at, columns].sum() for tap, at in enumerate(taps) if 0 <= at < steps]
                outputs.append(sum(terms))
            features += [np.mean(np.array(outputs) > level) for level in transform._thresholds[place][kernel]]
    return np.array(features)


@pytest.mark.parametrize(("lengths", "columns"), [([40, 40], 1), ([5, 30, 17, 1], 1), ([25, 25], 3)])
def test_the_transform_equals_a_loop(lengths, columns, monkeypatch):
    monkeypatch.setattr("gatebench.data.baselines.minirocket.THRESHOLDS", 3)
    transform = Minirocket(sequences(lengths, columns))
    others = sequences([max(lengths), 7], columns, seed=1)
    np.testing.assert_allclose(transform(others), [loop(transform, sequence.x) for sequence in others], atol=1e-6)


def test_a_sequence_has_the_same_features_in_any_company():
    train = sequences([30, 30, 12, 50])
    transform = Minirocket(train)
    together = transform(train)
    assert together.shape[1] == 84 * 119
    for row, sequence in zip(together, train, strict=True):
        np.testing.assert_array_equal(transform([sequence])[0], row)


def test_much_data_has_fewer_thresholds():
    steps = 100
    many = [Sequence(np.zeros((steps, 1)), np.zeros((1, 1)))] * 3000
    assert len(Minirocket(many)(many[:1])[0]) == 84 * (2**28 // (3000 * steps * 84))


def test_the_dilations_reach_the_whole_sequence():
    transform = Minirocket(sequences([161]))
    assert transform._dilations[0] == 1
    assert transform._dilations[-1] == (161 - 1) // 8
    assert len(KERNELS) == 84


def test_each_of_train_is_predicted_from_the_others():
    random = np.random.default_rng(2)
    labels = random.integers(0, 3, 30)
    features = (random.standard_normal((30, 60)) + labels[:, None]).astype(np.float32)
    classifier = RidgeClassifier(features, labels, 3)
    standard = Standard(features)
    x, y = standard(features), np.eye(3)[labels]
    eigenvalues = np.linalg.eigvalsh(x @ x.T)

    def scores(share, rows, at):
        """Scores of a fit to some rows; the constant is a feature without a penalty."""
        design = np.concatenate([x[rows], np.ones((len(rows), 1))], 1)
        penalties = np.diag([*np.full(x.shape[1], share * eigenvalues.mean()), 0])
        weights = np.linalg.solve(design.T @ design + penalties, design.T @ y[rows])
        return np.append(x[at], 1) @ weights - y.mean(0)

    of_shares = {
        share: np.stack([scores(share, [j for j in range(30) if j != i], i) for i in range(30)])
        for share in np.logspace(-4, 2, 13)
    }
    assert any(np.abs(one - classifier._of_others).max() < 1e-5 for one in of_shares.values())
    p = classifier.probabilities(features)
    np.testing.assert_allclose(p.sum(1), 1)
    np.testing.assert_allclose(
        classifier.nll(features, labels, of_train=False), -np.log(p[np.arange(30), labels]), rtol=1e-6
    )
    assert classifier.nll(features, labels, of_train=True).mean() > classifier.nll(features, labels, of_train=False).mean()


def test_without_anything_to_learn_the_frequencies_are_said():
    random = np.random.default_rng(3)
    labels = (random.random(400) < 0.2).astype(int)
    noise = random.standard_normal((400, 50))
    classifier = RidgeClassifier(noise[:200], labels[:200], 2)
    entropy = -np.mean(np.log(np.where(labels[200:], labels[:200].mean(), 1 - labels[:200].mean())))
    assert classifier.nll(noise[200:], labels[200:], of_train=False).mean() < entropy + 0.05


def test_features_that_do_not_vary():
    classifier = RidgeClassifier(np.ones((6, 4)), np.array([0, 1, 0, 0, 1, 0]), 2)
    np.testing.assert_allclose(classifier.probabilities(np.ones((1, 4)))[0], [5 / 8, 3 / 8], rtol=1e-6)


def test_a_pattern_anywhere_in_noise_is_seen():
    """A saw that rises slowly and falls at once, or the other way round, so that no summary says which."""
    random = np.random.default_rng(4)

    def one():
        label, start = int(random.integers(2)), int(random.integers(0, 48))
        x = random.normal(0, 0.3, 60)
        x[start : start + 12] += (np.arange(12) % 6 - 2.5)[:: -1 if label else 1]
        return np.stack([x, np.full(60, label)], 1)

    arrays = {split: [one() for _ in range(80)] for split in SPLITS}
    baselines = compute.compute(make_card(arrays, "reals", target=Target("sequence", "label", 1, ("a", "b"))), arrays)
    scores = {name: by_split["test"]["nll"] for name, by_split in baselines.items()}
    assert scores["minirocket"] < min(score for name, score in scores.items() if name != "minirocket") - 0.2
