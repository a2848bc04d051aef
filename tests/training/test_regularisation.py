"""Clipping, weight noise, weight decay and dropout do what their settings say."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from gatebench.engines.base import Batch
from gatebench.graph.stack import Stack
from gatebench.training import optimizers
from gatebench.training.loop import EpochProgress, Population, train
from gatebench.training.protocol import Member
from support.training import (
    BASE,
    CLOSE,
    MEMBERS,
    Watched,
    every_engine,
    expected_gradient,
    model,
    nothing,
    numbers,
    run,
    score,
    setting,
    start,
)


def applied(task, engine, **settings):
    population = start(task, setting(weight_noise=0.0, **settings), engine=engine)
    population.optimizer = Watched(population.optimizer)
    train(population, nothing)
    return population.optimizer.gradients


@every_engine
def test_clipping_acts_by_norm_and_per_member(task, setup):
    limit = 2.0
    free = applied(task, setup.engine, loss="sequence", clip_norm=None)
    clipped = applied(task, setup.engine, loss="sequence", clip_norm=limit)
    assert len(free) == len(clipped) == 24
    assert max(float(optimizers.norm(gradients).max()) for gradients in free) > 5 * limit
    norms = torch.stack([optimizers.norm(gradients) for gradients in clipped])
    assert float(norms.max()) <= limit * (1 + 1e-5)
    assert float(norms.max()) >= limit * (1 - 1e-5), "up to the limit, not below"
    first, before = clipped[0], optimizers.norm(free[0])
    for k in range(len(MEMBERS)):  # of the first update, taken at the same weights: scaled, each by its own norm
        torch.testing.assert_close(first[k], free[0][k] * min(1.0, limit / float(before[k])), rtol=1e-5, atol=1e-7)


@every_engine
def test_limit_above_every_norm_is_no_limit(task, setup):
    free, high = (run(task, setting(clip_norm=limit), engine=setup.engine) for limit in (None, 1e6))
    assert [numbers(outcome) for outcome in high] == [numbers(outcome) for outcome in free]


@every_engine
def test_noise_leaves_weights_and_evaluation_alone(task, setup):
    """At rate zero nothing moves, and the noise is seen in the training loss only."""
    still = [dataclasses.replace(member, lr=0.0) for member in MEMBERS]
    population = start(task, BASE, still, engine=setup.engine)
    before = population.parameters.clone()
    population.run_epoch()
    assert torch.equal(population.parameters, before)
    clean = score(population, before, task.splits["train"])
    for k in range(len(MEMBERS)):
        train_row, valid_row = population.curves[k]
        expected = score(population, before, task.splits["valid"])[:, k]
        assert [valid_row["nll"], valid_row["nll_sequence_mean"]] == expected.tolist()
        assert abs(train_row["nll"] - clean[0, k]) > 1e-4


def test_without_noise_the_training_loss_at_rate_zero_is_the_evaluation(task, setup):
    still = [dataclasses.replace(member, lr=0.0) for member in MEMBERS]
    population = start(task, setting(weight_noise=0.0), still, engine=setup.engine)
    population.run_epoch()
    expected = score(population, population.parameters, task.splits["train"])
    for k, (row, _) in enumerate(population.curves):
        assert [row["nll"], row["nll_sequence_mean"]] == pytest.approx(expected[:, k].tolist(), rel=setup.tolerance)


def test_noise_has_its_deviation_and_place_and_is_drawn_anew(task):
    population = Population.start(model(units=40), task, BASE, MEMBERS)
    clean = population.parameters.clone()

    def noise():
        return population.model.views(population._noisy() - clean)

    first = noise()
    noisy = {name for name, added in first.items() if added.any()}
    assert noisy == {"W", "W_z", "W_r", "U", "U_z", "U_r"}, "matrices of the recurrent layer alone"
    assert (population._noisy() != clean).sum() <= sum(first[name].numel() for name in noisy), "and no end of a row"
    for added in (first[name] for name in sorted(noisy)):
        for k in range(len(MEMBERS)):
            assert float(added[k].std()) == pytest.approx(0.075, rel=0.15)
            assert abs(float(added[k].mean())) < 0.015
        torch.testing.assert_close(added[0], added[1], rtol=0, atol=1e-6)  # one seed
        assert not torch.allclose(added[0], added[2], atol=0.01), "two seeds"
    assert torch.equal(population.parameters, clean)
    assert torch.equal(first["U_z"], noise()["U_z"]), "the same update draws the same"
    population.updates += 1
    assert not torch.allclose(first["U_z"], noise()["U_z"], atol=0.01)
    assert not torch.allclose(first["U_z"], first["U_r"], atol=0.01)


@pytest.mark.parametrize("members", [1, 3])
def test_gradient_is_taken_at_the_noisy_weights(task, setup, members):
    """One update at a time: the rule sees the gradient of the noisy loss, and steps from the clean weights."""
    training = setting(clip_norm=None, batch=13)
    population = start(task, training, MEMBERS[:members], engine=setup.engine)
    population.optimizer = Watched(population.optimizer)
    moved, noisy = population.parameters.clone(), population._noisy()
    sequences = task.splits["train"]
    expected = expected_gradient(population, noisy, sequences, sum(map(len, sequences)))
    population.run_epoch()
    (gradient,) = population.optimizer.gradients
    torch.testing.assert_close(gradient.double(), expected, **CLOSE[setup.dtype])
    rate = torch.tensor([[member.lr] for member in MEMBERS[:members]])
    training.build_optimizer().step(
        moved, gradient, training.build_optimizer().start(moved), rate, torch.ones(members, 1, dtype=torch.bool)
    )
    assert torch.equal(population.parameters, moved)


@every_engine
@pytest.mark.parametrize("cell", ["gru", "lstm_peephole"])
def test_weight_decay_shrinks_matrices_by_the_rate_and_nothing_else(task, setup, cell):
    """``theta <- theta - eta (step + lambda theta)``, whatever the optimizer makes of the gradient."""
    rates = [0.01, 0.02, math.inf]
    members = [Member(str(rate), rate, 1) for rate in rates]
    once = {"clip_norm": None, "weight_noise": 0.0, "decay_to": 1.0, "epochs": 1, "batch": 1000}  # one update
    plain, decayed = (
        start(task, setting(**once, weight_decay=decay), members, cell=cell, engine=setup.engine) for decay in (0.0, 0.3)
    )
    before = {name: p.clone() for name, p in plain.model.views(plain.parameters).items()}
    plain._train_epoch(under_way(plain))
    decayed._train_epoch(under_way(decayed))
    without, with_decay = (p.model.views(p.parameters) for p in (plain, decayed))
    for k, rate in enumerate(rates[:2]):
        for name, theta in before.items():
            matrix = name == "readout_W" or plain.model.graph.parameters.get(name, ("1",))[0] != "1"
            shrunk = without[name][k] - (0.3 * rate * theta[k] if matrix else 0)
            torch.testing.assert_close(with_decay[name][k], shrunk, rtol=1e-5, atol=1e-7)


def under_way(population):
    """An epoch that begins."""
    population.epoch += 1
    return EpochProgress(np.zeros((2, len(population.active))), [True] * len(population.active))


def test_dropout_is_of_an_update_and_a_seed_and_of_nothing_else(task, setup):
    """Two layers: what is dropped has the share that was asked for, anew in every update, alike on all engines."""
    built = dataclasses.replace(model(engine=setup.engine), stack=Stack(2))
    members = [Member("a", 0.02, 1), Member("b", 0.01, 1), Member("c", 0.02, 2)]
    population = Population.start(built, task, setting(dropout=0.4), members)
    shared, other = (Batch(np.array(lengths), np.array(lengths)) for lengths in ([400, 300], [500]))
    batches = [shared, shared, other]
    first, second, third = population._dropout_masks(batches)
    assert [layer.shape for layer in first] == [(700, 5)] * 2
    assert [layer.shape for layer in third] == [(500, 5)] * 2
    for layer in (*first, *third):
        assert np.unique(layer).tolist() == [0, np.float32(1 / 0.6)]
        assert (layer == 0).mean() == pytest.approx(0.4, abs=0.04)
    assert first is second
    assert (first[0] != first[1]).any()
    assert (first[0][:500] != third[0]).any()
    again = population._dropout_masks(batches)
    assert all((a == b).all() for a, b in zip(first, again[0], strict=True))
    population.updates += 1
    assert (population._dropout_masks(batches)[0][0] != first[0]).any()


def test_nothing_is_dropped_in_evaluation(task, setup):
    """The weights after training with dropout, scored by a population without: the same numbers."""
    population = start(task, setting(dropout=0.5, epochs=1), engine=setup.engine)
    outcomes = train(population, nothing)
    plain = start(task, setting(epochs=1), engine=setup.engine)
    plain.best, plain.best_epoch, plain.status = population.best, population.best_epoch, population.status
    for resumed, expected in zip(outcomes, plain.outcomes(), strict=True):
        assert resumed.scores == expected.scores
