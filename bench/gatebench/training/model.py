"""A cell with the readout that a task needs: initial weights, and the loss of a batch for every member."""

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from gatebench.engines import reference
from gatebench.engines import selection as engines
from gatebench.engines._product import product
from gatebench.engines.base import Engine, Network
from gatebench.graph.cost import Cost
from gatebench.training.likelihoods import Likelihood
from gatebench.training.protocol import Training

Parameters = dict[str, Tensor]


@dataclass
class Memory:
    """What a layer knows of a sequence so far."""

    past: deque[Tensor]
    """What it read last, ``[K or 1, X]``, as many steps as the cell's window."""
    states: list[Tensor]


@dataclass(frozen=True, eq=False)
class Model(Network):
    """A network with the engine that runs it and the way its weights begin."""

    likelihood: Likelihood  # pyright: ignore[reportIncompatibleVariableOverride] - a narrower one
    engine: str
    device: str = "cpu"

    @cached_property
    def runs(self) -> Engine:
        """The engine's functions."""
        return engines.load(self.engine)

    @property
    def cost(self) -> Cost:
        """Parameters, FLOPs and state size."""
        return self.stack.cost(self.graph, self.inputs, self.units, self.likelihood.readout(self.outputs))

    @property
    def matrices(self) -> list[str]:
        """Weight matrices of the recurrent layers, those that weight noise acts on."""
        return [name for name, (rows, _) in self.roles.items() if rows != "1"]

    def initialise(self, seed: int, training: Training, bias: np.ndarray | None) -> Parameters:
        """Initial weights of one trial, ``[1, rows, columns]``, from its seed and each parameter's name alone.

        Matrices that multiply a state are orthogonal (of a non-square one, its columns or rows). Those that multiply what a
        layer reads, and the readout, are uniform in ``+- input_range``, or by Glorot and Bengio (2010) if that is None.
        Biases and diagonals are 0, but the gate that keeps the state is biased to keep by ``forget_bias``, and the
        readout has the ``bias [R]`` if one is given.
        """
        values = {name: self._initial(name, seed, training) for name in self.shapes}
        if bias is not None:
            values["readout_b"] = bias[None]
        dtype = torch.get_default_dtype()
        return {name: torch.tensor(value, dtype=dtype).unsqueeze(0) for name, value in values.items()}

    def start_rows(self, seeds: list[int], training: Training, bias: np.ndarray | None = None) -> Tensor:
        """`initialise` for every member, as rows of a population on the model's device."""
        rows = torch.zeros(len(seeds), self.row, device=self.device)
        for k, seed in enumerate(seeds):
            values = self.initialise(seed, training, bias)
            for name, view in self.views(rows[k : k + 1]).items():
                view.copy_(values[name])
        return rows

    def _initial(self, name: str, seed: int, training: Training) -> np.ndarray:
        rows, columns = self.shapes[name]
        random = stream(seed, "weights", name)
        letter = "1" if name == "readout_b" else "X" if name == "readout_W" else self.roles[name][0]
        if letter == "1":
            return np.full(
                (rows, columns), training.forget_bias * self.graph.forget_gate_biases.get(name.rpartition(".")[2], 0)
            )
        if letter == "X":
            bound = training.input_range if training.input_range is not None else float(np.sqrt(6 / (rows + columns)))
            return random.uniform(-bound, bound, (rows, columns))
        return _orthogonal(random, rows, columns)

    def start(self, parameters: Mapping[str, Tensor]) -> list[Memory]:
        """What each layer knows before the first step of one sequence; none of them may read backwards."""
        window = self.graph.lookback + 1
        found = []
        for (cell,) in self.cells:
            own = self.of_cell(cell, parameters)
            nothing = own[next(iter(own))].new_zeros(1, cell.sizes["X"])
            states = reference.start(self.graph, cell.sizes, own, 1)
            found.append(Memory(deque([nothing] * window, maxlen=window), states))
        return found

    def advance(self, parameters: Mapping[str, Tensor], x: Tensor, memories: list[Memory]) -> Tensor:
        """One step of one sequence: reads ``x [1, X]``, moves on what the layers know, and gives the readout ``[K, R]``."""
        for (cell,), memory in zip(self.cells, memories, strict=True):
            memory.past.append(x)
            read = torch.stack(list(memory.past), 1)[:, :, None]
            memory.states = reference.advance(self.graph, self.of_cell(cell, parameters), read, memory.states)
            x = memory.states[0][:, 0]
        return (product(x.unsqueeze(1), parameters["readout_W"]) + parameters["readout_b"])[:, 0]


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """A random stream that belongs to one purpose of one trial, whoever else is in its population."""
    text = ":".join(map(str, (seed, *purpose)))
    return np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))


def _orthogonal(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    tall = random.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))  # makes it uniform over orthogonal matrices
    return q if rows >= columns else q.T
