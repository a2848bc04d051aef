"""Cells that libraries have built in: which of ours they are, and our weights in their order.

A cell is recognised by its equations, not by its name. Libraries multiply ``W x`` where ours is ``x @ W``, so matrices
are transposed, and stack a cell's gates in one matrix. Where ours has one bias they have two, of which the sum matters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gatebench.core import registry
from gatebench.graph import trace
from gatebench.graph.trace import Graph

Weights = Mapping[str, np.ndarray]
Gates = tuple[tuple[str, str, int], ...]
"""In a library's order: our name of the matrices of the input and the state, of the bias, and the sign of all of them."""

PLAIN: Gates = (("", "_h", 1),)


@dataclass(frozen=True)
class BuiltIn:
    """A library's module or operator, with the order of its gates."""

    name: str
    gates: Gates
    options: Mapping[str, Any]
    """What it must be told besides its sizes."""

    def stacked(self, weights: Weights) -> dict[str, np.ndarray]:
        """``W [gates * H, X]``, ``U [gates * H, H]`` and the two biases ``b``, ``b_state`` ``[gates * H]``."""
        parts = {"W": [], "U": [], "b": [], "b_state": []}
        for index, bias, sign in self.gates:
            b = weights[f"b{bias}"][0]
            of_state = weights["b_u"][0] if "b_u" in weights and not index else np.zeros_like(b)
            values = (weights[f"W{index}"].T, weights[f"U{index}"].T, b, of_state)
            for name, value in zip(parts, values, strict=True):
                parts[name].append(sign * value)
        return {name: np.concatenate(values) for name, values in parts.items()}


# Our z says how much is updated, that of torch and ONNX how much is kept: 1 - sigmoid(a) = sigmoid(-a).
TORCH = {
    "rnn": BuiltIn("RNN", PLAIN, {}),
    "lstm": BuiltIn("LSTM", tuple((f"_{gate}", f"_{gate}", 1) for gate in "ifco"), {}),
    "gru_reset_after": BuiltIn("GRU", (("_r", "_r", 1), ("_z", "_z", -1), *PLAIN), {}),
}
_ONNX_LSTM: Gates = tuple((f"_{gate}", f"_{gate}", 1) for gate in "iofc")
_ONNX_GRU: Gates = (("_z", "_z", -1), ("_r", "_r", 1), *PLAIN)
ONNX = {
    "rnn": BuiltIn("RNN", PLAIN, {}),
    "lstm": BuiltIn("LSTM", _ONNX_LSTM, {}),
    "lstm_peephole": BuiltIn("LSTM", _ONNX_LSTM, {}),
    "gru": BuiltIn("GRU", _ONNX_GRU, {"linear_before_reset": 0}),
    "gru_reset_after": BuiltIn("GRU", _ONNX_GRU, {"linear_before_reset": 1}),
}


def of_torch(graph: Graph) -> BuiltIn | None:
    """The module of ``torch.nn`` that computes the same; None if there is none."""
    return TORCH.get(_ours().get(graph.fingerprint, ""))


def of_onnx(graph: Graph) -> BuiltIn | None:
    """The operator of ONNX that computes the same; None if there is none."""
    return ONNX.get(_ours().get(graph.fingerprint, ""))


@cache
def _ours() -> dict[str, str]:
    """Fingerprint -> name of the cells above, from our own texts: a house may have another cell of that name."""
    modules = {
        name: registry.load_module("gatebench.cells", registry.BUILT_IN["cells"] / f"{name}.py") for name in {*TORCH, *ONNX}
    }
    return {trace.trace(module, name, {}).fingerprint: name for name, module in modules.items()}
