"""What is exported: the cells of a trained trial with their weights, and the readout on top."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.graph.stack import Direction, Stack
from gatebench.graph.trace import Graph


@dataclass(frozen=True, eq=False)
class ExportedNetwork:
    """A stack of cells with weights ``[rows, columns]``, named as a record names them."""

    graph: Graph
    inputs: int
    units: int
    weights: Mapping[str, np.ndarray]
    stack: Stack
    at: Literal["step", "sequence"]
    """What has a readout: every step, or the sequence, from its last state (and backward the one that has read all)."""

    def __post_init__(self) -> None:
        recurrent = self.stack.shapes(self.graph, self.inputs, self.units)
        readout = self.weights.get("readout_b", np.zeros((1, 1))).shape[-1]
        expected = {**recurrent, "readout_W": (self.stack.width(self.graph, self.units), readout), "readout_b": (1, readout)}
        shapes = {name: weight.shape for name, weight in self.weights.items()}
        if wrong := sorted(name for name in expected | shapes if expected.get(name) != shapes.get(name)):
            raise BadInput(
                f"weights of cell {self.graph.name}: {wrong[0]} has shape {shapes.get(wrong[0])}, "
                f"expected {expected.get(wrong[0])}; they are another trial's: train it anew"
            )

    @cached_property
    def layers(self) -> list[list[Direction]]:
        """The cells of each layer, the lowest first."""
        return self.stack.cells(self.graph, self.inputs, self.units)

    @property
    def output(self) -> int:
        """Width of the output of one cell."""
        return self.layers[0][0].sizes[self.graph.output]

    @property
    def readout(self) -> int:
        """Numbers of the readout."""
        return self.weights["readout_b"].shape[1]

    @property
    def causal(self) -> bool:
        """Whether no step depends on later inputs."""
        return not self.stack.bidirectional and self.graph.lookahead == 0

    def cells(self) -> Iterator[tuple[int, Direction, dict[str, np.ndarray]]]:
        """Yield, for each cell, its layer from 0, the cell, and its weights by the names of its equations."""
        for number, layer in enumerate(self.layers):
            for cell in layer:
                yield number, cell, {name: self.weights[f"{cell.prefix}{name}"] for name in self.graph.parameters}
