"""What the test of a cell needs: random weights, our engine's run, and the run of ``torch.nn`` with the same weights.

An oracle is a cell's equations written again in NumPy, as a generator: ``oracle(p, x, **options)`` takes the parameters by
name and a sequence ``[T, B, X]``, and yields the output ``[B, Y]`` of each step. A matrix that the papers write ``W x`` is
``x @ W`` there, because sequences of a batch are rows.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from gatebench.engines.reference import run
from gatebench.graph import trace
from gatebench.graph.cost import cost, solve

INPUTS, UNITS, STEPS, BATCH = 4, 5, 6, 3
Oracle = Callable[..., Iterator[np.ndarray]]


def sigmoid(a: np.ndarray) -> np.ndarray:
    """The logistic function, as the papers write it."""
    return 1 / (1 + np.exp(-a))


def random_weights(graph: trace.Graph, members: int, seed: int = 7) -> dict[str, np.ndarray]:
    """Parameters ``[K, ...]`` of a population, different for each member."""
    random = np.random.default_rng(seed)
    shapes = graph.shapes(graph.sizes(INPUTS, UNITS))
    return {name: random.normal(0, 0.7, (members, *shape)) for name, shape in shapes.items()}


def engine_outputs(graph: trace.Graph, parameters: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Outputs ``[K, T, B, Y]`` of the reference engine, in float64; ``x`` is ``[K or 1, T, B, X]``."""
    tensors = {name: torch.from_numpy(value) for name, value in parameters.items()}
    return run(graph, graph.sizes(INPUTS, UNITS), tensors, torch.from_numpy(x)).numpy()


def assert_equals_equations(name: str, oracle: Oracle, members: int, shared: bool = False, **options: Any) -> None:
    """Each member of a population equals the equations written again, on sequences of its own or on shared ones."""
    graph = trace.load(name, **options)
    parameters = random_weights(graph, members)
    x = np.random.default_rng(9 if shared else 8).normal(size=(1 if shared else members, STEPS, BATCH, INPUTS))
    outputs = engine_outputs(graph, parameters, x)
    for k in range(members):
        alone = {parameter: value[k] for parameter, value in parameters.items()}
        expected = np.stack(list(oracle(alone, x[0 if shared else k], **options)))
        np.testing.assert_allclose(outputs[k], expected, rtol=0, atol=1e-12)


def single_run(name: str) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Outputs ``[T, B, H]`` of one model of a cell, its parameters, and its inputs ``[T, B, X]``."""
    graph = trace.load(name)
    parameters = random_weights(graph, 1)
    x = np.random.default_rng(10).normal(size=(1, STEPS, BATCH, INPUTS))
    return engine_outputs(graph, parameters, x)[0], {parameter: value[0] for parameter, value in parameters.items()}, x[0]


def torch_outputs(
    module: type[nn.RNNBase],
    x: np.ndarray,
    W: list[np.ndarray],
    U: list[np.ndarray],
    b_input: list[np.ndarray],
    b_state: list[np.ndarray],
) -> np.ndarray:
    """Outputs of a ``torch.nn`` layer with our weights: its gates are blocks of rows of one matrix."""
    layer = module(INPUTS, UNITS).double()
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.from_numpy(np.concatenate([w.T for w in W])))
        layer.weight_hh_l0.copy_(torch.from_numpy(np.concatenate([u.T for u in U])))
        layer.bias_ih_l0.copy_(torch.from_numpy(np.concatenate([b[0] for b in b_input])))
        layer.bias_hh_l0.copy_(torch.from_numpy(np.concatenate([b[0] for b in b_state])))
        return layer(torch.from_numpy(x))[0].numpy()


def torch_gru_outputs(p: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Outputs of ``nn.GRU``. It keeps where the paper updates: its z is 1 - z, so the signs of z's weights turn."""
    b_u = p.get("b_u", np.zeros((1, UNITS)))
    zero = np.zeros((1, UNITS))
    W, U = [p["W_r"], -p["W_z"], p["W"]], [p["U_r"], -p["U_z"], p["U"]]
    return torch_outputs(nn.GRU, x, W, U, [p["b_r"], -p["b_z"], p["b_h"]], [zero, zero, b_u])


def parameters_at(graph: trace.Graph, inputs: int, units: int) -> int:
    """Recurrent parameters of a cell, biases included."""
    return cost(graph, graph.sizes(inputs, units), inputs).parameters_recurrent


def size_at_20k(name: str) -> tuple[int, int]:
    """Units and recurrent parameters of a cell at the budget of 20,000 parameters, with 88 inputs."""
    graph = trace.load(name)
    units = solve(20_000, partial(parameters_at, graph, 88), "parameters")
    return units, parameters_at(graph, 88, units)


def state_size(name: str) -> int:
    """Numbers that a cell of 8 units carries from step to step."""
    graph = trace.load(name)
    return cost(graph, graph.sizes(3, 8), 1).state_size
