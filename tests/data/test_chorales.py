"""The chorales of music21, against music21 itself; and a split by piece that keeps equal music on one side."""

import math
import subprocess
import sys

import numpy as np
import pytest
from music21 import converter, corpus

from gatebench.core import registry
from gatebench.data import cards, facts
from gatebench.data.baselines.binary import of_frames
from gatebench.data.contents import SPLITS, content_digest
from gatebench.data.readers import music21_chorales
from gatebench.data.readers.music21_chorales import split_by_piece

VERIFY = [sys.executable, "-c", "from gatebench.cli import main; main()", "data", "verify"]


@pytest.fixture(scope="module")
def card():
    return cards.load("bach_chorales")


@pytest.fixture(scope="module")
def splits(card):
    return cards.read_arrays(card)


@pytest.fixture(scope="module")
def pieces(card, splits):
    """Name -> roll, from what the reader caches after parsing once."""
    version = card.package.partition("==")[2]
    return music21_chorales._read_cache(cards.cache() / card.name / f"music21-{version}.npz")


def music(roll):
    """What a piece is up to transposition: its length, and who sounds when above the lowest of its notes."""
    steps, keys = np.nonzero(roll)
    return len(roll), frozenset(zip(steps.tolist(), (keys - keys.min()).tolist(), strict=True))


# All three have notes that begin between the beats, and ties.
@pytest.mark.parametrize("name", ["bwv269", "bwv66.6", "bwv101.7"])
def test_a_frame_is_what_sounds_on_the_beat(pieces, name):
    file = next(path for path in corpus.getComposer("bach") if path.stem == name)
    score = converter.parse(str(file), forceSource=True, storePickle=False)
    sounding = []
    for beat in range(math.ceil(score.highestTime)):
        frame = set()
        for part in score.parts:
            for note in part.flatten().notes:
                if note.offset <= beat < note.offset + note.quarterLength:
                    frame |= {pitch.midi for pitch in note.pitches}
        sounding.append(frame)
    assert [set((np.flatnonzero(frame) + 21).tolist()) for frame in pieces[name]] == sounding


def test_only_four_voices_in_their_register(pieces):
    assert all(roll.shape[1] == 88 for roll in pieces.values())
    assert max(roll.sum(1).max() for roll in pieces.values()) <= 8  # a voice may divide
    together = np.flatnonzero(np.any([roll.any(0) for roll in pieces.values()], 0)) + 21
    assert (together.min(), together.max()) == (36, 81)  # C2 to A5: the scores' own keys


def test_every_piece_is_on_one_side(pieces, splits):
    dealt = [roll.tobytes() for split in SPLITS for roll in splits[split]]
    assert sorted(dealt) == sorted(roll.tobytes() for roll in pieces.values())


def test_split_is_deterministic(pieces, splits):
    shuffled = {name: pieces[name] for name in np.random.default_rng(0).permutation(list(pieces)).tolist()}
    assert content_digest(split_by_piece(shuffled)) == content_digest(splits)


def test_equal_music_is_on_one_side(splits):
    sides = {split: {music(roll) for roll in splits[split]} for split in SPLITS}
    assert not sides["train"] & sides["valid"]
    assert not sides["train"] & sides["test"]
    assert not sides["valid"] & sides["test"]
    assert sum(map(len, sides.values())) < sum(map(len, splits.values()))  # there is equal music to keep together


def test_transposed_copies_stay_together():
    random = np.random.default_rng(3)
    pieces = {}
    for i in range(30):
        roll = np.zeros((6, 88), np.uint8)
        roll[:, 20:40] = random.random((6, 20)) < 0.3
        for shift in range(1 + i % 3):
            pieces[f"{i}-{shift}"] = np.roll(roll, 7 * shift, 1)
    split = split_by_piece(pieces)
    sides = [{music(roll) for roll in split[name]} for name in SPLITS]
    assert sum(len(side) for side in sides) == len(set.union(*sides)) == 30
    for name, share in {"train": 0.6, "valid": 0.2, "test": 0.2}.items():
        assert abs(len(split[name]) - share * len(pieces)) <= 3  # groups of up to three are not divided


def test_shares(splits):
    counts = [len(splits[split]) for split in SPLITS]
    assert counts == [219, 73, 73]
    assert counts == [round(share * sum(counts)) for share in (0.6, 0.2, 0.2)]


def test_card_states_what_is_read(card, splits):
    assert facts.count("piano_roll", splits) == card.facts
    assert of_frames(splits) == card.baselines


def test_verify_passes():
    ran = subprocess.run([*VERIFY, "bach_chorales"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "38 of 38 facts and baselines" in ran.stdout
    assert not ran.stderr


def test_verify_names_the_statement_that_is_wrong(tiny):
    card = cards.load("tiny")
    card.facts["test"]["longest"] += 1
    card.baselines["markov"]["valid"]["nll"] += 0.0001
    tiny.edit(facts=card.facts, baselines=card.baselines, baseline_metrics={"unigram": {"frame_f1": [0.25]}})
    ran = subprocess.run([*VERIFY, "tiny"], capture_output=True, text=True, env=tiny.env)
    assert ran.returncode == 1
    assert [line.split(" is ")[0] for line in ran.stderr.splitlines()] == [
        "tiny: facts.test.longest",
        "tiny: baselines.markov.valid.nll",
        "tiny: baseline_metrics.unigram.frame_f1",
    ]


def test_it_is_not_jsb_chorales(card):
    jsb = cards.load("jsb_chorales")
    for text in (card.name, card.title, card.reader, card.source, registry.find("conf", card.name, ".yaml", "task").stem):
        assert "jsb" not in text.lower()
        assert "music21" in text.lower() or "bach" in text.lower()
    assert "This is not JSB Chorales" in card.description
    assert card.title != jsb.title
    assert card.content != jsb.content
    assert card.facts["train"] != jsb.facts["train"]
