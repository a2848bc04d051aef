"""What is carried from one stretch of a series to the next: engines go on where they ended, and no gradient goes back."""

from functools import cache

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.engines.base import Network
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training.likelihoods import bernoulli
from support.agreement import REFERENCE, assert_agree, dropout_masks, population, sequences

CELLS = [(name, {}) for name in registry.available("cells", ".py")]
CELLS += [("lstm_augmented", {"length": 3}), ("lstm_augmented", {"length": 3, "projection": None, "gate": False})]
LAYERS = [1, 2]
STRETCHES = [[7, 5, 1, 4], [2, 4, 1, 1], [1, 9, 3, 2]]
"""Steps of each of four series in three stretches; some are shorter than what a window of three looks back at."""
every_cell = pytest.mark.parametrize(("cell", "options"), CELLS)


@cache
def fused(threads=1):
    return FusedCpu(threads)


def network(cell, options, layers):
    return Network(trace.load(cell, **options), 6, 3, 5, bernoulli(), stack=Stack(layers))


def stretches_of(built, seed=1, density=1.0):
    """Series in stretches, ``[stretch][xs, ys]``, and whole."""
    xs, ys = sequences(built, [sum(steps) for steps in zip(*STRETCHES, strict=True)], density, seed)
    ends = np.cumsum(STRETCHES, 0)
    parts = [
        tuple([a[end - steps : end] for a, end, steps in zip(arrays, stop, counts, strict=True)] for arrays in (xs, ys))
        for stop, counts in zip(ends, STRETCHES, strict=True)
    ]
    return parts, (xs, ys)


def carried_of(built, flat, sizes):
    return [built.start_of_series(size, flat) for size in sizes]


def random_carried(built, flat, sizes, seed=3):
    random = np.random.default_rng(seed)
    return [random.uniform(-0.9, 0.9, zeros.shape).astype(zeros.dtype) for zeros in carried_of(built, flat, sizes)]


@every_cell
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("engine", [REFERENCE, fused()], ids=["reference", "fused_cpu"])
def test_stretches_of_a_series_cost_what_the_unbroken_series_does(engine, cell, options, layers):
    built = network(cell, options, layers)
    flat = population(built, 2) if engine is not REFERENCE else population(built, 2).double()
    data = [stretches_of(built, seed) for seed in (1, 2)]  # each member its own series
    whole = engine.losses(built, flat, [engine.batch(built, *unbroken) for _, unbroken in data])
    carried, total = carried_of(built, flat, [4, 4]), np.zeros((2, 4))
    for number in range(len(STRETCHES)):
        total += engine.losses(built, flat, [engine.batch(built, *parts[number]) for parts, _ in data], carried)
    np.testing.assert_allclose(total, whole, rtol=1e-6 if engine is not REFERENCE else 1e-12)
    cold = sum(np.array(engine.losses(built, flat, [engine.batch(built, *parts[n]) for parts, _ in data])) for n in range(3))
    assert np.abs(cold / whole - 1).max() > 1e-5, "beginning anew makes a difference"


