"""What the tests of exports share: stacks with random weights, and their source run as a module."""

import builtins
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gatebench.engines import base, reference
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.models.export import source
from gatebench.models.export.network import Network
from gatebench.training.likelihoods import bernoulli

INPUTS, UNITS, READOUT = 4, 5, 3
CELLS = [
    ("gru", {}),
    ("gru_reset_after", {}),
    ("lstm", {}),
    ("lstm_augmented", {}),
    ("lstm_augmented", {"length": 3, "projection": None}),
    ("lstm_augmented", {"length": 2, "window": "ahead", "gate": False}),
    ("lstm_peephole", {}),
    ("lstm_sherstinsky", {}),
    ("rnn", {}),
]

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


def odd(house: Path) -> trace.Graph:
    """The graph of a house's cell; ``GATEBENCH_PATH`` is that house."""
    (house / "cells").mkdir(parents=True, exist_ok=True)
    (house / "cells" / "odd.py").write_text(ODD.strip())
    return trace.load("odd")


def network(
    graph: trace.Graph, layers: int = 1, bidirectional: bool = False, at: str = "step", inputs: int = INPUTS
) -> Network:
    """With random weights."""
    random, weights, below = np.random.default_rng(5), {}, inputs
    for layer in range(1, layers + 1):
        sizes = graph.sizes(below, UNITS)
        for back in ["", "back."] if bidirectional else [""]:
            prefix = (f"{layer}." if layer > 1 else "") + back
            weights |= {f"{prefix}{n}": random.normal(0, 0.6, shape) for n, shape in graph.shapes(sizes).items()}
        below = (2 if bidirectional else 1) * sizes[graph.output]
    weights |= {"readout_W": random.normal(0, 1, (below, READOUT)), "readout_b": random.normal(0, 1, (1, READOUT))}
    return Network(graph, inputs, UNITS, weights, Stack(layers, bidirectional), at)


def without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed."""
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "onnx":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)


def sequences(batch: int = 3, steps: int = 7) -> np.ndarray:
    return np.random.default_rng(6).normal(size=(batch, steps, INPUTS))


def model(made: Network) -> torch.nn.Module:
    """Its source, run here, in double precision."""
    module = types.ModuleType("exported")
    exec(compile(source.write(made, "A title", ["A paragraph."]), "model.py", "exec"), module.__dict__)
    built = module.Model().double().eval()
    built.load_state_dict({name: torch.from_numpy(value) for name, value in source.state_dict(made).items()})
    return built


def readout(built: torch.nn.Module, x: np.ndarray, lengths: list[int] | None = None) -> np.ndarray:
    with torch.no_grad():
        return built(torch.from_numpy(x), lengths).numpy()


def reference_readout(made: Network, x: np.ndarray, lengths: list[int] | None = None) -> np.ndarray:
    """Of our reference engine, in double precision."""
    likelihood = bernoulli()  # as many numbers as outputs
    run = base.Network(made.graph, made.inputs, made.readout, made.units, likelihood, stack=made.stack, at=made.at)
    parameters = {name: torch.from_numpy(value).double()[None] for name, value in made.weights.items()}
    padded = torch.from_numpy(x).transpose(0, 1)[None]
    found = reference.readout(run, parameters, padded, torch.tensor([lengths or [x.shape[1]] * len(x)]))[0]
    return (found[0] if made.at == "sequence" else found.transpose(0, 1)).numpy()
