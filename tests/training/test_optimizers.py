"""The optimizers against PyTorch's and against loops; what acts on one member acts on it alone."""

import math

import pytest
import torch

from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.training import optimizers
from gatebench.training.optimizers import adam, rmsprop

MEMBERS, NUMBERS, UPDATES = 3, 18, 20
RATE = torch.tensor([0.001, 0.03, 0.7], dtype=torch.float64)[:, None]
LIVE = torch.ones(MEMBERS, 1, dtype=torch.bool)
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
    return torch.randn(MEMBERS, NUMBERS, generator=random, dtype=torch.float64)


def gradients(update):
    """Of very different sizes, from update to update and from member to member."""
    random = torch.Generator().manual_seed(100 + update)
    scale = 10.0 ** (update % 5 - 3) * torch.tensor([1, 10, 0.1], dtype=torch.float64)[:, None]
    return scale * torch.randn(MEMBERS, NUMBERS, generator=random, dtype=torch.float64)


def run(rule, live=lambda update: LIVE, gradients=gradients):
    parameters = start()
    memory = rule.start(parameters)
    for update in range(UPDATES):
        rule.step(parameters, gradients(update), memory, RATE, live(update))
    return parameters, memory


def run_torch(make):
    """Every member by an optimizer of PyTorch's own."""
    ended = start()
    for k in range(MEMBERS):
        leaf = start()[k].clone().requires_grad_()
        theirs = make([leaf], float(RATE[k]))
        for update in range(UPDATES):
            leaf.grad = gradients(update)[k]
            theirs.step()
        ended[k] = leaf.detach()
    return ended


def assert_close(a, b, tolerance=1e-12):
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


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
    for k, i in torch.cartesian_prod(*map(torch.arange, ended.shape)).tolist():
        theta, square, velocity = float(ended[k, i]), 0.0, 0.0
        for update in range(UPDATES):
            g = float(gradients(update)[k, i])
            square = rule.averaging * square + (1 - rule.averaging) * g * g
            velocity = rule.momentum * velocity - float(RATE[k]) * g / max(math.sqrt(square), rule.floor)
            theta += velocity
        ended[k, i] = theta
    assert_close(run(rule)[0], ended)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_memory_is_flat_with_the_member_axis_first(rule):
    memory = rule.start(start())
    assert memory
    assert all(m.shape[0] == MEMBERS and m.ndim == 2 and not m.any() for m in memory.values())


@pytest.mark.parametrize("live", [LIVE, torch.tensor([[True], [False], [True]])], ids=["all", "some"])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_an_update_is_in_place_and_leaves_the_gradient(rule, live):
    parameters, gradient = start(), gradients(0)
    memory = rule.start(parameters)
    tensors = {"parameters": parameters, **memory}
    rule.step(parameters, gradient, memory, RATE, live)
    assert list(memory) == [name for name in tensors if name != "parameters"]
    assert all(memory[name] is tensors[name] for name in memory)
    assert all(tensor.any() for tensor in tensors.values())
    assert (parameters != start()).any(1).tolist() == live.flatten().tolist()
    assert torch.equal(gradient, gradients(0))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_what_has_no_gradient_stays_zero(rule):
    """The end of a row, behind the parameters."""
    parameters = start()
    parameters[:, 15:] = 0
    memory = rule.start(parameters)
    for update in range(UPDATES):
        rule.step(parameters, gradients(update).index_fill(1, torch.arange(15, NUMBERS), 0), memory, RATE, LIVE)
    assert not parameters[:, 15:].any()
    assert parameters[:, :15].all()


@pytest.mark.parametrize("bad", [0.0, math.nan, math.inf])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_who_is_not_live_stays_and_remembers(rule, bad):
    """Member 1 stops after 10 updates, member 2 never starts; their gradients may be anything."""

    def live(update):
        return torch.tensor([True, update < 10, False])[:, None]

    def broken(update):
        return torch.where(live(update), gradients(update), bad)

    parameters, memory = run(rule, live, broken)
    whole, whole_memory = run(rule)
    halfway = start()
    half_memory = rule.start(halfway)
    for update in range(10):
        rule.step(halfway, gradients(update), half_memory, RATE, LIVE)
    assert torch.equal(parameters[0], whole[0])
    assert torch.equal(parameters[1], halfway[1])
    assert torch.equal(parameters[2], start()[2])
    for name, m in memory.items():
        assert torch.equal(m[0], whole_memory[name][0])
        assert torch.equal(m[1], half_memory[name][1])
        assert not m[2].any()


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_neighbour_that_is_nan_hurts_nobody(rule):
    """Even one that is taken for live."""

    def poisoned(update):
        return gradients(update).index_fill(0, torch.tensor([1]), math.nan)

    parameters, _ = run(rule, gradients=poisoned)
    assert torch.equal(parameters[[0, 2]], run(rule)[0][[0, 2]])
    assert parameters[1].isnan().all()


