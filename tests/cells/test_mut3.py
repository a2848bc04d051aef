"""The mutated unit 3: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestMut3(OracleLaws):
    name = "mut3"
    size_at_20k = (48, 19_728)
    state_size = 8
    forget_gate_biases = {"b_z": -1}
    parameters = staticmethod(lambda X, H: 3 * (X * H + H * H + H))

    @staticmethod
    def equations(p, x):
        """Jozefowicz et al. 2015, MUT3."""
        h = np.zeros((x.shape[1], p["W_hh"].shape[0]))
        for x_t in x:
            z = sigmoid(x_t @ p["W_xz"] + np.tanh(h) @ p["W_hz"] + p["b_z"])
            r = sigmoid(x_t @ p["W_xr"] + h @ p["W_hr"] + p["b_r"])
            h = np.tanh((r * h) @ p["W_hh"] + x_t @ p["W_xh"] + p["b_h"]) * z + h * (1 - z)
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_xz"], p["W_xr"], p["W_xh"]],
            "weight_hh": [p["W_hz"], p["W_hr"], p["W_hh"]],
            "bias_ih": [p["b_z"], p["b_r"], p["b_h"]],
        }
        return torchrecurrent_outputs("MUT3Cell", x, weights)
