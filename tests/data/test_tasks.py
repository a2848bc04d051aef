"""Framing and batching: nothing is lost, nothing is seen early, and the order belongs to the seed."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.core.errors import BadInput
from gatebench.data import cards, tasks
from gatebench.data.framings import next_block, next_step
from gatebench.data.sequences import Sequence
from gatebench.data.tasks import Portion, buckets, in_order
from gatebench.training.model import stream

CARD = cards.load("jsb_chorales")
LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=50)
# The same examples in every run, and none stored on disk.
same = settings(derandomize=True, database=None, deadline=None, max_examples=60)


def numbered(lengths, width=3):
    """Sequences whose every value tells sequence, step and column; none is zero."""
    rolls = [1 + 1000 * i + 10 * np.arange(steps + 1)[:, None] + np.arange(width) for i, steps in enumerate(lengths)]
    return [Sequence(roll[:-1], roll[1:]) for roll in rolls]


def test_next_step_reads_what_stands_before(tiny):
    task = tiny.load()
    assert task.inputs == task.outputs == 12
    for split, rolls in tiny.rolls.items():
        assert len(task.splits[split]) == len(rolls)
        for sequence, roll in zip(task.splits[split], rolls, strict=True):
            assert len(sequence) == len(roll) - 1  # frame 1 is read but not predicted
            for t in range(len(sequence)):
                assert (sequence.x[t] == roll[t]).all()
                assert (sequence.y[t] == roll[t + 1]).all()


@same
@given(lengths=LENGTHS, size=st.integers(1, 12), seed=st.integers(0, 2**31))
def test_an_epoch_has_every_sequence_once(lengths, size, seed):
    batches = buckets(lengths, size, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    sizes = sorted(map(len, batches))
    rest = len(lengths) % size
    assert sizes == [rest] * (rest > 0) + [size] * (len(lengths) // size)


@same
@given(lengths=st.lists(st.integers(1, 60), min_size=20, max_size=50), size=st.integers(2, 6), seed=st.integers(0, 2**31))
def test_batches_are_of_like_length(lengths, size, seed):
    """Of two batches one is the longer, up to the tenth by which lengths are off when they are sorted."""
    inside = [[lengths[i] for i in batch] for batch in buckets(lengths, size, np.random.default_rng(seed))]
    for i, a in enumerate(inside):
        for b in inside[:i]:
            # In whole numbers: 0.9 and 1.1 are none in binary.
            assert max(a) * 9 <= min(b) * 11 or max(b) * 9 <= min(a) * 11


def test_short_batches_do_not_come_first():
    """Neither sorted up nor down in any of ten epochs."""
    lengths = list(range(1, 40))
    for epoch in range(10):
        means = [np.mean([lengths[i] for i in batch]) for batch in buckets(lengths, 4, np.random.default_rng(epoch))]
        assert not (np.diff(means) >= 0).all()
        assert not (np.diff(means) <= 0).all()


def test_order_belongs_to_seed_and_epoch():
    lengths = [len(roll) for roll in numbered(list(range(1, 40)))]

    def order(seed, epoch):
        return [batch.tolist() for batch in buckets(lengths, 4, stream(seed, "order", epoch))]

    np.random.seed(5)  # a global stream, which must not matter
    first = order(1, 1)
    np.random.seed(6)
    assert order(1, 1) == first
    assert order(2, 1) != first
    assert order(1, 2) != first
    assert {frozenset(batch) for batch in order(1, 2)} != {frozenset(batch) for batch in first}, "other neighbours too"


@same
@given(lengths=LENGTHS, most_steps=st.integers(1, 400))
def test_in_order_covers_all_within_its_memory(lengths, most_steps):
    seen = []
    for batch in in_order(numbered(lengths), most_steps):
        padded = max(lengths[i] for i in batch) * len(batch)
        assert padded <= most_steps or len(batch) == 1  # a sequence longer than that goes alone
        seen += batch
    assert sorted(seen) == list(range(len(lengths)))
    assert [lengths[i] for i in seen] == sorted(lengths, reverse=True)


# Blocks of audio


def ramp(samples):
    """Every sample tells its place."""
    return np.arange(1, samples + 1, dtype=np.int16)[:, None]


@pytest.mark.parametrize("samples", [30, 39, 40, 500, 8000])
def test_a_block_is_predicted_from_the_samples_before_it(samples):
    sequence = next_block.blocks(ramp(samples)[:, 0].astype(float))
    assert len(sequence) == (samples - 20) // 10
    for t in range(len(sequence)):
        assert (sequence.x[t] == np.arange(10 * t + 1, 10 * t + 21)).all()
        assert (sequence.y[t] == np.arange(10 * t + 21, 10 * t + 31)).all()


def test_what_was_predicted_is_read_next():
    sequence = next_block.blocks(ramp(200)[:, 0].astype(float))
    for t in range(len(sequence) - 1):
        assert (next_block.next_input(CARD, sequence.x[t], sequence.y[t]) == sequence.x[t + 1]).all()
    roll = np.random.default_rng(0).integers(0, 2, (5, 12))
    assert (next_step.next_input(CARD, roll[0], roll[1]) == roll[1]).all()


def waves(random, count, level):
    return [(level * random.standard_normal((120, 1))).round().astype(np.int16) for _ in range(count)]


def test_samples_are_dequantised_within_their_step_and_always_alike():
    random = np.random.default_rng(4)
    sequences = waves(random, 50, 300)
    first, again = (next_block.dequantise(sequences, "train") for _ in range(2))
    noise = np.concatenate([a - b[:, 0] for a, b in zip(first, sequences, strict=True)])
    assert np.abs(noise).max() <= 0.5
    assert noise.mean() == pytest.approx(0, abs=0.02)
    assert noise.var() == pytest.approx(1 / 12, rel=0.05)  # of a whole step, evenly
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    other = next_block.dequantise(sequences, "test")
    assert all((a != b).any() for a, b in zip(first, other, strict=True))


def test_silence_has_no_two_equal_blocks():
    splits, _, (_, std), _ = next_block.frame_waves(
        {split: [np.zeros((500, 1), np.int16)] for split in ("train", "valid", "test")}
    )
    blocks = [row.tobytes() for sequences in splits.values() for sequence in sequences for row in sequence.y]
    assert len(set(blocks)) == len(blocks)
    assert std == pytest.approx(12**-0.5, rel=0.1)


def test_only_train_standardises():
    random = np.random.default_rng(6)
    arrays = {"train": waves(random, 30, 500), "valid": waves(random, 30, 50), "test": waves(random, 30, 5000)}
    splits, (mean, std), *_ = next_block.frame_waves(arrays)
    flat = {split: np.concatenate([np.r_[s.x[0], s.y.ravel()] for s in sequences]) for split, sequences in splits.items()}
    assert flat["train"].mean() == pytest.approx(0, abs=1e-6)
    assert flat["train"].std() == pytest.approx(1, abs=1e-6)
    assert flat["test"].std() == pytest.approx(10, rel=0.1)
    other = next_block.frame_waves({**arrays, "valid": waves(random, 9, 7), "test": waves(random, 9, 9)})
    assert other.input_scale == other.output_scale == (mean, std)
    for a, b in zip(splits["train"], other[0]["train"], strict=True):
        assert (a.x == b.x).all()
    original = np.concatenate(arrays["test"])[:, 0]
    np.testing.assert_allclose(flat["test"] * std + mean, original, atol=0.51)


def test_windows_too_short_for_a_block():
    short = {split: [np.zeros((25, 1), np.int16)] for split in ("train", "valid", "test")}
    with pytest.raises(BadInput, match=r"has 25 samples; predicting 10 from 20 needs at least 30: use longer windows"):
        next_block.frame_waves(short)


def test_a_framing_refuses_data_of_another_kind(tiny):
    with pytest.raises(BadInput, match=r"next_block frames data of kind audio, but dataset tiny is piano_roll; use"):
        tasks.load("tiny", "tiny", "next_block")
    with pytest.raises(BadInput, match=r"unknown framing task.predict=next_blok; did you mean 'next_block'"):
        tasks.load("tiny", "tiny", "next_blok")


def test_audio_as_a_study_loads_it(murmur):
    task = tasks.load("murmur", "murmur", "next_block")
    assert (task.inputs, task.outputs) == (20, 10)
    assert len(task.splits["train"]) == 18
    assert all(len(sequence) == 10 for sequences in task.splits.values() for sequence in sequences)
    assert task.std == pytest.approx(cards.load("murmur").facts["train"]["std"], rel=1e-3)


def test_a_larger_share_of_the_training_sequences_contains_a_smaller_one():
    splits = {"train": numbered(range(5, 35)), "valid": numbered([4, 6]), "test": numbered([5])}
    chosen = {share: Portion(share).of(splits) for share in (0.01, 0.1, 0.5, 1.0)}
    starts = {share: [int(s.x[0, 0]) for s in part["train"]] for share, part in chosen.items()}
    assert [len(starts[share]) for share in chosen] == [1, 3, 15, 30]
    for smaller, larger in pairwise(chosen):
        assert set(starts[smaller]) < set(starts[larger])
    assert starts[0.5] == sorted(starts[0.5]) != starts[1.0][:15]
    assert all(part[split] is splits[split] for part in chosen.values() for split in ("valid", "test"))


def test_windows_have_all_whole_pieces_and_short_sequences_as_they_are():
    splits = {split: numbered([3, 4, 9, 12]) for split in ("train", "valid", "test")}
    windows = Portion(window=4).of(splits)["test"]
    assert [len(s) for s in windows] == [3, 4, 4, 4, 4, 4, 4]  # of nine the last one is dropped
    whole = numbered([3, 4, 9, 12])[3]
    np.testing.assert_array_equal(np.concatenate([s.x for s in windows[4:]]), whole.x)
    np.testing.assert_array_equal(np.concatenate([s.y for s in windows[4:]]), whole.y)


def test_a_whole_sequence_with_one_target_has_no_windows():
    sequence = Sequence(np.ones((5, 2)), np.ones((1, 1)))
    splits = {split: [sequence] for split in ("train", "valid", "test")}
    assert Portion(0.5).of(splits)["train"] == [sequence]
    with pytest.raises(BadInput, match=r"data\.window is 3, but .* data\.window=null"):
        Portion(window=3).of(splits)


def test_a_portion_says_what_is_not_as_by_default():
    portions = [Portion(), Portion(0.1), Portion(window=200), Portion(0.5, 50)]
    assert [str(portion) for portion in portions] == ["", "share 0.1", "window 200", "share 0.5, window 50"]
