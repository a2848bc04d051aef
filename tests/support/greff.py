"""The variants of Greff et al. by an LSTM with peepholes that others wrote, ``PeepholeLSTMCell`` of ``torchrecurrent``.

A gate that a variant lacks is open in it: at a bias of 1,000 the logistic function is 1 to the last digit.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from support.cells import UNITS, torchrecurrent_outputs

OPEN, CLOSED = 1000.0, -1000.0
Function = Callable[[Tensor], Tensor]


class InputThenOutput(nn.Module):
    """Two functions in place of the one module that their cell calls for its input and then for its output."""

    def __init__(self, of_input: Function, of_output: Function):
        super().__init__()
        self.of_input, self.of_output, self.called = of_input, of_output, 0

    def forward(self, a: Tensor) -> Tensor:
        self.called += 1
        return self.of_input(a) if self.called % 2 else self.of_output(a)


def identity(a: Tensor) -> Tensor:
    """What stands where a variant has no activation function."""
    return a


def tied(p: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of CIFG with a forget gate of the opposite weights: sigma(-a) is 1 - sigma(a)."""
    return {**p, **{f"{name}_f": -p[f"{name}_i"] for name in ("W", "R", "p", "b")}}


def vanilla_outputs(
    p: Mapping[str, Tensor], x: Tensor, of_input: Function = torch.tanh, of_output: Function = torch.tanh
) -> Tensor:
    """Outputs of their cell with parameters in Greff's letters."""

    def parts(name: str, gates: str) -> list[Tensor]:
        return [p.get(f"{name}_{gate}", torch.zeros_like(p[f"{name}_z" if name != "p" else "b_z"])) for gate in gates]

    biases = [p.get(f"b_{gate}", torch.full_like(p["b_z"], OPEN)) for gate in "ifzo"]
    weights = {"weight_ih": parts("W", "ifzo"), "weight_hh": parts("R", "ifzo"), "weight_ph": parts("p", "ifo")}
    return torchrecurrent_outputs(
        "PeepholeLSTMCell", x, {**weights, "bias_ih": biases}, nonlinearity=InputThenOutput(of_input, of_output)
    )


def full_gate_recurrence_outputs(p: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Outputs of FGR, its output gate seeing the old state: their cell with five groups of units.

    The output of the first group is that of FGR; that of the others is its cell state, and its three gates, for all gates of
    the next step to see.
    """
    row = torch.zeros_like(p["b_z"])

    def sums(gate: str) -> tuple[Tensor, Tensor, Tensor]:
        seen = [p[f"R_{gate}"], torch.diag(p[f"p_{gate}"][0]), *(p[f"R_{other}{gate}"] for other in "ifo")]
        return p[f"W_{gate}"], torch.cat(seen), p[f"b_{gate}"]

    def constant(bias: float) -> tuple[Tensor, Tensor, Tensor]:
        return torch.zeros_like(p["W_z"]), row.new_zeros(5 * UNITS, UNITS), torch.full_like(row, bias)

    content = p["W_z"], torch.cat([p["R_z"], row.new_zeros(4 * UNITS, UNITS)]), p["b_z"]
    i, f, o = (sums(gate) for gate in "ifo")
    groups: list[list[Any]] = [
        [i, i, i, f, o],
        [f, f, *[constant(CLOSED)] * 3],
        [content, content, *[constant(1)] * 3],
        [o, *[constant(OPEN)] * 4],
    ]
    weights = {
        name: [torch.cat([group[part] for group in gate], 1) for gate in groups]
        for part, name in enumerate(("weight_ih", "weight_hh", "bias_ih"))
    }
    weights["weight_ph"] = [row.new_zeros(1, 5 * UNITS)] * 3

    def squash(groups: int) -> Function:
        return lambda a: torch.cat([torch.tanh(a[:, : groups * UNITS]), a[:, groups * UNITS :]], 1)

    functions = InputThenOutput(squash(2), squash(1))
    return torchrecurrent_outputs("PeepholeLSTMCell", x, weights, units=5 * UNITS, nonlinearity=functions)[..., :UNITS]
