"""The Mogrifier LSTM: its equations written again, and what is known of it."""

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from support.cells import CellLaws, assert_equals_oracle, sigmoid, stacked


class TestLstmMogrifier(CellLaws):
    name = "lstm_mogrifier"
    size_at_20k = (23, 20_424)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H + H) + 5 * X * H)
    options = [{}, {"rounds": 0}, {"rounds": 2}]

    @staticmethod
    def equations(p, x, rounds=5):
        """Melis et al. 2020, Eq. 1-2, and then an LSTM."""
        h = c = np.zeros((x.shape[1], p["U_f"].shape[0]))
        for x_t in x:
            for i in range(1, rounds + 1, 2):
                x_t = 2 * sigmoid(h @ p[f"Q_{i}"]) * x_t
                if i < rounds:
                    h = 2 * sigmoid(x_t @ p[f"R_{i + 1}"]) * h
            sums = {k: x_t @ p[f"W_{k}"] + h @ p[f"U_{k}"] + p[f"b_{k}"] for k in "fijo"}
            c = sigmoid(sums["f"]) * c + sigmoid(sums["i"]) * np.tanh(sums["j"])
            h = sigmoid(sums["o"]) * np.tanh(c)
            yield h


def test_without_rounds_it_is_the_lstm():
    def torch_module(p, x):
        layer = nn.LSTM(x.shape[-1], len(p["U_f"])).double()
        weights = {
            "weight_ih_l0": stacked([p[f"W_{k}"] for k in "ifjo"]),
            "weight_hh_l0": stacked([p[f"U_{k}"] for k in "ifjo"]),
            "bias_ih_l0": stacked([p[f"b_{k}"] for k in "ifjo"]),
            "bias_hh_l0": stacked([torch.zeros_like(p[f"b_{k}"]) for k in "ifjo"]),
        }
        return functional_call(layer, weights, x)[0]

    assert_equals_oracle("lstm_mogrifier", torch_module, rounds=0)
