"""Framing, padding and batching: nothing is lost, nothing is seen early, and the order belongs to the seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.tasks import Sequence, buckets, in_order, pad
from bench.training.model import stream

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=50)
# The same examples in every run, and none kept on disk.
same = settings(derandomize=True, database=None, deadline=None, max_examples=60)


def numbered(lengths, width=3):
    """Sequences whose every value tells sequence, step and column; none is zero."""
    rolls = [1 + 1000 * i + 10 * np.arange(steps + 1)[:, None] + np.arange(width) for i, steps in enumerate(lengths)]
    return [Sequence(roll[:-1], roll[1:]) for roll in rolls]


def test_next_step_reads_what_stands_before(tiny):
    task = tiny.load()
    assert task.inputs == task.outputs == 12
    assert task.predicts_next
    for split, rolls in tiny.rolls.items():
        assert len(task.splits[split]) == len(rolls)
        for sequence, roll in zip(task.splits[split], rolls, strict=True):
            assert len(sequence) == len(roll) - 1  # frame 1 is read but not predicted
            for t in range(len(sequence)):
                assert (sequence.x[t] == roll[t]).all()
                assert (sequence.y[t] == roll[t + 1]).all()


@pytest.mark.parametrize(("steps", "size"), [(None, None), (9, None), (None, 6), (9, 6)])
def test_pad_adds_zeros_and_nothing_else(steps, size):
    sequences = numbered([4, 7, 1])
    batch = pad(sequences, steps, size)
    assert batch.x.shape == batch.y.shape == (steps or 7, size or 3, 3)
    assert batch.mask.shape == batch.x.shape[:2]
    for b, sequence in enumerate(sequences):
        assert (batch.x[: len(sequence), b] == sequence.x).all()
        assert (batch.y[: len(sequence), b] == sequence.y).all()
        assert (batch.mask[: len(sequence), b] == 1).all()
    assert batch.mask.sum() == 12
    assert (batch.x != 0).all(-1).sum() == (batch.y != 0).all(-1).sum() == 12
    assert not batch.x[batch.mask == 0].any()
    assert not batch.y[batch.mask == 0].any()


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
    sequences = numbered(lengths)
    seen = []
    for chosen, batch in in_order(sequences, most_steps):
        steps, size = batch.mask.shape
        assert size == len(chosen)
        assert steps * size <= most_steps or size == 1  # a sequence longer than that goes alone
        assert steps == max(lengths[i] for i in chosen)
        for b, i in enumerate(chosen):
            assert (batch.x[: lengths[i], b] == sequences[i].x).all()
        seen += chosen
    assert sorted(seen) == list(range(len(lengths)))
    assert [lengths[i] for i in seen] == sorted(lengths, reverse=True)
