"""What a cell costs, read off its graph: parameters, FLOPs, state size; and the hidden size for a budget.

FLOPs are matrix products only, a multiply-add as two, forward pass, recurrent layer, per time step.
"""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gatebench.core import validation
from gatebench.core.errors import BadInput
from gatebench.graph.operations import OPERATIONS
from gatebench.graph.trace import Graph, Sizes


@dataclass(frozen=True)
class Cost:
    """What a cell costs at one size; means where they are over several sizes."""

    parameters_recurrent: float
    """Number of weights, diagonals and biases of the recurrent layer."""
    parameters_total: float
    """Number of weights, diagonals and biases with the matrix and the bias of the readout."""
    flops_per_step: float
    """FLOPs of the recurrent layer per time step."""
    state_size: float
    """How many numbers the cell carries from one step to the next."""


@dataclass(frozen=True)
class CellCost(Cost):
    """The costs of one cell with the size that they are for."""

    cell: str
    inputs: int | list[int]
    """Numbers that the cell reads per time step; the costs are means over several."""
    units: int
    """Number of hidden units of the cell."""


BUDGETS = {"parameters": "parameters_recurrent", "total_parameters": "parameters_total", "flops": "flops_per_step"}
"""Argument of `count` -> the field of `Cost` that it is a budget of."""


def cost(graph: Graph, sizes: Sizes, outputs: int, biases: bool = True) -> Cost:
    """Return the costs at given sizes, with a readout of ``outputs`` numbers; ``biases=False`` leaves out the family b."""
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
    """Return the mean of the costs over several (inputs, outputs), as the music row of Chung et al. 2014, Table 1, does."""
    costs = [cost(graph, graph.sizes(inputs, units), outputs, biases) for inputs, outputs in widths]
    return Cost(*(_whole(sum(column) / len(costs)) for column in zip(*(vars(c).values() for c in costs), strict=True)))


def count(
    graph: Graph,
    inputs: int | Sequence[int],
    outputs: int | None = None,
    *,
    units: int | None = None,
    parameters: float | None = None,
    total_parameters: float | None = None,
    flops: float | None = None,
    biases: bool = True,
) -> CellCost:
    """Return what a cell costs at ``units``, or at the number of units that is nearest to a budget.

    Exactly one of ``units``, ``parameters`` (recurrent layer), ``total_parameters`` (with the readout) and ``flops``
    (recurrent layer, per time step) is given. Several ``inputs``: the mean of the costs. ``outputs``: numbers that the
    readout gives, as many as inputs if None. ``BadInput`` for a size or a budget that cannot be.
    """
    widths = [_whole_number("inputs", width) for width in (inputs if isinstance(inputs, Sequence) else [inputs])]
    if not widths:
        raise BadInput("inputs is empty, expected at least one number of inputs")
    if outputs is not None and _whole_number("outputs", outputs) < 1:
        raise BadInput(f"outputs is {outputs}, expected at least one output")
    pairs = [(width, outputs or width) for width in widths]
    given = {"units": units, "parameters": parameters, "total_parameters": total_parameters, "flops": flops}
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) != 1:
        raise BadInput(f"{' and '.join(given) or 'no size'} given, expected exactly one of units, {', '.join(BUDGETS)}")
    ((name, size),) = given.items()
    if name == "units":
        solved = _whole_number(name, size)
    else:
        field = BUDGETS[name]
        expected = validation.mismatch(size, float)
        if expected or size > validation.LARGEST:
            expected = expected or f"a number up to {validation.LARGEST:g}"
            raise BadInput(f"{name} is {validation.shown(size)}, expected {expected}")
        solved = solve(size, lambda n: getattr(mean_cost(graph, pairs, n, biases), field), field.replace("_", " "))
    costs = mean_cost(graph, pairs, solved, biases)
    return CellCost(**vars(costs), cell=graph.name, inputs=widths[0] if len(widths) == 1 else widths, units=solved)


def _whole_number(name: str, value: int) -> int:
    """Return a whole number as Python's; NumPy has its own."""
    try:
        number = operator.index(value)
    except TypeError:
        raise BadInput(f"{name} is {validation.shown(value)}, expected a whole number") from None
    if number > validation.MOST:
        raise BadInput(f"{name} is {validation.shown(value)}, expected a whole number up to {validation.MOST:,}")
    return number


def _whole(value: float) -> float:
    """Return a mean as an integer where it is one."""
    return int(value) if value == int(value) else value


def solve(budget: float, count: Callable[[int], float], what: str) -> int:
    """Return the number of units whose ``count`` is nearest to the budget; of two equally near, the smaller.

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
