"""The floors once more with plain loops, in probabilities instead of arrays."""

import math

import numpy as np
import pytest
import torch

from bench.data.cards import SPLITS
from bench.data.floors import FLOORS, floors
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
    assert_equal(floors(rolls)["unigram"], slow(rolls, lambda key, _: table[key]))


def test_markov(rolls):
    def predict(key, before):
        after = [roll[t + 1][key] for roll in rolls["train"] for t in range(len(roll) - 1) if roll[t][key] == before]
        return (sum(map(int, after)) + 1) / (len(after) + 2)

    table = {(key, before): predict(key, before) for key in range(12) for before in (0, 1)}
    assert_equal(floors(rolls)["markov"], slow(rolls, lambda key, before: table[key, int(before)]))


def test_unigram_is_what_a_constant_readout_scores(rolls):
    logits = torch.from_numpy(bernoulli.marginal(np.concatenate(rolls["train"])))
    for split in SPLITS:
        each = [bernoulli.nll(logits, torch.from_numpy(roll[1:].astype(float))) for roll in rolls[split]]
        expected = {"nll": float(torch.cat(each).mean()), "nll_sequence_mean": float(np.mean([n.mean() for n in each]))}
        assert floors(rolls)["unigram"][split] == pytest.approx(expected, abs=ROUNDED)


def test_fitted_on_train_alone(rolls):
    other = {**rolls, "valid": rolls["valid"][:1], "test": [1 - roll for roll in rolls["test"]]}
    assert set(floors(rolls)) == set(FLOORS)
    for name in FLOORS:
        assert floors(other)[name]["train"] == floors(rolls)[name]["train"]
        assert floors(other)[name]["test"] != floors(rolls)[name]["test"]
