"""What is exported: trained cells in layers, in one or two directions, with the readout on top."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from bench.graph.trace import Graph
from bench.places import BadInput


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers of one cell with their weights ``[rows, columns]``, named as a record names them.

    Layer 1 has the cell's own names (``W_z``), its second direction ``back.W_z``, layer 2 ``2.W_z`` and ``2.back.W_z``.
    A layer reads what the one below it gives at the same step, forward and backward side by side.
    """

    graph: Graph
    inputs: int
    units: int
    weights: Mapping[str, np.ndarray]
    layers: int = 1
    bidirectional: bool = False
    at: Literal["step", "sequence"] = "step"
    """What has a readout: every step, or the sequence, from its last state (and backward the one that has read all)."""

    def __post_init__(self) -> None:
        expected = {f"{prefix}{name}": shape for prefix, shapes in self._shapes for name, shape in shapes.items()}
        readout = self.weights.get("readout_b", np.zeros((1, 1))).shape[-1]
        expected |= {"readout_W": (self.directions * self.output, readout), "readout_b": (1, readout)}
        found = {name: weight.shape for name, weight in self.weights.items()}
        if wrong := sorted(name for name in expected | found if expected.get(name) != found.get(name)):
            raise BadInput(
                f"weights of cell {self.graph.name}: {wrong[0]} has shape {found.get(wrong[0])}, "
                f"expected {expected.get(wrong[0])}; they are another trial's: train it anew"
            )

    @property
    def directions(self) -> int:
        """Cells of a layer."""
        return 2 if self.bidirectional else 1

    @property
    def output(self) -> int:
        """Width of what one cell gives."""
        return self.sizes[0][self.graph.output]

    @property
    def readout(self) -> int:
        """Numbers that the readout gives."""
        return self.weights["readout_b"].shape[1]

    @property
    def causal(self) -> bool:
        """Whether no step sees what is read after it."""
        return not self.bidirectional and self.graph.lookahead == 0

    @cached_property
    def sizes(self) -> list[dict[str, int]]:
        """Of each layer, width letter -> size."""
        first = self.graph.sizes(self.inputs, self.units)
        above = self.graph.sizes(self.directions * first[self.graph.output], self.units)
        return [first, *[above] * (self.layers - 1)]

    def cells(self) -> Iterator[tuple[int, bool, dict[str, np.ndarray]]]:
        """Layer from 0, whether it reads backward, and the weights by the cell's own names."""
        for i, (prefix, shapes) in enumerate(self._shapes):
            layer, back = divmod(i, self.directions)
            yield layer, bool(back), {name: self.weights[f"{prefix}{name}"] for name in shapes}

    @property
    def _shapes(self) -> list[tuple[str, dict[str, tuple[int, int]]]]:
        """Of every cell, the prefix of its weights and their shapes."""
        return [
            (f"{layer}." * (layer > 1) + back, self.graph.shapes(sizes))
            for layer, sizes in enumerate(self.sizes, 1)
            for back in ("", "back.")[: self.directions]
        ]
