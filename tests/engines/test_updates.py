"""Whole updates by one call of compiled code for each thread: the same numbers as from gradients, clipping and steps."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from gatebench.engines.base import Engine, Network
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training.likelihoods import bernoulli, categorical, gaussian, gaussian_mixture
from gatebench.training.optimizers import UpdateRule, adam, rmsprop
from gatebench.training.weighting import weighted_categorical
from support.agreement import dropout_masks, population, sequences
from support.updates import arrays_of

RULES = {
    "adam": UpdateRule(adam(0.9, 0.999, 1e-8), 0.3),
    "rmsprop": UpdateRule(rmsprop(0.95, 0.9, 0.01), 0.3),
    "without clipping": UpdateRule(adam(0.9, 0.999, 1e-8), None),
}
NETWORKS = {
    "gru": Network(trace.load("gru"), 12, 7, 19, bernoulli()),
    "a row of more than a vector": Network(trace.load("lstm_peephole"), 5, 3, 33, gaussian()),
    "that looks back": Network(trace.load("lstm_augmented"), 6, 2, 8, gaussian_mixture(3)),
    "symbols": Network(trace.load("rnn"), 9, 1, 17, categorical(5)),
    "weighted labels": Network(trace.load("gru"), 9, 1, 17, weighted_categorical(5, (0.5, 2.0, 1.0, 0.25, 1.25))),
}
SHORT, LONG = [5, 1, 3], [250]
ALL_BATCHES = {"one for all": [SHORT] * 4, "their own": [SHORT, LONG, [2], [4, 4, 4, 4]], "single sequences": [LONG] * 4}


@cache
def fused(threads: int) -> FusedCpu:
    return FusedCpu(threads)


class General(FusedCpu):
    """The engine without code for a whole update."""

    update = Engine.update


@cache
def general(threads: int) -> General:
    return General(threads)


def updated(engine: FusedCpu, network: Network, rule: UpdateRule, batches: list[list[int]], **changes: torch.Tensor):
    """Arrays and losses after a few updates; batches of equal lengths are one."""
    arrays = replace(arrays_of(network, rule, len(batches)), **changes)
    made = {tuple(lengths): engine.batch(network, *sequences(network, lengths, density=0.2)) for lengths in batches}
    weights, losses = np.linspace(0.01, 0.1, len(batches)), []
    for update in range(3):
        noise = population(network, len(batches), scale=0.1, seed=update + 5)
        arrays = replace(arrays, taken_at=arrays.parameters + noise)
        losses.append(engine.update(network, rule, arrays, [made[tuple(lengths)] for lengths in batches], weights))
    return arrays, losses


def assert_equal(first, second) -> None:
    (arrays, losses), (expected, expected_losses) = first, second
    for of_update, expected_of_update in zip(losses, expected_losses, strict=True):
        for of_member, expected_of_member in zip(of_update, expected_of_update, strict=True):
            np.testing.assert_array_equal(of_member, expected_of_member)
    for name in ("parameters", "live"):
        torch.testing.assert_close(getattr(arrays, name), getattr(expected, name), rtol=0, atol=0, equal_nan=True)
    assert arrays.state.keys() == expected.state.keys()
    for name, array in arrays.state.items():
        torch.testing.assert_close(array, expected.state[name], rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batches", ALL_BATCHES.values(), ids=ALL_BATCHES)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_an_update_is_that_of_its_parts_to_the_last_digit(network, rule, batches, threads):
    now = updated(fused(threads), network, rule, batches)
    assert_equal(now, updated(general(threads), network, rule, batches))
    arrays = now[0]
    start = arrays_of(network, rule, len(batches))
    changed = [not row.equal(before) for row, before in zip(arrays.parameters, start.parameters, strict=True)]
    assert changed == [True] * (len(batches) - 1) + [False], "the last one is not live"


def test_members_that_are_not_finite_stay_as_they_are():
    """A NaN in the parameters, a rate that is infinite, and a gradient whose norm is too large for float32."""
    network, rule = NETWORKS["gru"], RULES["adam"]
    rates = torch.tensor([[0.1], [math.inf], [0.1], [0.1]])
    parameters = population(network, 4)
    parameters[0, 3] = math.nan
    network.views(parameters)["readout_W"][2] *= 1e30
    no_decay, live = torch.zeros(4, 1), torch.ones(4, 1, dtype=torch.bool)
    results = []
    for engine in (fused(2), general(2)):
        changes = {"parameters": parameters.clone(), "learning_rates": rates, "weight_decay": no_decay, "live": live.clone()}
        results.append(updated(engine, network, rule, [SHORT] * 4, **changes))
        first = results[-1][0]
        assert first.live.flatten().tolist() == [False, False, False, True]
        torch.testing.assert_close(first.parameters[[0, 2]], parameters[[0, 2]], rtol=0, atol=0, equal_nan=True)
    assert_equal(*results)


def test_code_makes_them_where_it_can(monkeypatch):
    """Elsewhere they are made by parts: more layers or directions, dropout, one prediction a sequence, shared members."""

    def used(network: Network, members: int = 2, threads: int = 2, masks=None) -> bool:
        engine, calls = FusedCpu(threads), []
        monkeypatch.setattr(FusedCpu, "gradients", lambda *args: calls.append(args) or gradients(*args))
        rule, lengths = RULES["adam"], [3, 2]
        batch = engine.batch(network, *sequences(network, lengths))
        engine.update(network, rule, arrays_of(network, rule, members), [batch] * members, np.ones(members), masks)
        return not calls

    gradients, gru = FusedCpu.gradients, trace.load("gru")
    simple = NETWORKS["gru"]
    assert used(simple)
    assert used(simple, members=3, threads=3)
    assert not used(simple, members=3), "two threads share each of three members"
    assert not used(simple, masks=[dropout_masks(simple, [3, 2])] * 2)
    for stack in (Stack(2), Stack(1, True)):
        assert not used(Network(gru, 12, 7, 9, bernoulli(), stack=stack))
    assert not used(Network(gru, 12, 7, 9, bernoulli(), at="sequence"))
    assert not used(Network(gru, 12, 7, 9, gaussian_mixture(2, "full")))


def test_losses_after_an_update_are_those_without_one():
    """Both work in the same arrays and tables of a thread; an evaluation sums in another order than a training."""
    network, rule = NETWORKS["gru"], RULES["rmsprop"]
    engine, rows = FusedCpu(1), population(network, 2)
    batch, other = (engine.batch(network, *sequences(network, lengths)) for lengths in (SHORT, [9, 2]))

    def evaluated():
        return engine.losses(network, rows, [batch] * 2)

    def trained():
        return engine.gradients(network, rows, [batch] * 2, np.ones(2))[0]

    def updated():
        return engine.update(network, rule, arrays_of(network, rule, 2), [batch] * 2, np.ones(2))

    expected = [np.array(losses()) for losses in (evaluated, trained, updated)]
    for between in (batch, other):
        engine.update(network, rule, arrays_of(network, rule, 2), [between] * 2, np.ones(2))
        for losses, before in zip((evaluated, trained, updated), expected, strict=True):
            np.testing.assert_array_equal(losses(), before)
    for losses in (updated, trained):
        evaluated()
        np.testing.assert_array_equal(losses(), expected[1])


def test_numbers_for_a_batch_go_with_it():
    """What is kept of a batch does not outlive it, so that an epoch of new batches does not add up."""
    network = NETWORKS["gru"]
    engine, rule = FusedCpu(1), RULES["adam"]
    arrays = arrays_of(network, rule, 1)
    for lengths in (SHORT, [4, 2], [7]):
        engine.update(network, rule, arrays, [engine.batch(network, *sequences(network, lengths))], np.ones(1))
        (updater,) = engine._program(network)._updaters.values()
        assert len(updater._of_batches) == 0
