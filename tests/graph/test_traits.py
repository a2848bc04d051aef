"""What kind of cell a graph is."""

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.engines.reference import advance
from gatebench.graph import trace, traits
from gatebench.graph.cost import cost
from support.other_cells import cell

NAMES = list(registry.available("cells", ".py"))
GATES = {
    "rnn": 0, "rnn_relu": 0, "indrnn": 0, "rru": 0, "lru": 0, "antisymmetric": 0,
    "mgu": 1, "mingru": 1, "ugrnn": 1, "fastgrnn": 1,
    "gru": 2, "gru_reset_after": 2, "lstm_cifg": 2, "minlstm": 2,
    "lstm": 3, "lstm_peephole": 3, "slstm": 3, "lstm_augmented": 4,
}  # fmt: skip


@pytest.mark.parametrize("name", GATES)
def test_gates_are_what_something_is_multiplied_by(name):
    assert traits.gates(trace.load(name)) == GATES[name]


def test_an_option_that_adds_a_gate_adds_one():
    assert traits.gates(trace.load("antisymmetric", gated=True)) == 1


def test_a_sigmoid_that_is_a_state_is_no_gate():
    assert traits.gates(cell("x, h, *, W, U, b -> sigmoid(W @ x + U @ h + b)")) == 0


def has_linear_states(graph):
    """Whether all states after three steps are linear in what they were before, by numbers: states are superposed."""
    sizes, random = graph.sizes(3, 4), np.random.default_rng(1)
    parameters = {name: torch.from_numpy(random.normal(size=(1, *shape))) for name, shape in graph.shapes(sizes).items()}
    x = torch.from_numpy(random.normal(size=(1, 3, 2, 3)))
    read = [name for name in graph.states if any(n.op == "state" and n.label == name for n in graph.nodes)]

    def after(states):
        for t in range(3):
            window = torch.cat([torch.zeros(1, graph.lookback, 2, 3).double(), x], 1)[:, t : t + graph.lookback + 1]
            states = advance(graph, parameters, window, states)
        return [state for name, state in zip(graph.states, states, strict=True) if name in read]

    def states(scale, seed):
        drawn = np.random.default_rng(seed)
        return [torch.from_numpy(scale * drawn.normal(size=(1, 2, sizes[letter]))) for letter in graph.states.values()]

    for seed in range(5):
        ends = [after(states(scale, seed)) for scale in (0.0, 3.0, -3.0)]
        if not all(torch.allclose(c - a, a - b, atol=1e-9) for a, b, c in zip(*ends, strict=True)):
            return False
    return True


@pytest.mark.parametrize("name", NAMES)
def test_linear_in_time_is_what_superposes(name):
    graph = trace.load(name)
    assert traits.is_linear(graph) == has_linear_states(graph)


@pytest.mark.parametrize("name", NAMES)
def test_the_formula_is_the_count(name):
    graph = trace.load(name)
    for inputs, units in ((3, 4), (7, 20)):
        sizes = graph.sizes(inputs, units)
        total = 0
        for term in traits.parameter_formula(graph).split(" + "):
            product = 1
            for factor in term.split(" "):
                letter, square = factor.rstrip("²"), factor.endswith("²")
                product *= (sizes[letter] if letter in sizes else int(letter)) ** (2 if square else 1)
            total += product
        assert total == cost(graph, sizes, 1).parameters_recurrent
