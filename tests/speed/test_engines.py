"""What is timed of our engines is a real update, or the losses."""

import numpy as np
import pytest
import torch

from gatebench.speed import data, engines
from gatebench.speed.cases import Case
from gatebench.training.loop import Population

GRU = Case(data.music, "gru", 5, 1, 7)


@pytest.mark.parametrize("engine", ["reference", "fused_cpu"])
def test_what_is_timed_is_an_update(engine, monkeypatch):
    populations = []
    start = Population.start
    monkeypatch.setattr(Population, "start", lambda *args: populations.append(start(*args)) or populations[-1])
    engines.call(GRU, engine, 3).call()
    (population,) = populations
    before = torch.zeros_like(population.parameters)
    for k in range(3):
        for name, view in population.model.views(before[k : k + 1]).items():
            view.copy_(population.model.initialise(k, engines.training(GRU), None)[name])
    assert (population.parameters != before).any(1).all()
    assert population.updates.tolist() == [1, 1, 1]


def test_an_evaluation_changes_nothing_and_takes_no_gradient(monkeypatch):
    case = Case(data.music, "gru", 5, 2, 7, work="evaluation")
    populations, start = [], Population.start
    monkeypatch.setattr(Population, "start", lambda *args: populations.append(start(*args)) or populations[-1])
    run = engines.call(case, "fused_cpu", 3)
    (population,) = populations
    losses, before = [], population.parameters.clone()
    of_engine = population.model.engine
    take = of_engine.losses
    monkeypatch.setattr(of_engine, "losses", lambda *args: losses.append(take(*args)) or losses[-1])
    monkeypatch.setattr(of_engine, "gradients", None)
    run.call()
    assert [np.shape(one) for one in losses] == [(3, 2)]
    assert torch.equal(population.parameters, before)


def test_synthetic_speech_starts_at_its_marginal_where_shares_underflow():
    case = Case(data.synthetic, "gru", 4, 3, 40)
    model = case.model("reference")
    bias = model.views(engines.population(case, model, 1).parameters)["readout_b"][0]
    targets = np.concatenate([sequence.y for (batch,) in [case.sequences()] for sequence in batch])
    assert np.allclose(bias[0], case.data.likelihood.marginal(targets), atol=1e-6)
    mu, deviation = bias[0, 20:220].reshape(20, 10), bias[0, 220:].reshape(20, 10).exp()
    log_n = (-0.5 * ((torch.from_numpy(targets)[:, None] - mu) / deviation) ** 2 - deviation.log()).sum(-1)
    shares = log_n.double().softmax(-1)
    assert ((shares > 0) & (shares < torch.finfo(torch.float32).tiny)).any()


def test_members_of_lengths_take_turns(monkeypatch):
    seen = []
    update = Population.update
    monkeypatch.setattr(
        Population,
        "update",
        lambda self, batches, *rest: seen.append([int(b.lengths[0]) for b in batches]) or update(self, batches, *rest),
    )
    case = Case(data.music, "gru", 5, 1, 6, lengths=(4, 8))
    run = engines.call(case, "fused_cpu", 2)
    run.call()
    assert (seen, run.updates) == ([[4, 8]], 1)
    seen.clear()
    alone = engines.call(case, "fused_cpu", 1)
    alone.call()
    assert (seen, alone.updates) == ([[4], [8]], 2)
