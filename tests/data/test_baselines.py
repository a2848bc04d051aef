"""The baselines once more with plain loops, in probabilities instead of arrays."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import torch
from sklearn.linear_model import LogisticRegression

from gatebench.data import cards
from gatebench.data.baselines import compute
from gatebench.data.baselines.audio import of_waves
from gatebench.data.baselines.binary import of_frames
from gatebench.data.contents import SPLITS, Target
from gatebench.data.framings import next_block, next_step, target
from gatebench.training.likelihoods import bernoulli

ROUNDED = 0.5e-4 + 1e-9


@pytest.fixture(params=["circle", "dead key"])
def rolls(request, tiny):
    """Also with a key that is never on in train but in test: a baseline without smoothing would be infinite there."""
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


def assert_equal(scores, expected):
    for split in SPLITS:
        assert scores[split] == pytest.approx(expected[split], abs=ROUNDED)


def test_unigram(rolls):
    def predict(key, before):
        frames = [frame[key] for roll in rolls["train"] for frame in roll]
        return (sum(map(int, frames)) + 1) / (len(frames) + 2)

    table = [predict(key, None) for key in range(12)]
    assert_equal(of_frames(rolls)["unigram"], slow(rolls, lambda key, _: table[key]))


def test_markov(rolls):
    def predict(key, before):
        after = [roll[t + 1][key] for roll in rolls["train"] for t in range(len(roll) - 1) if roll[t][key] == before]
        return (sum(map(int, after)) + 1) / (len(after) + 2)

    table = {(key, before): predict(key, before) for key in range(12) for before in (0, 1)}
    assert_equal(of_frames(rolls)["markov"], slow(rolls, lambda key, before: table[key, int(before)]))


def test_unigram_is_what_a_constant_readout_scores(rolls):
    logits = torch.from_numpy(bernoulli().marginal(np.concatenate(rolls["train"])))
    for split in SPLITS:
        losses = [bernoulli().nll(logits, torch.from_numpy(roll[1:].astype(float))) for roll in rolls[split]]
        expected = {
            "nll": float(torch.cat(losses).mean()),
            "nll_sequence_mean": float(np.mean([nll.mean() for nll in losses])),
        }
        assert of_frames(rolls)["unigram"][split] == pytest.approx(expected, abs=ROUNDED)


def test_fitted_on_train_alone(rolls):
    other = {**rolls, "valid": rolls["valid"][:1], "test": [1 - roll for roll in rolls["test"]]}
    assert set(of_frames(rolls)) == {"unigram", "markov"}
    for name in of_frames(rolls):
        assert of_frames(other)[name]["train"] == of_frames(rolls)[name]["train"]
        assert of_frames(other)[name]["test"] != of_frames(rolls)[name]["test"]


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
    splits = next_block.frame_waves(noise).splits
    both = {s: [np.concatenate([getattr(q, name) for q in sequences]) for name in "xy"] for s, sequences in splits.items()}
    return splits, both


def test_unit_gaussian(noise):
    baselines = of_waves(noise)["unit_gaussian"]
    for split, (_, y) in framed(noise)[1].items():
        assert baselines[split]["nll"] == pytest.approx(-scipy.stats.norm.logpdf(y.astype(float)).sum(1).mean(), abs=ROUNDED)


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
    baselines = of_waves(noise)["linear_full" if full else "linear_diagonal"]
    splits, both = framed(noise)
    x, y = (part.astype(float) for part in both["train"])
    for split, sequences in splits.items():
        losses = linear(x, y, [(s.x.astype(float), s.y.astype(float)) for s in sequences], full)
        assert baselines[split]["nll"] == pytest.approx(np.concatenate(losses).mean(), abs=2 * ROUNDED)
        assert baselines[split]["nll_sequence_mean"] == pytest.approx(
            np.mean([nll.mean() for nll in losses]), abs=2 * ROUNDED
        )


@pytest.mark.parametrize("full", [False, True], ids=["diagonal", "full"])
def test_linear_by_level(noise, full):
    baselines = of_waves(noise)["linear_full_levels" if full else "linear_diagonal_levels"]
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
            at_level = classes[split] == c
            total += sum(e.sum() for e in linear(*fit, [(x[at_level].astype(float), y[at_level].astype(float))], full))
        assert baselines[split]["nll"] == pytest.approx(total / len(x), abs=2 * ROUNDED)


def test_audio_baselines_are_fitted_on_train_alone(noise):
    other = {**noise, "valid": noise["valid"][:3], "test": [3 * wave for wave in noise["test"]]}
    for name, scores in of_waves(noise).items():
        assert of_waves(other)[name]["train"] == scores["train"]
        assert of_waves(other)[name]["test"] != scores["test"]


def test_who_knows_more_scores_better(noise):
    scores = {name: by_split["test"]["nll"] for name, by_split in of_waves(noise).items()}
    assert scores["unit_gaussian"] > scores["linear_diagonal"] > scores["linear_full"] > scores["linear_full_levels"]
    assert scores["linear_diagonal"] > scores["linear_diagonal_levels"]


@pytest.mark.parametrize("samples", [30, 40, 90, 250])
def test_very_little_audio_has_baselines(samples):
    """Fewer blocks than weights: nothing is left over of train, and the baselines are finite all the same."""
    random = np.random.default_rng(samples)
    waves = {split: [random.integers(-300, 300, (samples, 1)).astype(np.int16)] for split in SPLITS}
    baselines = of_waves(waves)
    assert all(math.isfinite(score["nll"]) for baseline in baselines.values() for score in baseline.values())


# Symbols, reals and targets

BASE = cards.load("jsb_chorales")


def make_card(kind, arrays, names=(), target=None):
    facts = {"width": arrays["train"][0].shape[1]}
    return replace(BASE, name="some", kind=kind, names=names, target=target, facts=facts)


def sequences(random, step):
    return {
        split: [step(int(steps)) for steps in random.integers(5, 30, count)]
        for split, count in zip(SPLITS, (25, 6, 7), strict=True)
    }


def assert_close(scores, losses):
    """``losses`` are, of each split, the NLL of every prediction of every sequence."""
    for split, parts in losses.items():
        assert scores[split]["nll"] == pytest.approx(np.concatenate(parts).mean(), abs=2 * ROUNDED)
        assert scores[split]["nll_sequence_mean"] == pytest.approx(np.mean([part.mean() for part in parts]), abs=2 * ROUNDED)


def test_symbols():
    random = np.random.default_rng(0)
    arrays = sequences(random, lambda steps: random.integers(0, 3, steps)[:, None].astype(np.uint8))
    names = ("a", "b", "c", "never")
    baselines = compute.compute(make_card("symbols", arrays, names), arrays)
    train = [array[:, 0].tolist() for array in arrays["train"]]
    every = [symbol for array in train for symbol in array]
    once = [-math.log((every.count(symbol) + 1) / (len(every) + 4)) for symbol in range(4)]
    pairs = [(a, b) for array in train for a, b in itertools.pairwise(array)]
    firsts = [a for a, _ in pairs]
    twice = {(a, b): -math.log((pairs.count((a, b)) + 1) / (firsts.count(a) + 4)) for a in range(4) for b in range(4)}
    lists = {split: [array[:, 0].tolist() for array in arrays[split]] for split in SPLITS}
    assert_close(baselines["unigram"], {s: [np.array([once[b] for b in array[1:]]) for array in lists[s]] for s in SPLITS})
    assert_close(
        baselines["markov"], {s: [np.array([twice[p] for p in itertools.pairwise(a)]) for a in lists[s]] for s in SPLITS}
    )


def test_binary_is_scored_like_music(rolls):
    assert compute.compute(make_card("binary", rolls), rolls) == of_frames(rolls)


def normal(y, mean, std):
    return -scipy.stats.norm.logpdf(y, mean, std).sum(1)


def ridge(x, y):
    """Weights by the normal equations with one pseudo-observation a weight, none for the constant."""
    one = np.column_stack([np.ones(len(x)), x])
    return np.linalg.solve(one.T @ one + np.diag([0, *np.ones(x.shape[1])]), one.T @ y)


def after(x, weights):
    return np.column_stack([np.ones(len(x)), x]) @ weights


def test_reals():
    random = np.random.default_rng(1)
    arrays = sequences(random, lambda steps: random.standard_normal((steps, 2)).cumsum(0).round(2))
    card = make_card("reals", arrays)
    baselines, framed = compute.compute(card, arrays), next_step.frame(card, arrays).splits
    x, y = (np.concatenate([getattr(s, side) for s in framed["train"]]).astype(float) for side in "xy")
    assert_close(baselines["gaussian"], {s: [normal(q.y, y.mean(0), y.std(0)) for q in framed[s]] for s in SPLITS})
    jump = np.sqrt(((y - x) ** 2).mean(0))
    assert_close(baselines["last_value"], {s: [normal(q.y, q.x, jump) for q in framed[s]] for s in SPLITS})
    weights = ridge(x, y)
    left = np.sqrt(((y - after(x, weights)) ** 2).mean(0))
    assert_close(
        baselines["linear_diagonal"], {s: [normal(q.y, after(q.x, weights), left) for q in framed[s]] for s in SPLITS}
    )


@pytest.mark.parametrize("of", ["step", "sequence"])
def test_labels(of):
    random = np.random.default_rng(2)

    def one(steps):
        inputs = random.standard_normal((steps, 3))
        labels = (inputs[:, :1] > 0).astype(int) + (inputs[:, 1:2] > 0.8)
        return np.concatenate([inputs, labels if of == "step" else np.repeat(labels[:1], steps, 0)], 1)

    arrays = sequences(random, one)
    card = make_card("reals", arrays, target=Target(of, "label", 1, ("x", "y", "z")))
    baselines, framed = compute.compute(card, arrays), target.frame(card, arrays).splits
    pairs = {s: [(q.x if of == "step" else q.x.mean(0, keepdims=True), q.y[:, 0]) for q in framed[s]] for s in SPLITS}
    labels = np.concatenate([y for _, y in pairs["train"]])
    shares = np.array([((labels == c).sum() + 1) / (len(labels) + 3) for c in range(3)])
    assert_close(baselines["unigram"], {s: [-np.log(shares[y]) for _, y in pairs[s]] for s in SPLITS})
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000)
    model.fit(np.concatenate([x for x, _ in pairs["train"]]).astype(float), labels)
    losses = {s: [-model.predict_log_proba(x.astype(float))[np.arange(len(y)), y] for x, y in pairs[s]] for s in SPLITS}
    assert_close(baselines["logistic"], losses)
    assert baselines["logistic"]["train"]["nll"] < baselines["unigram"]["train"]["nll"]


@pytest.mark.parametrize("of", ["step", "sequence"])
def test_values(of):
    random = np.random.default_rng(3)

    def one(steps):
        inputs = random.standard_normal((steps, 2))
        values = inputs @ [[1.0], [2.0]] + 0.1 * random.standard_normal((steps, 1))
        return np.concatenate([inputs, values if of == "step" else np.full((steps, 1), values.mean())], 1)

    arrays = sequences(random, one)
    card = make_card("reals", arrays, target=Target(of, "value"))
    baselines, framed = compute.compute(card, arrays), target.frame(card, arrays).splits
    pairs = {s: [(q.x if of == "step" else q.x.mean(0, keepdims=True), q.y) for q in framed[s]] for s in SPLITS}
    x, y = (np.concatenate([pair[i] for pair in pairs["train"]]).astype(float) for i in (0, 1))
    assert_close(baselines["gaussian"], {s: [normal(b, y.mean(0), y.std(0)) for _, b in pairs[s]] for s in SPLITS})
    weights = ridge(x, y)
    left = np.sqrt(((y - after(x, weights)) ** 2).mean(0))
    assert_close(baselines["linear"], {s: [normal(b, after(a, weights), left) for a, b in pairs[s]] for s in SPLITS})
