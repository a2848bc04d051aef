"""What an engine is handed: a cell with its sizes, its likelihood, and where a member's parameters stand in one row."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from bench.graph.trace import Graph

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
    """``readout = h_t @ readout_W + readout_b`` over the first state of a cell, with a likelihood."""

    graph: Graph
    inputs: int
    outputs: int
    units: int
    likelihood: Likelihood

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Width letter -> size."""
        return self.graph.sizes(self.inputs, self.units)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Parameter name -> (rows, columns), the readout's included."""
        width = self.likelihood.readout(self.outputs)
        readout = {"readout_W": (self.sizes[self.graph.output], width), "readout_b": (1, width)}
        return {**self.graph.shapes(self.sizes), **readout}

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
        """Sequences ``x [T, X]``, ``y [T, Y]`` of their own lengths, made ready."""
        ...

    @staticmethod
    def losses(network: Network, parameters: Tensor, batches: Sequence[Any]) -> list[np.ndarray]:
        """NLL of each sequence, nats summed over its steps, for every member: its row of parameters, its batch."""
        ...

    @staticmethod
    def gradients(
        network: Network, parameters: Tensor, batches: Sequence[Any], weights: np.ndarray
    ) -> tuple[list[np.ndarray], Tensor]:
        """`losses`, and rows of gradients of ``weights[k] * sum(losses[k])``."""
        ...

    @staticmethod
    def step(rule: Any, parameters: Tensor, gradient: Tensor, memory: dict[str, Tensor], rate: Tensor, live: Tensor) -> None:
        """One update by an optimiser of `bench.training.optim`, in place: rows of all, ``rate`` and ``live`` ``[K, 1]``."""
        ...