@every_cell
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize(("threads", "dropped"), [(1, False), (2, True)])
def test_fused_engine_agrees_on_what_is_carried_and_on_every_gradient(cell, options, layers, threads, dropped):
    """With two threads a batch is dealt out to them, so that each has some of its rows."""
    built = network(cell, options, layers)
    flat, weights = population(built, 2), np.array([0.7, 1.3], np.float32)
    batches = [stretches_of(built, seed, 0.2)[0][0] for seed in (1, 2)]
    masks = [dropout_masks(built, STRETCHES[0], seed) for seed in (1, 2)] if dropped else None
    ours, truth = random_carried(built, flat, [4, 4]), random_carried(built, flat.double(), [4, 4])
    for a, b in zip(ours, truth, strict=True):
        b[:] = a
    engine, before = fused(threads), [a.copy() for a in truth]
    computed = engine.gradients(built, flat, [engine.batch(built, *b) for b in batches], weights, masks, ours)
    expected = REFERENCE.gradients(
        built, flat.double(), [REFERENCE.batch(built, *b) for b in batches], weights, masks, truth
    )
    assert_agree(built, computed, expected)
    for a, b, start in zip(ours, truth, before, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        assert (np.abs(b - start) > 0).any(1).all(), "every row goes on"
    zero = REFERENCE.gradients(built, flat.double(), [REFERENCE.batch(built, *b) for b in batches], weights, masks)
    for name, gradient in built.views(zero[1]).items():
        assert not torch.allclose(gradient, built.views(expected[1])[name], rtol=1e-3), f"{name} does depend on it"


@every_cell
def test_no_gradient_flows_into_what_is_carried(cell, options):
    """The gradient of a stretch is that of its own losses with what it begins with held fixed, by finite differences."""
    built = network(cell, options, 2)
    flat = population(built, 1).double()
    parts, _ = stretches_of(built)
    batches = [REFERENCE.batch(built, *part) for part in parts]
    carried = carried_of(built, flat, [4])
    REFERENCE.losses(built, flat, batches[:1], carried)
    begin = [array.copy() for array in carried]
    _, gradient = REFERENCE.gradients(built, flat, batches[1:2], np.ones(1), None, carried)

    def loss(rows):
        return REFERENCE.losses(built, rows, batches[1:2], [array.copy() for array in begin])[0].sum()

    random = torch.Generator().manual_seed(1)
    count = sum(rows * columns for rows, columns in built.shapes.values())
    direction = torch.zeros_like(flat)
    direction[:, :count] = torch.randn(1, count, generator=random, dtype=torch.float64)
    step = 1e-6 * direction
    assert float((gradient * direction).sum()) == pytest.approx((loss(flat + step) - loss(flat - step)) / 2e-6, rel=1e-6)


@every_cell
@pytest.mark.parametrize("engine", [REFERENCE, fused()], ids=["reference", "fused_cpu"])
def test_neighbours_and_padding_change_nothing_that_is_carried(engine, cell, options):
    built = network(cell, options, 2)
    flat = population(built, 2)
    (xs, ys), *_ = stretches_of(built)[0]
    together = random_carried(built, flat, [4, 4])
    alone = [array.copy() for array in together]
    losses = engine.losses(built, flat, [engine.batch(built, xs, ys)] * 2, together)
    for b in range(4):
        of_row = [array[b : b + 1].copy() for array in alone]
        (first, second) = engine.losses(built, flat, [engine.batch(built, [xs[b]], [ys[b]])] * 2, of_row)
        assert [first[0], second[0]] == pytest.approx([of_member[b] for of_member in losses], rel=1e-6)
        for k in range(2):
            np.testing.assert_allclose(together[k][b], of_row[k][0], rtol=1e-5, atol=1e-6)


def test_members_carry_rows_of_batches_of_other_sizes():
    built = network("gru", {}, 1)
    flat = population(built, 2).double()
    (xs, ys), *_ = stretches_of(built)[0]
    carried = random_carried(built, flat, [4, 2])
    expected = [array.copy() for array in carried]
    batches = [REFERENCE.batch(built, xs, ys), REFERENCE.batch(built, xs[:2], ys[:2])]
    REFERENCE.losses(built, flat, batches, carried)
    for k in range(2):
        REFERENCE.losses(built, flat[k : k + 1], batches[k : k + 1], expected[k : k + 1])
        np.testing.assert_allclose(carried[k], expected[k], rtol=1e-12)


def test_a_broken_member_breaks_nothing_that_others_carry():
    built = network("lstm", {}, 1)
    flat = population(built, 3)
    batch = fused().batch(built, *stretches_of(built)[0][0])
    healthy = random_carried(built, flat, [4] * 3)
    broken = [array.copy() for array in healthy]
    fused().losses(built, flat, [batch] * 3, healthy)
    flat[1] = torch.nan
    fused().losses(built, flat, [batch] * 3, broken)
    assert np.isnan(broken[1]).any()
    for k in (0, 2):
        np.testing.assert_array_equal(broken[k], healthy[k])


def test_a_network_that_reads_what_is_to_come_carries_nothing():
    ahead = {"length": 3, "window": "ahead"}
    assert network("lstm_augmented", {"length": 3}, 2).carries
    assert not network("lstm_augmented", ahead, 1).carries
    assert not Network(trace.load("gru"), 6, 3, 5, bernoulli(), stack=Stack(1, True)).carries
    assert not Network(trace.load("gru"), 6, 3, 5, bernoulli(), at="sequence").carries
