"""The optimisers against PyTorch's and against loops; what acts on one member acts on it alone."""

import math

import pytest
import torch

from bench.training import optim
from bench.training.optim import adam, rmsprop

MEMBERS, UPDATES = 3, 20
RATE = torch.tensor([0.001, 0.03, 0.7], dtype=torch.float64)[:, None, None]
LIVE = torch.ones(MEMBERS, 1, 1, dtype=torch.bool)
RULES = [
    adam(0.9, 0.999, 1e-8),
    adam(0.5, 0.9, 1e-3),
    adam(0.0, 0.99, 1e-8),
    rmsprop(0.95, 0.9, 0.01),
    rmsprop(0.9, 0.0, 1e-300),
    rmsprop(0.5, 0.7, 1.0),
]


def start():
    random = torch.Generator().manual_seed(1)
    shapes = {"W_z": (4, 3), "b_z": (1, 3), "V_f": (1, 3)}
    return {n: torch.randn(MEMBERS, *s, generator=random, dtype=torch.float64) for n, s in shapes.items()}


def gradients(update):
    """Of very different sizes, from update to update and from member to member."""
    random = torch.Generator().manual_seed(100 + update)
    scale = 10.0 ** (update % 5 - 3) * torch.tensor([1, 10, 0.1], dtype=torch.float64)[:, None, None]
    return {n: scale * torch.randn(p.shape, generator=random, dtype=torch.float64) for n, p in start().items()}


def run(rule, live=lambda update: LIVE, gradients=gradients):
    parameters = start()
    memory = rule.start(parameters)
    for update in range(UPDATES):
        rule.step(parameters, gradients(update), memory, RATE, live(update))
    return parameters, memory


def run_torch(make):
    """Every member by an optimiser of PyTorch's own."""
    ended = start()
    for k in range(MEMBERS):
        leaves = {n: p[k].clone().requires_grad_() for n, p in start().items()}
        theirs = make(list(leaves.values()), float(RATE[k]))
        for update in range(UPDATES):
            for name, leaf in leaves.items():
                leaf.grad = gradients(update)[name][k]
            theirs.step()
        for name, leaf in leaves.items():
            ended[name][k] = leaf.detach()
    return ended


def assert_close(a, b, tolerance=1e-12):
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("rule", [rule for rule in RULES if isinstance(rule, adam)], ids=str)
def test_adam_is_that_of_torch(rule):
    theirs = run_torch(lambda p, lr: torch.optim.Adam(p, lr, betas=(rule.beta1, rule.beta2), eps=rule.epsilon))
    assert_close(run(rule)[0], theirs)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_rmsprop_without_a_floor_is_that_of_torch(momentum):
    theirs = run_torch(lambda p, lr: torch.optim.RMSprop(p, lr, alpha=0.95, eps=0, momentum=momentum))
    assert_close(run(rmsprop(0.95, momentum, 1e-300))[0], theirs)


@pytest.mark.parametrize("rule", [rule for rule in RULES if isinstance(rule, rmsprop)], ids=str)
def test_rmsprop_is_its_equations(rule):
    ended = start()
    for name, p in ended.items():
        for k, row, column in torch.cartesian_prod(*map(torch.arange, p.shape)).tolist():
            theta, square, velocity = float(p[k, row, column]), 0.0, 0.0
            for update in range(UPDATES):
                g = float(gradients(update)[name][k, row, column])
                square = rule.averaging * square + (1 - rule.averaging) * g * g
                velocity = rule.momentum * velocity - float(RATE[k]) * g / max(math.sqrt(square), rule.floor)
                theta += velocity
            p[k, row, column] = theta
    assert_close(run(rule)[0], ended)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_memory_is_flat_with_the_member_axis_first(rule):
    memory = rule.start(start())
    assert all(m.shape[0] == MEMBERS and m.ndim == 3 and not m.any() for m in memory.values())


