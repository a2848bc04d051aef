"""The published sets of music and speech, against the figures that were measured on them elsewhere."""

import collections
import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.core.validation import construct
from gatebench.data import cards, facts, framings, tasks
from gatebench.data.baselines.audio import of_waves
from gatebench.data.baselines.binary import of_frames
from gatebench.data.contents import SPLITS
from gatebench.data.readers import recordings
from gatebench.engines.reference import Reference
from gatebench.graph import trace
from gatebench.training.likelihoods import bernoulli, gaussian_mixture
from gatebench.training.loop import Population
from gatebench.training.model import Model
from gatebench.training.protocol import Member, Training

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
BASELINES = {
    "nottingham": (10.261, 10.125, 5.214, 5.235, 5.153, 5.196),
    "jsb_chorales": (11.092, 11.038, 10.453, 10.149, 10.492, 10.491),
    "muse_data": (11.514, 10.558, 8.698, 8.661, 8.559, 8.194),
    "piano_midi": (11.052, 11.394, 8.377, 9.239, 8.264, 8.587),
}
# Boulanger-Lewandowski et al. 2012, Table 1, "Note 1-gram": all_windows frame of test counts, the first one too
NOTE_1_GRAM = {"nottingham": 10.25, "jsb_chorales": 11.06, "muse_data": 11.51, "piano_midi": 11.05}
# Highest key in use, MIDI: the input widths of Chung et al. 2014
HIGHEST = {"nottingham": 93, "jsb_chorales": 96, "muse_data": 105, "piano_midi": 108}


@pytest.fixture(scope="module", params=sorted(SIZES))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def rolls(name):
    return cards.read_arrays(cards.load(name))


def test_sizes(name, rolls):
    counts = facts.count("piano_roll", rolls)
    assert counts["width"] == 88
    for split, stated in zip(SPLITS, SIZES[name], strict=True):
        sizes = counts[split]
        assert (sizes["sequences"], sizes["steps"], sizes["shortest"], sizes["longest"]) == stated[:4]
        assert sizes["notes_per_step"] == pytest.approx(stated[4], abs=0.0051)


def test_duplicates(name, rolls):
    duplicates = facts.count("piano_roll", rolls)["duplicates"]
    assert tuple(duplicates[key] for key in ("train_valid", "train_test", "valid_test", "within_train")) == DUPLICATES[name]
    assert not duplicates["within_valid"]
    assert not duplicates["within_test"]


def test_baselines(name, rolls):
    baselines = of_frames(rolls)
    unigram, markov = baselines["unigram"], baselines["markov"]
    values = [
        unigram["test"]["nll"], unigram["test"]["nll_sequence_mean"],
        *(markov[split]["nll"] for split in SPLITS), markov["test"]["nll_sequence_mean"],
    ]  # fmt: skip
    assert values == pytest.approx(BASELINES[name], abs=0.00056)  # three decimals there, four here


def test_published_note_1_gram(name, rolls):
    logits = torch.from_numpy(bernoulli().marginal(np.concatenate(rolls["train"])))
    nll = bernoulli().nll(logits, torch.from_numpy(np.concatenate(rolls["test"]).astype(float))).mean()
    assert float(nll) == pytest.approx(NOTE_1_GRAM[name], abs=0.0051)


def test_highest_key_is_the_input_width_of_the_paper(name, rolls):
    used = np.any([roll.any(0) for split in SPLITS for roll in rolls[split]], 0)
    assert np.flatnonzero(used).max() + 21 == HIGHEST[name]


def test_verify_command():
    command = [sys.executable, "-c", "from gatebench.cli import main; main()", "data", "verify", *SIZES]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("checksum right, 38 of 38 facts and baselines as on the card") == 4


# Audio

# Windows of all files: train, valid, test
WINDOWS = {
    "librispeech_short": (36_775, 7_171, 7_003),
    "librispeech_long": (2_258, 440, 430),
    "fsdd_short": (15_606, 1_967, 1_912),
}
# Fitted and scored on all windows, without dequantisation, standardised by whole files, test, nats per block of ten: linear
# diagonal and full, the same within 32 levels. Noise of one least significant bit moves none of them by a tenth.
AUDIO_BASELINES = {
    "librispeech_short": (1817.9, (11.10, 3.78, -2.41, -11.38)),
    "fsdd_short": (2002.0, (11.91, 6.36, 1.01, -4.86)),
}


