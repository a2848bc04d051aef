"""A cell with the readout that a task needs: its engine, its initial weights, and single steps of it."""

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gatebench.engines import reference
from gatebench.engines.base import Engine, Network, flushed_denormals
from gatebench.graph.cost import Cost
from gatebench.training.likelihoods import Likelihood
from gatebench.training.protocol import Training

Parameters = dict[str, Tensor]
"""Parameter name -> ``[K, rows, columns]``."""


@dataclass
class LayerState:
    """What a layer carries from one step of a sequence to the next."""

    past: deque[Tensor]
    """The last inputs, ``[K or 1, X]``, as many as the cell's window has steps."""
    states: list[Tensor]
    """The cell's states, ``[K, B, H]``."""


@dataclass(frozen=True, eq=False)
class Model(Network):
    """A network with the engine that runs it and with initial weights."""

    likelihood: Likelihood  # pyright: ignore[reportIncompatibleVariableOverride] - a narrower one
    engine: Engine[Any]

    @property
    def device(self) -> str:
        """Where its parameters are: the engine's device."""
        return self.engine.device

    @property
    def cost(self) -> Cost:
        """Parameters, FLOPs and state size of the stack."""
        return self.stack.cost(self.graph, self.inputs, self.units, self.likelihood.readout(self.outputs))

    @property
    def matrices(self) -> list[str]:
        """Names of the weight matrices of the recurrent layers, those that weight noise acts on."""
        return [name for name, (rows, _) in self.roles.items() if rows != "1"]

    def initialise(self, seed: int, training: Training, bias: np.ndarray | None) -> Parameters:
        """Return the initial weights of one trial, ``[1, rows, columns]``, from its seed and each parameter's name alone.

        Matrices that multiply a state are orthogonal (of a non-square one, its columns or rows). Those that multiply what a
        layer reads, and the readout, are uniform in ``+- input_range``, or by Glorot and Bengio (2010) if that is None.
        Biases and diagonals are 0, but the gate that keeps the state is biased to keep by ``forget_bias``, and the
        readout has the ``bias [R]`` if one is given. What the cell's text says of a parameter goes before all of this.
        """
        values = {name: self._initial(name, seed, training) for name in self.shapes}
        if bias is not None:
            values["readout_b"] = bias[None]
        dtype = torch.get_default_dtype()
        return {name: torch.tensor(value, dtype=dtype).unsqueeze(0) for name, value in values.items()}

    def start_rows(self, seeds: list[int], training: Training, bias: np.ndarray | None = None) -> Tensor:
        """Return what `initialise` gives for every member, as rows ``[K, row]`` of a population on the model's device."""
        rows = torch.zeros(len(seeds), self.row, device=self.device)
        for k, seed in enumerate(seeds):
            values = self.initialise(seed, training, bias)
            for name, view in self.views(rows[k : k + 1]).items():
                view.copy_(values[name])
        return rows

    def _initial(self, name: str, seed: int, training: Training) -> np.ndarray:
        """Return the initial value of one parameter, ``[rows, columns]``."""
        rows, columns = self.shapes[name]
        prefix, dot, parameter = name.rpartition(".")
        said = self.graph.initial.get(parameter) if name in self.roles else None
        if said:
            return said.draw(stream(seed, "weights", f"{prefix}{dot}{said.drawn_as or parameter}"), rows, columns)
        random = stream(seed, "weights", name)
        letter = "1" if name == "readout_b" else "X" if name == "readout_W" else self.roles[name][0]
        if letter == "1":
            return np.full((rows, columns), training.forget_bias * self.graph.forget_gate_biases.get(parameter, 0))
        if letter == "X":
            bound = training.input_range if training.input_range is not None else float(np.sqrt(6 / (rows + columns)))
            return random.uniform(-bound, bound, (rows, columns))
        return _orthogonal(random, rows, columns)

    def start(self, parameters: Mapping[str, Tensor]) -> list[LayerState]:
        """Return the state of each layer before the first step of one sequence; no layer may read backwards."""
        window = self.graph.lookback + 1
        layers = []
        for (cell,) in self.cells:
            of_cell = self.of_cell(cell, parameters)
            zeros = of_cell[next(iter(of_cell))].new_zeros(1, cell.sizes["X"])
            states = reference.start(self.graph, cell.sizes, of_cell, 1)
            layers.append(LayerState(deque([zeros] * window, maxlen=window), states))
        return layers

    @flushed_denormals()
    def advance(self, parameters: Mapping[str, Tensor], x: Tensor, layers: list[LayerState]) -> Tensor:
        """Make one step of one sequence: read ``x [1, X]``, move the layers' states on, and return the readout ``[K, R]``.

        The step is that of the reference's equations, whatever the model's engine.
        """
        for (cell,), layer in zip(self.cells, layers, strict=True):
            layer.past.append(x)
            window = torch.stack(list(layer.past), 1)[:, :, None]
            layer.states = reference.advance(self.graph, self.of_cell(cell, parameters), window, layer.states)
            x = layer.states[0][:, 0]
        return (reference.product(x.unsqueeze(1), parameters["readout_W"]) + parameters["readout_b"])[:, 0]


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return the random stream for one purpose of one trial; who else is in its population does not matter."""
    text = ":".join(map(str, (seed, *purpose)))
    digest = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    return np.random.default_rng(digest.astype(np.uint32))  # of a list of numbers NumPy makes the same in ten times the time


def _orthogonal(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return a matrix with orthonormal columns, or rows if they are fewer (Saxe et al. 2014)."""
    tall = random.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))  # makes it uniform over orthogonal matrices
    return q if rows >= columns else q.T
