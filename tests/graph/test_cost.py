"""Counting: the published sizes exactly, FLOPs against torch's own counter, and the search for a size."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.engines.reference import run
from gatebench.graph import trace
from gatebench.graph.cost import cost, mean_cost, solve

EXTENSIONS = [
    {"gate": False},
    {"projection": None},
    {"length": 3},
    {"length": 2, "window": "ahead", "projection": 0.25},
]
CASES = [(name, {}) for name in registry.available("cells", ".py")] + [("lstm_augmented", options) for options in EXTENSIONS]


def parameters_at(graph, inputs, units, biases=True):
    return cost(graph, graph.sizes(inputs, units), inputs, biases).parameters_recurrent


@pytest.mark.parametrize(
    ("name", "units", "parameters"), [("rnn", 400, 168_400), ("gru", 227, 168_888), ("lstm_peephole", 195, 169_065)]
)
def test_table_1_speech(name, units, parameters):
    # Chung et al. 2014, Table 1: 168.4e3, 168.9e3, 169.1e3 at 20 inputs, only with biases and peepholes
    graph = trace.load(name)
    assert parameters_at(graph, 20, units) == parameters
    assert solve(parameters, partial(parameters_at, graph, 20), "parameters") == units


@pytest.mark.parametrize(
    ("name", "units", "parameters"), [("rnn", 100, 20_050), ("gru", 46, 20_217), ("lstm_peephole", 36, 19_764)]
)
def test_table_1_music(name, units, parameters):
    # Chung et al. 2014, Table 1: 20.1e3, 20.2e3, 19.8e3, the mean over the widths of their four sets, without biases
    widths = [(width, width) for width in (93, 96, 105, 108)]
    assert mean_cost(trace.load(name), widths, units, biases=False).parameters_recurrent == parameters


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_costs_are_those_of_real_tensors(name, options):
    graph = trace.load(name, **options)
    sizes = graph.sizes(6, 5)
    tensors = [torch.zeros(shape) for shape in graph.shapes(sizes).values()]
    readout = nn.Linear(sizes[graph.output], 9)
    counted = cost(graph, sizes, outputs=9)
    assert counted.parameters_recurrent == sum(tensor.numel() for tensor in tensors)
    assert counted.parameters_total == counted.parameters_recurrent + sum(p.numel() for p in readout.parameters())
    biases = sum(tensor.numel() for name, tensor in zip(graph.parameters, tensors, strict=True) if name.startswith("b_"))
    assert cost(graph, sizes, 9, biases=False).parameters_recurrent == counted.parameters_recurrent - biases
    assert counted.state_size == sum(sizes[letter] for letter in graph.states.values())


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_flops_are_those_of_the_forward_pass(name, options):
    graph = trace.load(name, **options)
    steps, batch, sizes = 7, 3, graph.sizes(6, 5)
    parameters = {name: torch.ones(1, *shape) for name, shape in graph.shapes(sizes).items()}
    with FlopCounterMode(display=False) as counter:
        run(graph, sizes, parameters, torch.ones(1, steps, batch, 6))
    assert counter.get_total_flops() == steps * batch * cost(graph, sizes, 6).flops_per_step


@pytest.mark.parametrize(
    ("name", "module", "gates"), [("rnn", nn.RNN, 1), ("lstm", nn.LSTM, 4), ("gru_reset_after", nn.GRU, 3)]
)
def test_flops_are_those_of_torch_layers(name, module, gates):
    inputs, units, steps, batch = 6, 5, 7, 3
    graph = trace.load(name)
    closed = 2 * steps * batch * gates * units * (inputs + units)
    # oneDNN's LSTM is one opaque operation, which torch counts as 0; it has none in float64
    layer, x = module(inputs, units).double(), torch.ones(steps, batch, inputs, dtype=torch.float64)
    with FlopCounterMode(display=False) as counter:
        layer(x)
    assert counter.get_total_flops() == closed
    assert steps * batch * cost(graph, graph.sizes(inputs, units), inputs).flops_per_step == closed


@given(
    square=st.integers(0, 5),
    linear=st.integers(0, 40),
    constant=st.integers(0, 30),
    budget=st.floats(0, 3000) | st.integers(0, 3000),
)
@settings(database=None, deadline=None, derandomize=True, max_examples=300)
def test_solve_is_the_nearest_of_all(square, linear, constant, budget):
    def count(units):
        return square * units**2 + (linear + 1) * units + constant

    if count(1) > budget:
        with pytest.raises(BadInput, match="is too small: one unit takes"):
            solve(budget, count, "parameters")
    else:
        # count grows by at least 1 a unit; min takes the first, so the smaller, of equally near ones
        assert solve(budget, count, "parameters") == min(range(1, 3003), key=lambda units: abs(count(units) - budget))


def test_of_two_equally_near_sizes_the_smaller():
    assert solve(25, lambda units: 10 * units, "parameters") == 2
    assert solve(25.1, lambda units: 10 * units, "parameters") == 3
    assert solve(10, lambda units: 10 * units, "parameters") == 1


def test_a_budget_that_is_too_small_says_what_one_unit_takes():
    with pytest.raises(BadInput) as raised:
        solve(9, lambda units: 10 * units, "FLOPs a step")
    assert str(raised.value) == "a budget of 9 FLOPs a step is too small: one unit takes 10"


@pytest.mark.parametrize("budget", [math.nan, math.inf])
def test_a_budget_must_be_a_number(budget):
    def count(units):
        assert units < 10**9, "an endless search"
        return units

    with pytest.raises(BadInput, match="budget"):
        solve(budget, count, "parameters")


def test_mean_of_whole_counts_stays_whole():
    mean = mean_cost(trace.load("rnn"), [(10, 10), (20, 20)], 4)
    assert vars(mean) == {
        "parameters_recurrent": 15 * 4 + 16 + 4, "parameters_total": 15 * 4 + 16 + 4 + 5 * 15,
        "flops_per_step": 2 * (15 * 4 + 16), "state_size": 4,
    }  # fmt: skip
    assert all(isinstance(value, int) for value in vars(mean).values())
    assert mean_cost(trace.load("rnn"), [(10, 10), (11, 11)], 1).parameters_recurrent == 12.5
