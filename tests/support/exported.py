"""What the tests of exports share: stacks with random weights, and their source run as a module."""

import builtins
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.engines import base, reference
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.models.export import source
from gatebench.models.export.network import ExportedNetwork
from gatebench.training.likelihoods import bernoulli

INPUTS, UNITS, READOUT = 4, 5, 3
CELLS = [
    *((name, {}) for name in registry.available("cells", ".py")),
    ("lstm_augmented", {"length": 3, "projection": None}),
    ("lstm_augmented", {"length": 2, "window": "ahead", "gate": False}),
]
"""Every cell at its defaults, and the one with options at others."""

ODD = '''
"""Odd \\"\\"\\" cell: all that a text may do."""

from gatebench.graph.ops import shift, sigmoid, tanh

PAPER = "nobody, nowhere, never \\\\ \\"\\"\\""


def step(x, h, c, d, q: "P", *, W, U, V, train, b, ahead: bool = True):
    state = tanh(W["1.5 x"] @ shift(x, -2) + W @ shift(x, 1 if ahead else 0) + U.a @ (h - (c - d)) + train @ h)
    torch = sigmoid(V.a * state - (b.a - c * (h * 0.1)) + 0.30000000000000004)
    self = U.b @ (torch * (1 - c)) * (U.b2 @ q)
    for _ in range(5):
        self = tanh(self + 0.5 * self * b.t)
    c = c * 0.5 + self
    lambda_ = tanh(U.q @ (W.q @ x + h))
    x = c * -2
    return (U.c @ c - (x + h)) * 0.1, c + 1, h, lambda_


def sizes(H, **_):
    return {"P": H + 1}
'''


def write_odd_cell(plugin_folder: Path) -> trace.Graph:
    """Write the cell `ODD` into a plugin folder, which ``GATEBENCH_PATH`` names already; returns its graph."""
    (plugin_folder / "cells").mkdir(parents=True, exist_ok=True)
    (plugin_folder / "cells" / "odd.py").write_text(ODD.strip())
    return trace.load("odd")


def random_network(
    graph: trace.Graph, layers: int = 1, bidirectional: bool = False, at: str = "step", inputs: int = INPUTS
) -> ExportedNetwork:
    """A stack of this cell with random weights, as a trained trial would be exported."""
    random, weights, below = np.random.default_rng(5), {}, inputs
    for layer in range(1, layers + 1):
        sizes = graph.sizes(below, UNITS)
        for back in ["", "back."] if bidirectional else [""]:
            prefix = (f"{layer}." if layer > 1 else "") + back
            weights |= {f"{prefix}{n}": random.normal(0, 0.6, shape) for n, shape in graph.shapes(sizes).items()}
        below = (2 if bidirectional else 1) * sizes[graph.output]
    weights |= {"readout_W": random.normal(0, 1, (below, READOUT)), "readout_b": random.normal(0, 1, (1, READOUT))}
    return ExportedNetwork(graph, inputs, UNITS, weights, Stack(layers, bidirectional), at)


def without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed."""
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "onnx":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)


def random_sequences(batch: int = 3, steps: int = 7) -> np.ndarray:
    """Inputs ``[B, T, X]``, the same in every call."""
    return np.random.default_rng(6).normal(size=(batch, steps, INPUTS))


def exported_module(network: ExportedNetwork) -> torch.nn.Module:
    """The module of an exported network's own source, which is run here, in double precision."""
    file = types.ModuleType("exported")
    exec(compile(source.write_source(network, "A title", ["A paragraph."]), "model.py", "exec"), file.__dict__)
    module = file.Model().double().eval()
    module.load_state_dict({name: torch.from_numpy(value) for name, value in source.state_dict(network).items()})
    return module


def module_readout(module: torch.nn.Module, x: np.ndarray, lengths: list[int] | None = None) -> np.ndarray:
    """What an exported module says of sequences ``[B, T, X]``: ``[B, T, Y]``, or ``[B, Y]`` of one output a sequence."""
    with torch.no_grad():
        return module(torch.from_numpy(x), lengths).numpy()


def reference_readout(network: ExportedNetwork, x: np.ndarray, lengths: list[int] | None = None) -> np.ndarray:
    """What `module_readout` should be, by our reference engine in double precision."""
    likelihood = bernoulli()  # as many numbers as outputs
    run = base.Network(
        network.graph, network.inputs, network.readout, network.units, likelihood, stack=network.stack, at=network.at
    )
    parameters = {name: torch.from_numpy(value).double()[None] for name, value in network.weights.items()}
    padded = torch.from_numpy(x).transpose(0, 1)[None]
    outputs = reference.readout(run, parameters, padded, torch.tensor([lengths or [x.shape[1]] * len(x)]))[0]
    return (outputs[0] if network.at == "sequence" else outputs.transpose(0, 1)).numpy()
