"""Layers of one cell: how they read one another, what their parameters are called, and what they cost together."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatebench.core.validation import Count
from gatebench.graph.cost import Cost, cost
from gatebench.graph.trace import Graph


@dataclass(frozen=True)
class Direction:
    """A cell that reads what a layer is given, forwards or backwards in time."""

    prefix: str
    """Of its parameters' names: none for the first layer, then ``2.``, ``2.back.``, ..."""
    sizes: Mapping[str, int]
    """Width letter -> size."""
    backwards: bool


@dataclass(frozen=True)
class Stack:
    """So many layers of a cell; each reads what the one below says at the same step, both directions side by side."""

    layers: Count = 1
    bidirectional: bool = False
    """Each layer has a second cell that reads from the last step to the first (Schuster and Paliwal 1997)."""

    @property
    def directions(self) -> int:
        """Cells of a layer."""
        return 2 if self.bidirectional else 1

    def cells(self, graph: Graph, inputs: int, units: int) -> list[list[Direction]]:
        """The cells of each layer, the lowest layer first."""
        found = []
        for layer in range(1, self.layers + 1):
            sizes = graph.sizes(inputs, units)
            of_layer = f"{layer}." if layer > 1 else ""
            found.append([Direction(f"{of_layer}{way}", sizes, bool(way)) for way in ("", "back.")[: self.directions]])
            inputs = self.width(graph, units)
        return found

    def shapes(self, graph: Graph, inputs: int, units: int) -> dict[str, tuple[int, int]]:
        """Parameter name -> (rows, columns), of all cells."""
        return {
            f"{cell.prefix}{name}": shape
            for layer in self.cells(graph, inputs, units)
            for cell in layer
            for name, shape in graph.shapes(cell.sizes).items()
        }

    def width(self, graph: Graph, units: int) -> int:
        """Numbers that a layer hands on at a step."""
        return self.directions * graph.sizes(1, units)[graph.output]

    def cost(self, graph: Graph, inputs: int, units: int, outputs: int) -> Cost:
        """Of all cells together, with a readout of ``outputs`` numbers."""
        costs = [cost(graph, own.sizes, 0) for layer in self.cells(graph, inputs, units) for own in layer]
        recurrent, _, flops, states = (sum(column) for column in zip(*(vars(c).values() for c in costs), strict=True))
        return Cost(recurrent, recurrent + (self.width(graph, units) + 1) * outputs, flops, states)
