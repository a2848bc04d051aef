"""The floors once more with plain loops, in probabilities instead of arrays."""

import math

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import torch

from bench.data import floors
from bench.data.cards import SPLITS
from bench.data.floors import piano_roll
from bench.data.framings import next_block
from bench.training.likelihoods import bernoulli

ROUNDED = 0.5e-4 + 1e-9


@pytest.fixture(params=["circle", "dead key"])
def rolls(request, tiny):
    """Also with a key that is never on in train but in test: a floor without smoothing would be infinite there."""
    music = {split: [roll.copy() for roll in sequences] for split, sequences in tiny.rolls.items()}
    if request.param == "dead key":
        for roll in music["train"]:
            roll[:, 3] = 0
        music["test"][0][:, 3] = 1
    return music


def slow(rolls, predict):
    result = {}
    for split, sequences in rolls.items():
        total, steps, means = 0.0, 0, []
        for roll in sequences:
            nll = 0.0
            for t in range(1, len(roll)):
                for key in range(roll.shape[1]):
                    p = predict(key, roll[t - 1][key])
                    nll -= math.log(p if roll[t][key] else 1 - p)
            total += nll
            steps += len(roll) - 1
            means.append(nll / (len(roll) - 1))
        result[split] = {"nll": total / steps, "nll_sequence_mean": sum(means) / len(means)}
    return result


def assert_equal(found, expected):
    for split in SPLITS:
        assert found[split] == pytest.approx(expected[split], abs=ROUNDED)


def test_unigram(rolls):
    def predict(key, before):
        frames = [frame[key] for roll in rolls["train"] for frame in roll]
        return (sum(map(int, frames)) + 1) / (len(frames) + 2)

    table = [predict(key, None) for key in range(12)]
    assert_equal(piano_roll(rolls)["unigram"], slow(rolls, lambda key, _: table[key]))


def test_markov(rolls):
    def predict(key, before):
        after = [roll[t + 1][key] for roll in rolls["train"] for t in range(len(roll) - 1) if roll[t][key] == before]
        return (sum(map(int, after)) + 1) / (len(after) + 2)

    table = {(key, before): predict(key, before) for key in range(12) for before in (0, 1)}
    assert_equal(piano_roll(rolls)["markov"], slow(rolls, lambda key, before: table[key, int(before)]))


def test_unigram_is_what_a_constant_readout_scores(rolls):
    logits = torch.from_numpy(bernoulli().marginal(np.concatenate(rolls["train"])))
    for split in SPLITS:
        each = [bernoulli().nll(logits, torch.from_numpy(roll[1:].astype(float))) for roll in rolls[split]]
        expected = {"nll": float(torch.cat(each).mean()), "nll_sequence_mean": float(np.mean([n.mean() for n in each]))}
        assert piano_roll(rolls)["unigram"][split] == pytest.approx(expected, abs=ROUNDED)


def test_fitted_on_train_alone(rolls):
    other = {**rolls, "valid": rolls["valid"][:1], "test": [1 - roll for roll in rolls["test"]]}
    assert set(piano_roll(rolls)) == {"unigram", "markov"}
    for name in piano_roll(rolls):
        assert piano_roll(other)[name]["train"] == piano_roll(rolls)[name]["train"]
        assert piano_roll(other)[name]["test"] != piano_roll(rolls)[name]["test"]


# Audio


@pytest.fixture(scope="module")
def noise():
    """Waves whose loudness changes, so that knowing it is worth something."""
    random, splits = np.random.default_rng(8), {}
    for split, count in {"train": 60, "valid": 10, "test": 10}.items():
        splits[split] = []
        for _ in range(count):
            wave = scipy.signal.lfilter([1], [1, -1.5, 0.8], random.standard_normal(400)) * np.exp(random.normal(4, 1.2))
            splits[split].append(wave.round().astype(np.int16)[:, None])
    return splits


def framed(noise):
    splits = next_block.framed(noise).splits
    both = {s: [np.concatenate([getattr(q, name) for q in sequences]) for name in "xy"] for s, sequences in splits.items()}
    return splits, both


def test_unit_gaussian(noise):
    found = floors.audio(noise)["unit_gaussian"]
    for split, (_, y) in framed(noise)[1].items():
        assert found[split]["nll"] == pytest.approx(-scipy.stats.norm.logpdf(y.astype(float)).sum(1).mean(), abs=ROUNDED)


def linear(x, y, others, full):
    """Ridge-free regression by the normal equations, scored by SciPy."""
    one = np.column_stack([np.ones(len(x)), x])
    weights = np.linalg.solve(one.T @ one, one.T @ y)
    covariance = np.cov((y - one @ weights).T, bias=True)
    covariance = covariance if full else np.diag(np.diag(covariance))
    normal = scipy.stats.multivariate_normal(np.zeros(10), covariance)
    return [-normal.logpdf(b - np.column_stack([np.ones(len(a)), a]) @ weights) for a, b in others]


@pytest.mark.parametrize("full", [False, True], ids=["diagonal", "full"])
def test_linear(noise, full):
    found = floors.audio(noise)["linear_full" if full else "linear_diagonal"]
    splits, both = framed(noise)
    x, y = (part.astype(float) for part in both["train"])
    for split, sequences in splits.items():
        each = linear(x, y, [(s.x.astype(float), s.y.astype(float)) for s in sequences], full)
        assert found[split]["nll"] == pytest.approx(np.concatenate(each).mean(), abs=2 * ROUNDED)
        assert found[split]["nll_sequence_mean"] == pytest.approx(np.mean([e.mean() for e in each]), abs=2 * ROUNDED)


@pytest.mark.parametrize("full", [False, True], ids=["diagonal", "full"])
def test_linear_by_level(noise, full):
    found = floors.audio(noise)["linear_full_levels" if full else "linear_diagonal_levels"]
    both = framed(noise)[1]
    level = {split: np.sqrt((np.diff(x.astype(float)) ** 2).mean(1)) for split, (x, _) in both.items()}
    count = min(32, len(both["train"][0]) // 100)
    bounds = [np.quantile(level["train"], i / count) for i in range(1, count)]
    classes = {split: np.array([sum(v > b for b in bounds) for v in values]) for split, values in level.items()}
    for split, (x, y) in both.items():
        total = 0.0
        for c in range(count):
            inside = classes["train"] == c
            fit = [part[inside].astype(float) for part in both["train"]]
            there = classes[split] == c
            total += sum(e.sum() for e in linear(*fit, [(x[there].astype(float), y[there].astype(float))], full))
        assert found[split]["nll"] == pytest.approx(total / len(x), abs=2 * ROUNDED)


def test_audio_floors_are_fitted_on_train_alone(noise):
    other = {**noise, "valid": noise["valid"][:3], "test": [3 * wave for wave in noise["test"]]}
    for name, scores in floors.audio(noise).items():
        assert floors.audio(other)[name]["train"] == scores["train"]
        assert floors.audio(other)[name]["test"] != scores["test"]


def test_who_knows_more_scores_better(noise):
    scores = {name: by_split["test"]["nll"] for name, by_split in floors.audio(noise).items()}
    assert scores["unit_gaussian"] > scores["linear_diagonal"] > scores["linear_full"] > scores["linear_full_levels"]
    assert scores["linear_diagonal"] > scores["linear_diagonal_levels"]
