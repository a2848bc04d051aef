"""Cells that libraries have built in: which of ours they are, and our weights in their order.

A cell is recognised by its equations, not by its name. Libraries multiply ``W x`` where ours is ``x @ W``, so matrices
are transposed, and stack a cell's gates in one matrix. Where ours has one bias they have two, of which the sum matters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from gatebench.core import registry
from gatebench.graph import trace
from gatebench.graph.trace import Graph

Weights = Mapping[str, np.ndarray]
"""Parameter -> its array ``[rows, columns]``, by the names of a cell's equations."""
Gates = tuple[tuple[str, str, int], ...]
"""In a library's order: our name of the matrices of the input and the state, of the bias, and the sign of all of them."""

PLAIN: Gates = (("", "_h", 1),)
"""The candidate, whose matrices have no index."""


@dataclass(frozen=True)
class BuiltIn:
    """A library's module or operator, with the order of its gates."""

    name: str
    gates: Gates
    options: Mapping[str, object]
    """Arguments that the operator needs besides its sizes."""

    def stacked(self, weights: Weights) -> dict[str, np.ndarray]:
        """Return ``W [gates * H, X]``, ``U [gates * H, H]`` and the two biases ``b``, ``b_state`` ``[gates * H]``."""
        parts = {"W": [], "U": [], "b": [], "b_state": []}
        for index, bias, sign in self.gates:
            b = weights[f"b{bias}"][0]
            of_state = weights["b_u"][0] if "b_u" in weights and not index else np.zeros_like(b)
            values = (weights[f"W{index}"].T, weights[f"U{index}"].T, b, of_state)
            for name, value in zip(parts, values, strict=True):
                parts[name].append(sign * value)
        return {name: np.concatenate(values) for name, values in parts.items()}


# Our z is the share that is updated, that of torch and ONNX the share that stays: 1 - sigmoid(a) = sigmoid(-a).
TORCH = {
    "rnn": BuiltIn("RNN", PLAIN, {}),
    "lstm": BuiltIn("LSTM", tuple((f"_{gate}", f"_{gate}", 1) for gate in "ifco"), {}),
    "gru_reset_after": BuiltIn("GRU", (("_r", "_r", 1), ("_z", "_z", -1), *PLAIN), {}),
}
"""Cell -> the module of ``torch.nn`` that computes it."""
_ONNX_LSTM: Gates = tuple((f"_{gate}", f"_{gate}", 1) for gate in "iofc")
_ONNX_GRU: Gates = (("_z", "_z", -1), ("_r", "_r", 1), *PLAIN)
ONNX = {
    "rnn": BuiltIn("RNN", PLAIN, {}),
    "lstm": BuiltIn("LSTM", _ONNX_LSTM, {}),
    "lstm_peephole": BuiltIn("LSTM", _ONNX_LSTM, {}),
    "gru": BuiltIn("GRU", _ONNX_GRU, {"linear_before_reset": 0}),
    "gru_reset_after": BuiltIn("GRU", _ONNX_GRU, {"linear_before_reset": 1}),
}
"""Cell -> the operator of ONNX that computes it."""


def torch_module(graph: Graph) -> BuiltIn | None:
    """Return the module of ``torch.nn`` that computes the same as a cell; None if there is none."""
    return TORCH.get(_cells_by_fingerprint().get(graph.fingerprint, ""))


def onnx_operator(graph: Graph) -> BuiltIn | None:
    """Return the operator of ONNX that computes the same as a cell; None if there is none."""
    return ONNX.get(_cells_by_fingerprint().get(graph.fingerprint, ""))


@cache
def _cells_by_fingerprint() -> dict[str, str]:
    """Return fingerprint -> name of the cells above, from the package's files: a plugin may have another of that name."""
    modules = {
        name: registry.load_module("gatebench.cells", registry.BUILT_IN["cells"] / f"{name}.py") for name in {*TORCH, *ONNX}
    }
    return {trace.trace(module, name, {}).fingerprint: name for name, module in modules.items()}
