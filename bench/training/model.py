"""A cell with the readout that a task needs: initial weights, and the loss of a batch for every member."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from bench.engines import _choice as engines
from bench.engines import reference
from bench.engines._network import Engine, Network
from bench.engines._product import product
from bench.graph.cost import Cost, cost
from bench.training.likelihoods import Likelihood
from bench.training.settings import Training

Parameters = dict[str, Tensor]


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
        return cost(self.graph, self.sizes, self.likelihood.readout(self.outputs))

    @property
    def matrices(self) -> list[str]:
        """Weight matrices of the recurrent layer, those that weight noise acts on."""
        return [name for name, (rows, _) in self.graph.parameters.items() if rows != "1"]

    def initialise(self, seed: int, training: Training, bias: np.ndarray | None) -> Parameters:
        """Initial weights of one trial, ``[1, rows, columns]``, from its seed and each parameter's name alone.

        Matrices that multiply a state are orthogonal (of a non-square one, its columns or rows). Those that multiply the
        input, and the readout, are uniform in ``+- input_range``, or by Glorot and Bengio (2010) if that is None.
        Biases and diagonals are 0, but the gate that keeps the state is biased to keep by ``retention``, and the
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
        is_matrix = name != "readout_b" and self.graph.parameters.get(name, ("H",))[0] != "1"
        if not is_matrix:
            return np.full((rows, columns), training.retention * self.graph.retention.get(name, 0))
        if name == "readout_W" or self.graph.parameters[name][0] == "X":
            bound = training.input_range if training.input_range is not None else float(np.sqrt(6 / (rows + columns)))
            return random.uniform(-bound, bound, (rows, columns))
        return _orthogonal(random, rows, columns)

    def start(self, parameters: Mapping[str, Tensor]) -> list[Tensor]:
        """States before the first step of one sequence, ``[K, 1, H]``."""
        return reference.start(self.graph, self.sizes, parameters, 1)

    def advance(self, parameters: Mapping[str, Tensor], x: Tensor, states: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        """One step of one sequence: ``x [1, N, 1, X]`` are its last inputs, to states and the readout ``[K, R]``."""
        states = reference.advance(self.graph, parameters, x, states)
        readout = product(states[0], parameters["readout_W"]) + parameters["readout_b"]
        return states, readout[:, 0]


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """A random stream that belongs to one purpose of one trial, whoever else is in its population."""
    text = ":".join(map(str, (seed, *purpose)))
    return np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))


def _orthogonal(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    tall = random.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))  # makes it uniform over orthogonal matrices
    return q if rows >= columns else q.T
