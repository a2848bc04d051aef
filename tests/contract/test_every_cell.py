"""Laws that every cell obeys on the reference engine, one model or a population, in float64."""

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.engines import reference
from gatebench.engines.reference import advance, run, start
from gatebench.graph import trace
from gatebench.training.likelihoods import bernoulli
from gatebench.training.model import Model

INPUTS, UNITS, OUTPUTS = 2, 3, 2
EXTENSIONS = [{"length": 2}, {"length": 3, "window": "ahead"}, {"gate": False, "projection": None}]
GRAPHS = [trace.load(name) for name in registry.available("cells", ".py")]
GRAPHS += [trace.load("lstm_augmented", **options) for options in EXTENSIONS]
CAUSAL = [graph for graph in GRAPHS if graph.lookahead == 0]


def naming(value):
    """A test's name says which options are not the default."""
    if not isinstance(value, trace.Graph):
        return None
    default = trace.load(value.name).options
    return " ".join([value.name, *(f"{o}={v}" for o, v in value.options.items() if default[o] != v)])


every_cell = pytest.mark.parametrize("graph", GRAPHS, ids=naming)
causal_cells = pytest.mark.parametrize("graph", CAUSAL, ids=naming)
members = pytest.mark.parametrize("K", [1, 3])


def tensor(random, *shape, scale=1.0):
    return torch.from_numpy(random.normal(0, scale, shape))


def model(graph, units=UNITS):
    return Model(graph, INPUTS, OUTPUTS, units, bernoulli(), reference.Reference())


def weights(graph, K, units=UNITS, seed=1):
    """Different for every member; the readout's included."""
    random = np.random.default_rng(seed)
    return {name: tensor(random, K, *shape, scale=0.8) for name, shape in model(graph, units).shapes.items()}


def recurrent(graph, parameters):
    return {name: value for name, value in parameters.items() if name in graph.parameters}


def outputs(graph, parameters, x):
    return run(graph, graph.sizes(INPUTS, UNITS), recurrent(graph, parameters), x)


def targets(random, *shape):
    return torch.from_numpy(random.integers(0, 2, shape).astype(float))


def nll_and_gradients(graph, parameters, x, y, mask):
    """NLL ``[K, B]`` and, for each sequence alone, the gradient of every parameter."""
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    nll = reference.nll(model(graph), leaves, x, y, mask, mask.sum(1).long())
    gradients = [
        torch.autograd.grad(nll[:, b].sum(), list(leaves.values()), retain_graph=True, materialize_grads=True)
        for b in range(nll.shape[1])
    ]
    return nll.detach(), gradients


@members
@causal_cells
def test_step_by_step_is_the_sequence_at_once(graph, K):
    """As a sample is drawn: each step sees its input and as many before it as the cell looks back."""
    random = np.random.default_rng(8)
    parameters, x = recurrent(graph, weights(graph, K)), tensor(random, 1, 7, 2, INPUTS)
    whole = outputs(graph, parameters, x)
    states = start(graph, graph.sizes(INPUTS, UNITS), parameters, 2)
    past = torch.cat([torch.zeros(1, graph.lookback, 2, INPUTS, dtype=x.dtype), x], 1)
    for t in range(7):
        states = advance(graph, parameters, past[:, t : t + graph.lookback + 1], states)
        assert_close(states[0], whole[:, t])


def assert_close(actual, expected, atol=1e-12):
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


@members
@every_cell
def test_gradients_are_finite_differences(graph, K):
    """All differences at once: a population with one member for each side, near and twice as far, of each number.

    So they are exact to the fourth power of the step, which what is normalised, being steep, asks for.
    """
    units, random, step = 2, np.random.default_rng(2), 1e-5
    x = tensor(random, K, 3, 2, INPUTS)
    y, mask = targets(random, K, 3, 2, OUTPUTS), torch.ones(K, 3, 2, dtype=torch.float64)
    leaves = {"x": x, **weights(graph, K, units)}

    def losses(values, y, mask):
        parameters = {name: value for name, value in values.items() if name != "x"}
        return reference.nll(model(graph, units), parameters, values["x"], y, mask, mask.sum(1).long())

    differentiated = {name: value.clone().requires_grad_() for name, value in leaves.items()}
    gradients = torch.autograd.grad(losses(differentiated, y, mask).sum(), list(differentiated.values()))
    for name, gradient in zip(leaves, gradients, strict=True):
        shape, count = leaves[name].shape[1:], leaves[name][0].numel()
        one = step * torch.eye(count).double()
        sides = torch.cat([one, -one, 2 * one, -2 * one]).reshape(4 * count, *shape)
        moved = {other: value.repeat_interleave(4 * count, 0) for other, value in leaves.items()}
        moved[name] = moved[name] + sides.repeat(K, *(1 for _ in shape))
        of_sides = losses(moved, y.repeat_interleave(4 * count, 0), mask.repeat_interleave(4 * count, 0)).sum(1)
        up, down, far_up, far_down = of_sides.reshape(K, 4, count).unbind(1)
        slope = (8 * (up - down) - (far_up - far_down)) / (12 * step)
        torch.testing.assert_close(gradient.reshape(K, count), slope, rtol=1e-6, atol=1e-8)