@pytest.mark.parametrize("bad", [0.0, math.nan, math.inf])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_who_is_not_live_stays_and_remembers(rule, bad):
    """Member 1 stops after 10 updates, member 2 never starts; their gradients may be anything."""

    def live(update):
        return torch.tensor([True, update < 10, False])[:, None, None]

    def broken(update):
        return {n: torch.where(live(update), g, bad) for n, g in gradients(update).items()}

    parameters, memory = run(rule, live, broken)
    whole, whole_memory = run(rule)
    halfway = start()
    half_memory = rule.start(halfway)
    for update in range(10):
        rule.step(halfway, gradients(update), half_memory, RATE, LIVE)
    for name, p in parameters.items():
        assert torch.equal(p[0], whole[name][0])
        assert torch.equal(p[1], halfway[name][1])
        assert torch.equal(p[2], start()[name][2])
    for name, m in memory.items():
        assert torch.equal(m[0], whole_memory[name][0])
        assert torch.equal(m[1], half_memory[name][1])
        assert not m[2].any()


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_neighbour_that_is_nan_hurts_nobody(rule):
    """Even one that is taken for live."""

    def poisoned(update):
        return {n: g.index_fill(0, torch.tensor([1]), math.nan) for n, g in gradients(update).items()}

    parameters, _ = run(rule, gradients=poisoned)
    for name, p in run(rule)[0].items():
        assert torch.equal(parameters[name][[0, 2]], p[[0, 2]])
        assert parameters[name][1].isnan().all()


def test_norm_is_over_all_parameters_of_a_member():
    found = optim.norm(gradients(2))
    for k in range(MEMBERS):
        flat = torch.cat([g[k].flatten() for g in gradients(2).values()])
        torch.testing.assert_close(found[k], torch.linalg.vector_norm(flat), rtol=1e-12, atol=0)


@pytest.mark.parametrize("limit", [0.01, 1.0, 20.0])
def test_clip_limits_the_norm_and_keeps_the_direction(limit):
    before = gradients(3)  # members of norm 4, 40 and 0.4
    norms = optim.norm(before)
    clipped = optim.clip(before, norms, limit)
    after = optim.norm(clipped)
    for k in range(MEMBERS):
        if norms[k] > limit:
            torch.testing.assert_close(float(after[k]), limit, rtol=1e-12, atol=0)
        for name, g in before.items():
            if norms[k] > limit:
                torch.testing.assert_close(clipped[name][k] / limit, g[k] / norms[k], rtol=1e-12, atol=0)
            else:
                assert torch.equal(clipped[name][k], g[k]), "small gradients are untouched"


def test_clip_is_for_some_but_not_all_here():
    norms = optim.norm(gradients(3))
    assert (norms > 1).tolist() == [True, True, False]


def test_clip_agrees_with_torch():
    for k in range(MEMBERS):
        leaves = [torch.zeros_like(g[k], requires_grad=True) for g in gradients(4).values()]
        for leaf, g in zip(leaves, gradients(4).values(), strict=True):
            leaf.grad = g[k].clone()
        torch.nn.utils.clip_grad_norm_(leaves, 1.0)
        clipped = optim.clip(gradients(4), optim.norm(gradients(4)), 1.0)
        for leaf, name in zip(leaves, clipped, strict=True):
            # Theirs adds 1e-6 to the norm
            torch.testing.assert_close(clipped[name][k], leaf.grad, rtol=1e-5, atol=0)


def test_clip_of_nothing_is_nothing():
    zero = {name: torch.zeros_like(g) for name, g in gradients(0).items()}
    clipped = optim.clip(zero, optim.norm(zero), 1.0)
    assert all(torch.equal(clipped[name], zero[name]) for name in zero)


def test_clip_of_a_nan_member_hurts_nobody():
    poisoned = {n: g.index_fill(0, torch.tensor([1]), math.nan) for n, g in gradients(3).items()}
    clipped = optim.clip(poisoned, optim.norm(poisoned), 1.0)
    clean = optim.clip(gradients(3), optim.norm(gradients(3)), 1.0)
    for name in clean:
        assert torch.equal(clipped[name][[0, 2]], clean[name][[0, 2]])