@pytest.fixture(scope="module", params=sorted(WINDOWS))
def audio(request):
    """A card with all of its windows."""
    card = cards.load(request.param)
    all_windows = dataclasses.replace(card, options={**card.options, "train": None})
    return card, recordings.read(all_windows, [])


def test_windows(audio):
    card, all_windows = audio
    assert tuple(len(all_windows[split]) for split in SPLITS) == WINDOWS[card.name]


@pytest.mark.parametrize("name", AUDIO_BASELINES)
def test_baselines_are_those_measured_elsewhere(name):
    """In 16-bit units, since windows leave out the quiet ends of files and so have another scale."""
    card = cards.load(name)
    all_windows = recordings.read(dataclasses.replace(card, options={**card.options, "train": None}), [])
    scores = of_waves(all_windows)
    std = framings.next_block.frame_waves(all_windows).output_scale.std
    std_of_files, stated = AUDIO_BASELINES[name]
    linear = ("linear_diagonal", "linear_full", "linear_diagonal_levels", "linear_full_levels")
    computed = [scores[baseline]["test"]["nll"] + 10 * np.log(std) for baseline in linear]
    assert computed == pytest.approx([nll + 10 * np.log(std_of_files) for nll in stated], abs=0.1)


def test_drawn_windows_are_some_of_all_and_even_over_speakers(audio):
    card, all_windows = audio
    drawn = cards.read_arrays(card)["train"]
    assert len(drawn) == card.options["train"]
    pool = {window.tobytes() for window in all_windows["train"]}
    assert all(window.tobytes() in pool for window in drawn)
    options = construct(recordings.RecordingOptions, "options", card.options)
    speakers = {}
    for recording, samples in recordings.recordings(card, options):
        used = len(samples) // options.length * options.length
        for window in samples[:used].reshape(-1, options.length) if recording.split == "train" else ():
            speakers[window.tobytes()] = recording.speaker
    counts = collections.Counter(speakers[window.tobytes()] for window in drawn)
    assert len(counts) == (6 if card.name == "fsdd_short" else 80)
    assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize("name", ["librispeech_short", "librispeech_long"])
def test_speakers_are_in_one_split_only(name):
    rows = recordings.read_manifest(registry.find("datasets", name, ".yaml").with_name("librispeech.csv"))
    assert len(rows) == len({row.speaker for row in rows}) == 112
    assert collections.Counter(row.split for row in rows) == {"train": 80, "valid": 16, "test": 16}


def test_digits_are_split_by_take():
    rows = recordings.read_manifest(registry.find("datasets", "fsdd_short", ".yaml").with_name("fsdd.csv"))
    assert collections.Counter(row.split for row in rows) == {"train": 2400, "valid": 300, "test": 300}
    for row in rows:
        take = int(row.file.removesuffix(".wav").split("_")[2])
        assert row.split == ("test" if take < 5 else "valid" if take < 10 else "train")


def test_what_a_mixture_learns_of_real_speech_beats_the_fair_baseline():
    """A GRU at 20,000 parameters after one epoch, on validation: the linear model that knows how loud it is, is beaten."""
    task = tasks.load("librispeech_short", "librispeech_short", "next_block")
    few = {"train": task.splits["train"], "valid": task.splits["valid"][::8], "test": task.splits["test"][:8]}
    model = Model(trace.load("gru"), 20, 10, 72, gaussian_mixture(), Reference())
    training = Training(
        loss="step", batch=32, epochs=1, patience=1, optimizer="adam", clip_norm=1.0, readout_bias="marginal",
        forget_bias=1.0, constants={"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    )  # fmt: skip
    population = Population.start(model, dataclasses.replace(task, splits=few), training, [Member("", 0.01, 1)])
    population.run_epoch()
    assert population.best_nll[0] < task.card.baselines["linear_diagonal_levels"]["valid"]["nll"] - 3
