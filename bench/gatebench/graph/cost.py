"""What a cell costs, read off its graph: parameters, FLOPs, state size; and the hidden size for a budget.

FLOPs are matrix products only, a multiply-add as two, forward pass, recurrent layer, per time step.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gatebench.core.errors import BadInput
from gatebench.graph.operations import OPERATIONS
from gatebench.graph.trace import Graph, Sizes


@dataclass(frozen=True)
class Cost:
    """The costs of one cell at one size."""

    parameters_recurrent: float
    """Weights, diagonals and biases of the recurrent layer."""
    parameters_total: float
    """With the readout: its matrix and its bias."""
    flops_per_step: float
    state_size: float
    """Numbers that the cell carries from one step to the next."""


def cost(graph: Graph, sizes: Sizes, outputs: int, biases: bool = True) -> Cost:
    """Costs at given sizes, with a readout of ``outputs`` numbers. ``biases=False`` leaves the family b uncounted."""
    shapes = graph.shapes(sizes)
    recurrent = sum(rows * columns for name, (rows, columns) in shapes.items() if biases or not name.startswith("b_"))
    flops = sum(
        OPERATIONS[node.op].flops_per_weight * math.prod(shapes[node.label]) for node in graph.nodes if node.label in shapes
    )
    return Cost(
        parameters_recurrent=recurrent,
        parameters_total=recurrent + (sizes[graph.output] + 1) * outputs,
        flops_per_step=flops,
        state_size=sum(sizes[letter] for letter in graph.states.values()),
    )


def mean_cost(graph: Graph, widths: Iterable[tuple[int, int]], units: int, biases: bool = True) -> Cost:
    """The mean of the costs over several (inputs, outputs): the convention of the music row of Chung et al., Table 1."""
    costs = [cost(graph, graph.sizes(inputs, units), outputs, biases) for inputs, outputs in widths]
    return Cost(*(_whole(sum(column) / len(costs)) for column in zip(*(vars(c).values() for c in costs), strict=True)))


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value


def solve(budget: float, count: Callable[[int], float], what: str) -> int:
    """The number of units whose ``count`` is nearest to the budget; of two equally near, the smaller.

    ``count`` grows with the units. ``BadInput`` if the budget does not pay for one unit.
    """
    if not math.isfinite(budget):
        raise BadInput(f"a budget of {budget} {what} is no size; expected a positive number")
    if count(1) > budget:
        raise BadInput(f"a budget of {budget:g} {what} is too small: one unit takes {count(1):g}")
    above = 1
    while count(above) < budget:
        above *= 2
    below = above // 2
    while above - below > 1:
        middle = (above + below) // 2
        below, above = (middle, above) if count(middle) < budget else (below, middle)
    return below if below and budget - count(below) <= count(above) - budget else above
