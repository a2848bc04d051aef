"""How large a cell may be, and the hidden size that follows."""

from dataclasses import asdict, dataclass
from typing import Annotated

from gatebench.core.errors import BadInput
from gatebench.core.validation import Positive, whole
from gatebench.graph.cost import solve
from gatebench.graph.stack import Stack
from gatebench.graph.trace import Graph

_COSTS = {
    "parameters": ("parameters_recurrent", "parameters"),
    "total_parameters": ("parameters_total", "parameters with readout"),
    "flops": ("flops_per_step", "FLOPs a step"),
}
"""Kind of budget -> the cost of `gatebench.graph.cost.Cost` that it limits, and its name in messages."""


@dataclass(frozen=True)
class Budget:
    """The size that every cell is brought to; exactly one of these is given."""

    parameters: Positive | None = None
    """Parameters of the recurrent layers."""
    total_parameters: Positive | None = None
    """Parameters with the readout."""
    flops: Positive | None = None
    """FLOPs of the recurrent layers per time step."""
    units: Annotated[int, whole(1, 100_000)] | None = None
    """Hidden units of each cell, whatever they cost."""

    def solve(self, graph: Graph, stack: Stack, inputs: int, readout: int) -> int:
        """Return the units of each cell whose cost together is nearest to the budget.

        Parameters
        ----------
        graph, stack
            The cell, and how many of it stand where.
        inputs
            Numbers that the lowest layer reads at a step.
        readout
            Numbers that the readout gives.

        """
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if len(given) != 1:
            raise BadInput(
                f"a budget needs exactly one of parameters, total_parameters, flops, units; got {', '.join(given) or 'none'}"
            )
        if self.units is not None:
            return self.units
        ((name, value),) = given.items()
        cost, label = _COSTS[name]
        return solve(value, lambda units: getattr(stack.cost(graph, inputs, units, readout), cost), label)
