"""A population is its members trained alone, and one that diverges hurts no other."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.training.loop import train
from gatebench.training.protocol import Member
from support.training import (
    BASE,
    MEMBERS,
    RMSPROP,
    WILD,
    Watched,
    curve,
    every_engine,
    nothing,
    numbers,
    run,
    setting,
    start,
)

CELLS = sorted(path.stem for path in registry.BUILT_IN["cells"].glob("*.py"))


def assert_same(a, b, tolerance):
    assert (a.status, a.best_epoch, a.epochs, a.updates) == (b.status, b.best_epoch, b.epochs, b.updates)
    for row, other in zip(a.curve, b.curve, strict=True):
        assert (row["epoch"], row["update"], row["split"]) == (other["epoch"], other["update"], other["split"])
        for kind in ("nll", "nll_sequence_mean"):
            assert row[kind] == pytest.approx(other[kind], rel=tolerance, nan_ok=True)
    for split, scores in a.scores.items():
        assert scores == pytest.approx(b.scores[split], rel=tolerance, nan_ok=True)
    for name, p in a.weights.items():
        np.testing.assert_allclose(p, b.weights[name], rtol=tolerance, atol=tolerance)


POPULATIONS = {
    "plain": {"clip_norm": None, "weight_noise": 0.0, "decay_to": 1.0},
    "noise and clipping": {},
    "sequence loss": {"loss": "sequence"},
    "rmsprop": RMSPROP,
    "the paper's": {"loss": "sequence", "batch": 2, "epochs": 3, "decay_to": 0.01, "input_range": 0.1, **RMSPROP},
    "marginal": {"readout_bias": "marginal", "clip_norm": 0.1},
    "early stop": {"patience": 1, "epochs": 8},
    "weight decay": {"weight_decay": 0.3},
    "dropout": {"dropout": 0.4},
}


def assert_alone(task, training, cell, setup, members=MEMBERS):
    together = run(task, training, members, cell, engine=setup.engine)
    for member, outcome in zip(members, together, strict=True):
        (alone,) = run(task, training, [member], cell, engine=setup.engine)
        assert_same(outcome, alone, setup.tolerance)
    return together


@pytest.mark.parametrize("cell", CELLS)
def test_population_equals_its_members_alone(task, setup, cell):
    together = assert_alone(task, BASE, cell, setup)
    assert all(outcome.updates == 24 for outcome in together)


@pytest.mark.parametrize("settings", POPULATIONS.values(), ids=POPULATIONS)
def test_population_equals_its_members_alone_in_every_protocol(task, setup, settings):
    together = assert_alone(task, setting(**settings), "gru", setup)
    assert max(outcome.updates for outcome in together) >= 20
    finals = {outcome.scores["valid"]["nll"] for outcome in together}
    assert len(finals) == len(MEMBERS), "rates and seeds do make a difference"


@pytest.mark.parametrize("seeds", [[1, 1, 1], [1, 2, 3]])
def test_population_of_one_seed_or_several(task, setup, seeds):
    assert_alone(task, BASE, "rnn", setup, [Member(f"{k}", 0.01 * (k + 1), seed) for k, seed in enumerate(seeds)])


@pytest.mark.parametrize("name", ["weight_noise", "weight_decay"])
def test_members_have_their_own_noise_and_decay(task, setup, name):
    numbers = [0.0, 0.075, 0.3]
    members = [Member(f"{number}", 0.02, 1, **{name: number}) for number in numbers]
    together = assert_alone(task, setting(**{name: 0.1}), "gru", setup, members)
    # What a member brings counts, and what the training says of it does not.
    for number, outcome in zip(numbers, together, strict=True):
        (alone,) = run(task, setting(**{name: number}), [Member("alone", 0.02, 1)], "gru", engine=setup.engine)
        assert_same(outcome, alone, setup.tolerance)
    assert len({outcome.scores["valid"]["nll"] for outcome in together}) == 3


def test_order_of_members_is_irrelevant(task, setup):
    straight = run(task, engine=setup.engine)
    back = run(task, members=MEMBERS[::-1], engine=setup.engine)[::-1]
    for a, b in zip(straight, back, strict=True):
        assert_same(a, b, setup.tolerance)


@every_engine
def test_same_run_twice_is_bitwise_the_same(task, setup):
    torch.manual_seed(1)
    first = run(task, engine=setup.engine)
    torch.manual_seed(2)
    np.random.seed(2)  # global streams, which must not matter
    assert [numbers(outcome) for outcome in run(task, engine=setup.engine)] == [numbers(outcome) for outcome in first]


@pytest.mark.parametrize("place", [0, 3])
def test_a_diverged_member_hurts_nobody(task, setup, place):
    members = [*MEMBERS[:place], WILD, *MEMBERS[place:]]
    outcomes = run(task, members=members, engine=setup.engine)
    wild = outcomes.pop(place)
    assert (wild.status, wild.epochs, wild.best_epoch) == ("diverged", 1, 0)
    assert wild.updates < 4, "its stop is immediate"
    assert all(math.isnan(value) for scores in wild.scores.values() for value in scores.values())
    for outcome, alone in zip(outcomes, run(task, engine=setup.engine), strict=True):
        assert outcome.status == "finished"
        assert_same(outcome, alone, setup.tolerance)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_poisoned_weights_stop_their_member_alone(task, setup, poison):
    population = start(task, engine=setup.engine)
    population.model.views(population.parameters)["readout_b"][1, 0, 0] = poison
    poisoned = population.parameters[1].clone()
    moved = []
    rule = Watched(population.optimizer)
    rule.after = lambda parameters: moved.append(not torch.equal(parameters[1].nan_to_num(), poisoned.nan_to_num()))
    population.optimizer = rule
    population.run_epoch()
    assert moved == [False] * 4, "from its first update on"
    assert population.status == ["running", "diverged", "running"]
    assert population.active == [0, 2]
    assert population.updates.tolist() == [4, 0, 4]
    assert all(len(p) == 2 for p in [population.parameters, *population.optimizer_state.values()]), "it costs no more"
    outcomes = train(population, nothing)
    for k, alone in enumerate(run(task, engine=setup.engine)):
        if k != 1:
            assert_same(outcomes[k], alone, setup.tolerance)


@every_engine
def test_who_is_not_live_is_not_moved_by_the_engine(task, setup):
    """With the engine's own step of the optimizer, which `Watched` is not."""
    population = start(task, engine=setup.engine)
    population.model.views(population.parameters)["readout_b"][1, 0, 0] = math.nan
    before, states = population.parameters.clone(), []
    keep = population._keep_active
    population._keep_active = lambda positions: (
        states.append((population.parameters.clone(), {n: m.clone() for n, m in population.optimizer_state.items()})),
        keep(positions),
    )
    population.run_epoch()
    ((parameters, optimizer_state),) = states
    assert torch.equal(parameters[1].nan_to_num(), before[1].nan_to_num())
    assert not any(array[1].any() for array in optimizer_state.values())
    assert (parameters[[0, 2]] != before[[0, 2]]).any(1).all()


@every_engine
def test_who_diverges_later_keeps_what_was_best(task, setup):
    """Two good epochs, then weights that are not finite."""
    population = start(task, engine=setup.engine)
    population.run_epoch()
    population.run_epoch()
    best = {name: p[2].clone() for name, p in population.model.views(population.best).items()}
    population.model.views(population.parameters)["readout_b"][2] = math.nan
    outcomes = train(population, nothing)
    assert [outcome.status for outcome in outcomes] == ["finished", "finished", "diverged"]
    assert (outcomes[2].epochs, outcomes[2].best_epoch, outcomes[2].updates) == (3, 2, 8)
    assert outcomes[2].scores["valid"]["nll"] == pytest.approx(min(curve(outcomes[2], "valid")[:2]), rel=1e-6)
    for name, p in outcomes[2].weights.items():
        assert np.array_equal(p, best[name].numpy())


@every_engine
def test_all_diverge(task, setup):
    outcomes = run(task, members=[WILD, dataclasses.replace(WILD, seed=2)], engine=setup.engine)
    assert [outcome.status for outcome in outcomes] == ["diverged", "diverged"]
    assert [outcome.epochs for outcome in outcomes] == [1, 1]
