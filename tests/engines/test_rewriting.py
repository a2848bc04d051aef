"""A cell's graph as it is computed is equal to the cell, and takes less."""

from collections import Counter

import pytest
import torch

from gatebench.core import registry
from gatebench.engines import reference
from gatebench.engines.fused_cpu.plan import WorkPlan
from gatebench.engines.fused_cpu.rewriting import with_joined_means
from gatebench.graph import trace
from support.other_cells import OTHERS, cell

NORMALISED = ["gru_layernorm", "lstm_layernorm"]
"""Cells of the project that have sums of means."""


@pytest.mark.parametrize("name", [*OTHERS, *NORMALISED])
def test_the_rewritten_graph_computes_the_same(name):
    graph = cell(OTHERS[name]) if name in OTHERS else trace.load(name)
    sizes = graph.sizes(5, 7)
    draw = torch.Generator().manual_seed(3)
    shapes = graph.shapes(sizes).items()
    parameters = {n: torch.randn(1, *shape, generator=draw, dtype=torch.float64) / 3 for n, shape in shapes}
    x = torch.randn(1, 6, 2, 5, generator=draw, dtype=torch.float64)
    torch.testing.assert_close(
        reference.run(with_joined_means(graph), sizes, parameters, x),
        reference.run(graph, sizes, parameters, x),
        rtol=1e-12,
        atol=1e-12,
    )


@pytest.mark.parametrize("name", registry.available("cells", ".py"))
def test_a_cell_without_sums_of_means_stays_as_it_is(name):
    graph, rewritten = trace.load(name), with_joined_means(trace.load(name))
    assert (rewritten.fingerprint == graph.fingerprint) == (name not in NORMALISED)


def test_parts_that_are_normalised_together_take_two_means():
    """The LSTM normalises what its gates get from the state, likewise what they get from the input, and its memory."""
    ops = Counter(node.op for node in WorkPlan(trace.load("lstm_layernorm")).nodes)
    assert ops["mean"] == 3 * 2


def test_means_are_joined_only_where_nothing_else_reads_them_and_a_state_reaches_all_or_none():
    graph = cell(OTHERS["means that are not to be joined"])
    assert with_joined_means(graph).fingerprint == graph.fingerprint


def test_what_is_one_number_a_row_takes_one_column_and_what_only_means_read_is_not_kept():
    plan = WorkPlan(trace.load("lstm_layernorm"))
    letters = Counter(plan.columns("saved"))
    assert letters["H"] + len(plan.columns("gates")) <= 19
    of_one_number = [i for i, place in plan.places.items() if place.width == "1"]
    assert {plan.nodes[i].op for i in of_one_number} == {"mean", "div", "sqrt"}
    only_averaged = [i for i, place in plan.places.items() if place.array == "averaged"]
    assert all(plan.nodes[u].op == "mean" for i in only_averaged for u in plan.users[i])
    assert len(only_averaged) == 5, "two sums of parts, two of their squares, and the squares of the memory"
