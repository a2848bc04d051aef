"""Batches of the reference engine: padding adds zeros and nothing else, and each member gets what is its own."""

import numpy as np
import pytest
import torch

from gatebench.engines import padded
from gatebench.engines.base import Network
from gatebench.engines.reference import Reference
from gatebench.graph import trace
from gatebench.training.likelihoods import bernoulli

ENGINE = Reference()
NETWORK = Network(trace.load("rnn"), 3, 2, 4, bernoulli())


def numbered(lengths, first=0):
    """Sequences whose every value tells sequence, step and column; none is zero."""
    xs = [1 + 1000.0 * (first + i) + 10 * np.arange(t)[:, None] + np.arange(3) for i, t in enumerate(lengths)]
    return xs, [-x[:, :2] for x in xs]


def assert_padded(x, y, mask, xs, ys):
    """These sequences, and zeros behind each and beside them."""
    assert x.shape == (*mask.shape, 3)
    assert y.shape == (*mask.shape, 2)
    for b, (own_x, own_y) in enumerate(zip(xs, ys, strict=True)):
        assert (x[: len(own_x), b] == own_x).all()
        assert (y[: len(own_y), b] == own_y).all()
        assert (mask[: len(own_x), b] == 1).all()
    total = sum(map(len, xs))
    assert mask.sum() == (x != 0).all(-1).sum() == (y != 0).all(-1).sum() == total
    assert not x[mask == 0].any()
    assert not y[mask == 0].any()


@pytest.mark.parametrize("lengths", [[4, 7, 1], [3], [5, 5]], ids=str)
def test_a_batch_is_its_sequences_and_zeros(lengths):
    xs, ys = numbered(lengths)
    batch = ENGINE.batch(NETWORK, xs, ys)
    assert batch.mask.shape == (max(lengths), len(lengths))
    assert_padded(batch.x, batch.y, batch.mask, xs, ys)


def test_members_of_different_batches_are_padded_alike():
    members = [numbered([4, 7, 1]), numbered([9, 2], 3), numbered([1, 1, 1, 6], 5)]
    batches = [ENGINE.batch(NETWORK, xs, ys) for xs, ys in members]
    x, y, mask, _ = (t.numpy() for t in padded.stacked(batches, torch.zeros(1, dtype=torch.float64)))
    assert x.dtype == y.dtype == mask.dtype == np.float64
    assert mask.shape == (3, 9, 4)
    for k, (xs, ys) in enumerate(members):
        assert_padded(x[k], y[k], mask[k], xs, ys)


def test_members_of_one_batch_share_it():
    batch = ENGINE.batch(NETWORK, *numbered([4, 7, 1]))
    x, y, mask, _ = padded.stacked([batch] * 5, torch.zeros(1))
    assert len(x) == len(y) == len(mask) == 1
    assert (x[0].numpy() == batch.x).all()


def test_losses_and_gradients_of_own_batches_are_those_of_each_alone():
    """Of different lengths and numbers of sequences; weights count once for each member."""
    random = np.random.default_rng(1)
    sizes = [[4, 7, 1], [9, 2], [1, 1, 1, 6]]
    batches = [
        ENGINE.batch(
            NETWORK, [random.normal(0, 1, (t, 3)) for t in s], [random.integers(0, 2, (t, 2)).astype(float) for t in s]
        )
        for s in sizes
    ]
    rows, weights = torch.zeros(3, NETWORK.row, dtype=torch.float64), np.array([0.1, 2.0, 0.0])
    for view in NETWORK.views(rows).values():
        view.copy_(torch.from_numpy(random.normal(0, 0.7, view.shape)))
    nll = ENGINE.losses(NETWORK, rows, batches)
    again, gradient = ENGINE.gradients(NETWORK, rows, batches, weights)
    assert [len(losses) for losses in nll] == [3, 2, 4]
    for k, batch in enumerate(batches):
        (alone,), own_gradient = ENGINE.gradients(NETWORK, rows[k : k + 1], [batch], np.ones(1))
        np.testing.assert_allclose(nll[k], alone, rtol=1e-12)
        np.testing.assert_allclose(again[k], alone, rtol=1e-12)
        torch.testing.assert_close(gradient[k], weights[k] * own_gradient[0], rtol=1e-12, atol=1e-12)
    used = sum(rows * columns for rows, columns in NETWORK.shapes.values())
    assert gradient[:2, :used].any(1).all()
    assert not gradient[:, used:].any(), "what is no parameter stays zero"