@members
@every_cell
def test_an_output_reads_nothing_beyond_its_lookahead(graph, K):
    steps = 6
    x = tensor(np.random.default_rng(3), K, steps, 2, INPUTS).requires_grad_()
    h = outputs(graph, weights(graph, K), x)
    for t in range(steps):
        (slope,) = torch.autograd.grad(h[:, t].sum(), x, retain_graph=True)
        last = min(t + graph.lookahead, steps - 1)
        assert (slope[:, last + 1 :] == 0).all()
        # and it does read up to there, each member and sequence; where units can be off, some do at the last step
        reads = slope[:, : last + 1].abs().amax(-1)
        can_be_off = any(node.op == "relu" for node in graph.nodes)
        assert ((reads[:, -1].amax() if can_be_off else reads) > 0).all()


@members
@causal_cells
def test_later_inputs_change_no_output(graph, K):
    random = np.random.default_rng(4)
    x, parameters = tensor(random, K, 6, 2, INPUTS), weights(graph, K)
    before = outputs(graph, parameters, x)
    for t in range(5):
        changed = x.clone()
        changed[:, t + 1 :] = 1e3 * tensor(random, K, 5 - t, 2, INPUTS)
        after = outputs(graph, parameters, changed)
        assert_close(after[:, : t + 1], before[:, : t + 1])
        assert ((after[:, t + 1 :] - before[:, t + 1 :]).abs().amax((1, 2, 3)) > 1e-3).all()


@members
@causal_cells
def test_step_equals_sequence(graph, K):
    x, parameters = tensor(np.random.default_rng(5), K, 6, 2, INPUTS), weights(graph, K)
    whole = outputs(graph, parameters, x)
    for steps in range(1, 7):
        assert_close(outputs(graph, parameters, x[:, :steps]), whole[:, :steps])


@members
@causal_cells
def test_padding_and_neighbours_change_no_sequence(graph, K):
    random = np.random.default_rng(6)
    lengths, steps = [3, 6, 1, 4], 6
    parameters = weights(graph, K)
    x, y = tensor(random, K, steps, 4, INPUTS), targets(random, K, steps, 4, OUTPUTS)
    mask = torch.zeros(K, steps, 4, dtype=torch.float64)
    for b, length in enumerate(lengths):
        mask[:, :length, b] = 1
        x[:, length:, b] = 1e6 * tensor(random, K, steps - length, INPUTS)  # garbage after its end
        y[:, length:, b] = 1e6
    together, gradients = nll_and_gradients(graph, parameters, x, y, mask)
    h = outputs(graph, parameters, x)
    for b, length in enumerate(lengths):
        x_alone, y_alone = x[:, :length, b : b + 1], y[:, :length, b : b + 1]
        nll_alone, gradients_alone = nll_and_gradients(graph, parameters, x_alone, y_alone, mask[:, :length, b : b + 1])
        assert_close(h[:, :length, b : b + 1], outputs(graph, parameters, x_alone))
        assert_close(together[:, b : b + 1], nll_alone)
        for gradient, expected in zip(gradients[b], gradients_alone[0], strict=True):
            assert_close(gradient, expected)


@pytest.mark.parametrize("shared", [True, False], ids=["shared sequences", "sequences of each member"])
@every_cell
def test_a_population_equals_its_members_alone(graph, shared):
    K, random = 3, np.random.default_rng(7)
    brought = 1 if shared else K
    parameters = weights(graph, K)
    x, y = tensor(random, brought, 5, 2, INPUTS), targets(random, brought, 5, 2, OUTPUTS)
    mask = torch.ones(brought, 5, 2, dtype=torch.float64)
    mask[:, 3:, 1] = 0
    together, gradients = nll_and_gradients(graph, parameters, x, y, mask)
    h = outputs(graph, parameters, x)
    for k in range(K):
        batch = slice(0, 1) if shared else slice(k, k + 1)
        member = {name: value[k : k + 1] for name, value in parameters.items()}
        nll_alone, gradients_alone = nll_and_gradients(graph, member, x[batch], y[batch], mask[batch])
        assert_close(h[k : k + 1], outputs(graph, member, x[batch]))
        assert_close(together[k : k + 1], nll_alone)
        for b in range(2):
            for gradient, expected in zip(gradients[b], gradients_alone[b], strict=True):
                assert_close(gradient[k : k + 1], expected)


@every_cell
def test_a_broken_member_hurts_nobody(graph):
    K, broken, random = 3, 1, np.random.default_rng(8)
    healthy = [0, 2]
    parameters = weights(graph, K)
    x, y = tensor(random, 1, 5, 2, INPUTS), targets(random, 1, 5, 2, OUTPUTS)
    mask = torch.ones(1, 5, 2, dtype=torch.float64)
    expected, expected_gradients = nll_and_gradients(graph, parameters, x, y, mask)
    for value in parameters.values():
        value[broken] = torch.nan
    nll, gradients = nll_and_gradients(graph, parameters, x, y, mask)
    assert nll[broken].isnan().all()
    assert_close(nll[healthy], expected[healthy])
    for b in range(2):
        for value, clean in zip(gradients[b], expected_gradients[b], strict=True):
            assert_close(value[healthy], clean[healthy])
