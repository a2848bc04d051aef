"""Layers of one cell: how they read one another, what their parameters are called, and what they cost together."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatebench.core.validation import Repeats
from gatebench.graph.cost import Cost, cost
from gatebench.graph.trace import Graph


@dataclass(frozen=True)
class Direction:
    """One cell of a layer: it reads the layer's input forwards or backwards in time."""

    prefix: str
    """Begins the names of the cell's parameters: empty for the first layer, then ``2.``, ``2.back.``, ..."""
    sizes: Mapping[str, int]
    """Width letter -> size, for this cell: ``X`` is the width of what it reads."""
    backwards: bool


@dataclass(frozen=True)
class Stack:
    """Layers of one cell; each reads the output of the layer below at the same step, both directions side by side."""

    layers: Repeats = 1
    bidirectional: bool = False
    """Each layer has a second cell that reads from the last step to the first (Schuster and Paliwal 1997)."""

    @property
    def directions(self) -> int:
        """Number of cells in a layer: 1, or 2 if bidirectional."""
        return 2 if self.bidirectional else 1

    def cells(self, graph: Graph, inputs: int, units: int) -> list[list[Direction]]:
        """Return the cells of each layer, the lowest layer first."""
        layers = []
        for layer in range(1, self.layers + 1):
            sizes = graph.sizes(inputs, units)
            of_layer = f"{layer}." if layer > 1 else ""
            directions = ("", "back.")[: self.directions]
            layers.append([Direction(f"{of_layer}{direction}", sizes, bool(direction)) for direction in directions])
            inputs = self.width(graph, units)
        return layers

    def shapes(self, graph: Graph, inputs: int, units: int) -> dict[str, tuple[int, int]]:
        """Return parameter name -> (rows, columns) for the parameters of all cells."""
        return {
            f"{cell.prefix}{name}": shape
            for layer in self.cells(graph, inputs, units)
            for cell in layer
            for name, shape in graph.shapes(cell.sizes).items()
        }

    def width(self, graph: Graph, units: int) -> int:
        """Return how many numbers a layer outputs per time step."""
        return self.directions * graph.sizes(1, units)[graph.output]

    def cost(self, graph: Graph, inputs: int, units: int, outputs: int) -> Cost:
        """Return the costs of all cells together, with a readout of ``outputs`` numbers."""
        costs = [cost(graph, cell.sizes, 0) for layer in self.cells(graph, inputs, units) for cell in layer]
        recurrent, _, flops, states = (sum(column) for column in zip(*(vars(c).values() for c in costs), strict=True))
        return Cost(recurrent, recurrent + (self.width(graph, units) + 1) * outputs, flops, states)
