"""The mutated unit 1: its equations written again, and what is known of it."""

import numpy as np
import torch

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestMut1(OracleLaws):
    name = "mut1"
    size_at_20k = (53, 19_769)
    state_size = 8
    forget_gate_biases = {"b_z": -1}
    parameters = staticmethod(lambda X, H: 3 * X * H + 2 * H * H + 3 * H)

    @staticmethod
    def equations(p, x):
        """Jozefowicz et al. 2015, MUT1."""
        h = np.zeros((x.shape[1], p["W_hh"].shape[0]))
        for x_t in x:
            z = sigmoid(x_t @ p["W_xz"] + p["b_z"])
            r = sigmoid(x_t @ p["W_xr"] + h @ p["W_hr"] + p["b_r"])
            h = np.tanh((r * h) @ p["W_hh"] + np.tanh(x_t @ p["W_xh"]) + p["b_h"]) * z + h * (1 - z)
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_xz"], p["W_xr"], p["W_xh"]],
            "weight_hh": [p["W_hr"], p["W_hh"]],
            "bias_ih": [p["b_z"], p["b_r"], torch.zeros_like(p["b_h"])],
            "bias_hh": [torch.zeros_like(p["b_h"]), p["b_h"]],
        }
        return torchrecurrent_outputs("MUT1Cell", x, weights)
