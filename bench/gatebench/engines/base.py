"""What an engine is handed: a cell with its sizes, its likelihood, and where a member's parameters stand in one row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from torch import Tensor

from gatebench.graph.stack import Direction, Stack
from gatebench.graph.trace import Graph

SLACK = 16
"""Numbers that stand free behind the parameters of a member: a vector that begins with the last one may be read whole."""


class Likelihood(Protocol):
    """Turns a readout into a loss; engines need no more of it."""

    def readout(self, outputs: int) -> int:
        """Numbers that the readout must give for a target of ``outputs`` values."""
        ...

    def nll(self, readout: Tensor, target: Tensor) -> Tensor:
        """``[K, T, B, R]`` and ``[K or 1, T, B, Y]`` to ``[K, T, B]``, in nats."""
        ...


@dataclass(frozen=True, eq=False)
class Network:
    """``readout = top @ readout_W + readout_b`` over the first states of the top layer's cells, with a likelihood.

    Of a step, ``top`` is ``(h_t of the forward cell, h_t of the backward cell)``; of a sequence, what each of them says when
    it has read all of it.
    """

    graph: Graph
    inputs: int
    outputs: int
    units: int
    likelihood: Likelihood
    stack: Stack = field(default=Stack(), kw_only=True)
    at: Literal["step", "sequence"] = field(default="step", kw_only=True)
    """What there is a readout of."""

    @cached_property
    def cells(self) -> list[list[Direction]]:
        """The cells of each layer."""
        return self.stack.cells(self.graph, self.inputs, self.units)

    @property
    def sizes(self) -> Mapping[str, int]:
        """Width letter -> size, of the lowest layer."""
        return self.cells[0][0].sizes

    @property
    def width(self) -> int:
        """Numbers that a layer hands on, to the next one and to the readout."""
        return self.stack.width(self.graph, self.units)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Parameter name -> (rows, columns), the readout's included."""
        own = self.stack.shapes(self.graph, self.inputs, self.units)
        width = self.likelihood.readout(self.outputs)
        return {**own, "readout_W": (self.width, width), "readout_b": (1, width)}

    @cached_property
    def roles(self) -> dict[str, tuple[str, str]]:
        """Parameter name -> letters of rows and columns, of the cells' parameters."""
        letters = self.graph.parameters.items()
        return {f"{cell.prefix}{name}": own for layer in self.cells for cell in layer for name, own in letters}

    def of_cell(self, cell: Direction, parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The parameters of one cell, by the names of its equations."""
        return {name: parameters[f"{cell.prefix}{name}"] for name in self.graph.parameters}

    @cached_property
    def offsets(self) -> dict[str, int]:
        """Parameter name -> where it begins in a member's row, row by row."""
        ends = np.cumsum([rows * columns for rows, columns in self.shapes.values()])
        return dict(zip(self.shapes, [0, *ends[:-1].tolist()], strict=True))

    @cached_property
    def row(self) -> int:
        """Length of a member's row: its parameters, rounded up, and `SLACK`; what is no parameter is 0."""
        count = sum(rows * columns for rows, columns in self.shapes.values())
        return -(-count // SLACK) * SLACK + SLACK

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Parameters by name, ``[K, rows, columns]``, of rows ``[K, row]``; they share memory."""
        return {
            name: flat[:, self.offsets[name] : self.offsets[name] + rows * columns].unflatten(1, (rows, columns))
            for name, (rows, columns) in self.shapes.items()
        }


Kept = Sequence[np.ndarray]
"""Dropout of one member's batch: for each layer the factor, 0 or 1 / (1 - p), of each number that it hands on.

``[N, width]`` for the steps of all sequences one after the other; of the top layer ``[B, width]`` where the readout is of a
sequence.
"""


class Engine(Protocol):
    """A module of this folder. A batch is whatever its ``batch`` makes of sequences."""

    @staticmethod
    def use(threads: int) -> None:
        """How many threads to work with in this process."""
        ...

    @staticmethod
    def lacks(graph: Graph, device: str) -> str | None:
        """Why the engine cannot run a cell on a device; None if it can."""
        ...

    @staticmethod
    def memory(network: "Network", rows: int) -> int:
        """Bytes that each member of a population needs for a gradient over so many rows (steps times sequences), about."""
        ...

    @staticmethod
    def batch(network: Network, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> Any:
        """Sequences ``x [T, X]`` of their own lengths, made ready, with ``y [T, Y]``, or ``[1, Y]`` of a sequence."""
        ...

    @staticmethod
    def losses(network: Network, parameters: Tensor, batches: Sequence[Any]) -> list[np.ndarray]:
        """NLL of each sequence, nats summed over what is predicted, for every member: its row of parameters, its batch."""
        ...

    @staticmethod
    def gradients(
        network: Network,
        parameters: Tensor,
        batches: Sequence[Any],
        weights: np.ndarray,
        kept: Sequence[Kept] | None = None,
    ) -> tuple[list[np.ndarray], Tensor]:
        """`losses`, and rows of gradients of ``weights[k] * sum(losses[k])``, with dropout if there is what is ``kept``."""
        ...

    @staticmethod
    def step(rule: Any, parameters: Tensor, gradient: Tensor, memory: dict[str, Tensor], rate: Tensor, live: Tensor) -> None:
        """One update by a rule of `gatebench.training.optim`, in place: rows of all, ``rate`` and ``live`` ``[K, 1]``."""
        ...