def test_norm_is_over_all_parameters_of_a_member():
    norms = optimizers.norm(gradients(2))
    for k in range(MEMBERS):
        expected = math.sqrt(sum(g * g for g in gradients(2)[k].tolist()))
        torch.testing.assert_close(float(norms[k]), expected, rtol=1e-12, atol=0)


def clip(gradient, limit):
    """A clipped copy."""
    clipped = gradient.clone()
    assert optimizers.clip(clipped, optimizers.norm(clipped), limit) is None, "in place"
    return clipped


@pytest.mark.parametrize("limit", [0.01, 1.0, 20.0])
def test_clip_limits_the_norm_and_keeps_the_direction(limit):
    before = gradients(3)  # members of norm 4, 40 and 0.4
    norms = optimizers.norm(before)
    clipped = clip(before, limit)
    after = optimizers.norm(clipped)
    for k in range(MEMBERS):
        if norms[k] > limit:
            torch.testing.assert_close(float(after[k]), limit, rtol=1e-12, atol=0)
            torch.testing.assert_close(clipped[k] / limit, before[k] / norms[k], rtol=1e-12, atol=0)
        else:
            assert torch.equal(clipped[k], before[k]), "small gradients are untouched"


def test_clip_is_for_some_but_not_all_here():
    norms = optimizers.norm(gradients(3))
    assert (norms > 1).tolist() == [True, True, False]


def test_clip_agrees_with_torch():
    for k in range(MEMBERS):
        leaf = torch.zeros(NUMBERS, dtype=torch.float64, requires_grad=True)
        leaf.grad = gradients(4)[k].clone()
        torch.nn.utils.clip_grad_norm_([leaf], 1.0)
        # Theirs adds 1e-6 to the norm
        torch.testing.assert_close(clip(gradients(4), 1.0)[k], leaf.grad, rtol=1e-5, atol=0)


def test_clip_of_nothing_is_nothing():
    zero = torch.zeros_like(gradients(0))
    assert torch.equal(clip(zero, 1.0), zero)


def test_clip_of_a_nan_member_hurts_nobody():
    poisoned = gradients(3).index_fill(0, torch.tensor([1]), math.nan)
    assert torch.equal(clip(poisoned, 1.0)[[0, 2]], clip(gradients(3), 1.0)[[0, 2]])


@pytest.mark.parametrize("rule", [adam(0.9, 0.999, 1e-8), adam(0.5, 0.9, 1e-3), rmsprop(0.95, 0.9, 0.01)], ids=str)
def test_the_fused_update_is_that_of_the_rule(rule):
    """In float32, on rows that are a whole number of vectors; member 1 stops after 10 updates, member 2 never starts."""
    random = torch.Generator().manual_seed(3)
    ours, theirs = (torch.randn(MEMBERS, 64, generator=random.manual_seed(3)) for _ in range(2))
    started, engine = ours.clone(), FusedCpu()
    memories = rule.start(ours), rule.start(theirs)
    rate = RATE.float().reshape(-1, 1)
    for update in range(UPDATES):
        gradient = 10.0 ** (update % 5 - 3) * torch.randn(MEMBERS, 64, generator=random)
        live = torch.tensor([[True], [update < 10], [False]])
        engine.step(rule, ours, gradient, memories[0], rate, live)
        rule.step(theirs, gradient, memories[1], rate, live)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    for name, memory in memories[0].items():
        torch.testing.assert_close(memory, memories[1][name], rtol=1e-5, atol=1e-6)
    assert torch.equal(ours[2], started[2])
    assert not torch.equal(ours[1], started[1])
