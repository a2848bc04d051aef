"""The LSTM with a projection: its equations written again, and what is known of it."""

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from support.cells import CellLaws, assert_equals_oracle, sigmoid, stacked


class TestLstmProjection(CellLaws):
    name = "lstm_projection"
    size_at_20k = (43, 19_952)
    state_size = 12
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * X * H + 5 * H * max(1, H // 2) + 7 * H)
    options = [{}, {"peepholes": False}, {"projection": 0.25}]

    @staticmethod
    def equations(p, x, projection=0.5, peepholes=True):
        """Sak et al. 2014: the gates see a projection of the output, and the cell through diagonal weights."""
        r, c = np.zeros((x.shape[1], p["W_ir"].shape[0])), np.zeros((x.shape[1], p["W_ir"].shape[1]))

        def gate(k, c):
            seen = p[f"p_{k}"] * c if peepholes else 0
            return sigmoid(x_t @ p[f"W_{k}x"] + r @ p["W_or_" if k == "o" else f"W_{k}r"] + p[f"b_{k}"] + seen)

        for x_t in x:
            c = gate("f", c) * c + gate("i", c) * np.tanh(x_t @ p["W_cx"] + r @ p["W_cr"] + p["b_c"])
            r = (gate("o", c) * np.tanh(c)) @ p["W_rm"]
            yield r


def torch_module(p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Outputs of ``nn.LSTM`` with a projection."""
    units, projected = p["W_rm"].shape
    layer = nn.LSTM(x.shape[-1], units, proj_size=projected).double()
    weights = {
        "weight_ih_l0": stacked([p[f"W_{k}x"] for k in "ifco"]),
        "weight_hh_l0": stacked([p["W_or_" if k == "o" else f"W_{k}r"] for k in "ifco"]),
        "bias_ih_l0": stacked([p[f"b_{k}"] for k in "ifco"]),
        "bias_hh_l0": torch.zeros(4 * units, dtype=x.dtype),
        "weight_hr_l0": p["W_rm"].T,
    }
    return functional_call(layer, weights, x)[0]


def test_without_peepholes_it_is_torch_lstm_with_a_projection():
    assert_equals_oracle("lstm_projection", torch_module, peepholes=False)
