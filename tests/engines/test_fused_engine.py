"""What the engine for processors does besides its numbers: work for its threads, and the time of its parts."""

import threading
import time

import numpy as np
import pytest
import torch

from gatebench.engines.base import Network, UpdateArrays
from gatebench.engines.fused_cpu import engine as engine_module
from gatebench.engines.fused_cpu.engine import ALONE, FusedCpu
from gatebench.engines.fused_cpu.workspace import OTHER
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training.likelihoods import bernoulli, gaussian_mixture
from gatebench.training.optimizers import UpdateRule, adam, rmsprop
from support.agreement import gradients, population, sequences


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_map_keeps_the_order_of_its_items(threads):
    assert FusedCpu(threads).map(lambda word: word.upper(), list("abcdefg")) == list("ABCDEFG")
    assert FusedCpu(threads).map(len, []) == []


def test_a_map_shares_its_items_out():
    """Each of two items waits for the other, so that one thread alone would wait for ever."""
    meet = threading.Barrier(2, timeout=60)
    first, second = FusedCpu(2).map(lambda _: meet.wait() * 0 + threading.get_ident(), range(2))
    assert first != second


def test_an_error_in_a_map_reaches_its_caller():
    def fail(item: int) -> None:
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item"):
        FusedCpu(2).map(fail, range(5))


@pytest.mark.parametrize("rule", [adam(0.9, 0.999, 1e-8), rmsprop(0.95, 0.9, 0.01)], ids=["adam", "rmsprop"])
def test_an_update_on_all_threads_is_that_on_one(rule):
    """Rows so long that members are dealt out."""
    network = Network(trace.load("gru"), 8, 4, 150, bernoulli())
    count = ALONE // network.row + 1
    rates, live = np.linspace(1e-3, 1e-1, count), np.arange(count) % 3 != 1
    results = []
    for threads in (1, 3):
        engine, rows = FusedCpu(threads), population(network, count)
        state = rule.start(rows)
        for seed in (2, 3):
            gradient = population(network, count, seed=seed)
            tensors = (rows.new_tensor(rates)[:, None], rows.new_tensor(live)[:, None].bool())
            engine.step(rule, rows, gradient, state, *tensors)
        results.append((rows, state))
    (one, state_of_one), (three, state_of_three) = results
    assert one.equal(three)
    assert all(state_of_one[name].equal(state_of_three[name]) for name in state_of_one)


@pytest.mark.parametrize(
    ("members", "threads", "lengths", "parts"),
    [
        (1, 2, [8, 2], 1),  # a thread would save half of a member's work
        (1, 2, [8, 8], 2),
        (1, 3, [8, 2], 2),  # two thirds, but there are two sequences
        (2, 3, [8, 8], 1),
        (5, 3, [8, 8, 8], 3),
        (3, 3, [80, 80], 1),
        (4, 2, [80, 80], 1),
    ],
)
def test_a_batch_is_dealt_out_where_that_saves_enough(members, threads, lengths, parts, monkeypatch):
    network = Network(trace.load("gru"), 6, 4, 9, bernoulli())
    monkeypatch.setattr(engine_module, "SPLIT", 6 * network.row)
    engine = FusedCpu(threads)
    batch = engine.batch(network, *sequences(network, lengths))
    assert engine._program(network).parts([batch] * members) == [parts] * members


NETWORKS = {
    "one layer": Network(trace.load("lstm"), 6, 4, 9, bernoulli()),
    "two layers": Network(trace.load("gru"), 6, 4, 9, bernoulli(), stack=Stack(layers=2)),
    "a mixture": Network(trace.load("gru"), 6, 2, 9, gaussian_mixture(3)),
    "a likelihood without code": Network(trace.load("gru"), 6, 2, 9, gaussian_mixture(3, "full")),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_parts_of_timed_code_are_told_apart_and_change_no_number(name):
    network = NETWORKS[name]
    music = [sequences(network, [30, 12, 7], seed=seed) for seed in (1, 3)]
    rows, weights = population(network, 2), np.array([0.1, 0.2])
    timed, plain = FusedCpu(2, is_timed=True), FusedCpu(2)
    losses, gradient = gradients(timed, network, rows, music, weights)
    expected_losses, expected_gradient = gradients(plain, network, rows, music, weights)
    assert all(np.array_equal(a, b) for a, b in zip(losses, expected_losses, strict=True))
    assert gradient.equal(expected_gradient)

    seconds = timed.part_seconds(network)
    assert {"packing", "products of inputs", "products of states", "elementwise", "gradients of weights", OTHER} <= set(
        seconds
    )
    assert ("likelihood" in seconds) == (name != "a likelihood without code")
    assert all(value > 0 for part, value in seconds.items() if part != OTHER)
    assert seconds[OTHER] >= 0
    assert set(plain.part_seconds(network)) == {OTHER}
    assert sum(timed.part_seconds(network).values()) == 0, "what was told is not told again"


@pytest.mark.parametrize("threads", [1, 2])
def test_the_parts_of_a_whole_update_are_told_apart(threads):
    network, rule = NETWORKS["one layer"], UpdateRule(adam(0.9, 0.999, 1e-8), 1.0)
    engine, rows = FusedCpu(threads, is_timed=True), population(network, 2)
    batch = engine.batch(network, *sequences(network, [30, 12, 7]))
    columns = torch.ones(2, 1)
    arrays = UpdateArrays(rows, rows, rule.optimizer.start(rows), columns, columns, torch.ones(network.row), columns == 1)
    started = time.perf_counter()
    engine.update(network, rule, arrays, [batch] * 2, np.ones(2))
    taken = time.perf_counter() - started
    seconds = engine.part_seconds(network)
    assert {"packing", "products of states", "likelihood", "norm and clipping", "optimizer", OTHER} <= set(seconds)
    assert all(value > 0 for value in seconds.values())
    assert sum(seconds.values()) <= threads * taken
