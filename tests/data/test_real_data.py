"""The four published sets, against the figures that were measured on them elsewhere."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from bench.data import cards, facts, floors
from bench.data.cards import SPLITS
from bench.training.likelihoods import bernoulli

pytestmark = pytest.mark.data

# sequences, steps, shortest, longest, notes per step
SIZES = {
    "nottingham": [(694, 176561, 40, 1788, 3.96), (173, 45513, 96, 1473, 3.96), (170, 44463, 63, 1793, 3.99)],
    "jsb_chorales": [(229, 13807, 25, 129, 3.90), (76, 4602, 32, 144, 3.87), (77, 4725, 32, 160, 3.89)],
    "muse_data": [(524, 245202, 9, 3457, 3.49), (135, 82755, 63, 3723, 3.48), (124, 64339, 45, 4273, 3.29)],
    "piano_midi": [(87, 75911, 111, 3857, 3.04), (12, 8540, 209, 1637, 3.23), (25, 19036, 65, 2645, 2.95)],
}
# Whole sequences shared train-valid, train-test, valid-test, and twice inside train
DUPLICATES = {
    "nottingham": (1, 1, 0, 1),
    "jsb_chorales": (0, 0, 0, 0),
    "muse_data": (0, 0, 0, 1),
    "piano_midi": (0, 0, 0, 0),
}
# Unigram, test: per step, per sequence; Markov: train, valid, test per step, test per sequence
FLOORS = {
    "nottingham": (10.261, 10.125, 5.214, 5.235, 5.153, 5.196),
    "jsb_chorales": (11.092, 11.038, 10.453, 10.149, 10.492, 10.491),
    "muse_data": (11.514, 10.558, 8.698, 8.661, 8.559, 8.194),
    "piano_midi": (11.052, 11.394, 8.377, 9.239, 8.264, 8.587),
}
# Boulanger-Lewandowski et al. 2012, Table 1, "Note 1-gram": every frame of test counts, the first one too
NOTE_1_GRAM = {"nottingham": 10.25, "jsb_chorales": 11.06, "muse_data": 11.51, "piano_midi": 11.05}
# Highest key in use, MIDI: the input widths of Chung et al. 2014
HIGHEST = {"nottingham": 93, "jsb_chorales": 96, "muse_data": 105, "piano_midi": 108}


@pytest.fixture(scope="module", params=sorted(SIZES))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def rolls(name):
    return cards.arrays(cards.load(name))


def test_sizes(name, rolls):
    found = facts.facts(rolls)
    assert found["width"] == 88
    for split, stated in zip(SPLITS, SIZES[name], strict=True):
        sizes = found[split]
        assert (sizes["sequences"], sizes["steps"], sizes["shortest"], sizes["longest"]) == stated[:4]
        assert sizes["notes_per_step"] == pytest.approx(stated[4], abs=0.0051)


def test_duplicates(name, rolls):
    found = facts.facts(rolls)["duplicates"]
    assert tuple(found[key] for key in ("train_valid", "train_test", "valid_test", "within_train")) == DUPLICATES[name]
    assert not found["within_valid"]
    assert not found["within_test"]


def test_floors(name, rolls):
    found = floors.floors(rolls)
    unigram, markov = found["unigram"], found["markov"]
    values = [
        unigram["test"]["nll"], unigram["test"]["nll_sequence_mean"],
        *(markov[split]["nll"] for split in SPLITS), markov["test"]["nll_sequence_mean"],
    ]  # fmt: skip
    assert values == pytest.approx(FLOORS[name], abs=0.00056)  # three decimals there, four here


def test_published_note_1_gram(name, rolls):
    logits = torch.from_numpy(bernoulli.marginal(np.concatenate(rolls["train"])))
    nll = bernoulli.nll(logits, torch.from_numpy(np.concatenate(rolls["test"]).astype(float))).mean()
    assert float(nll) == pytest.approx(NOTE_1_GRAM[name], abs=0.0051)


def test_highest_key_is_the_input_width_of_the_paper(name, rolls):
    used = np.any([roll.any(0) for split in SPLITS for roll in rolls[split]], 0)
    assert np.flatnonzero(used).max() + 21 == HIGHEST[name]


def test_verify_command():
    command = [sys.executable, "-c", "from bench.cli import main; main()", "data", "verify", *SIZES]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("checksum right, 34 of 34 facts and floors as on the card") == 4
