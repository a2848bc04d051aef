"""The light gated recurrent unit: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestLigru(OracleLaws):
    name = "ligru"
    size_at_20k = (65, 20_020)
    state_size = 8
    forget_gate_biases = {"b_z": 1}
    parameters = staticmethod(lambda X, H: 2 * (X * H + H * H + H))

    @staticmethod
    def equations(p, x):
        """Ravanelli et al. 2018, without batch normalisation."""
        h = np.zeros((x.shape[1], p["U_h"].shape[0]))
        for x_t in x:
            z = sigmoid(x_t @ p["W_z"] + h @ p["U_z"] + p["b_z"])
            h = z * h + (1 - z) * np.maximum(x_t @ p["W_h"] + h @ p["U_h"] + p["b_h"], 0)
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_z"], p["W_h"]],
            "weight_hh": [p["U_z"], p["U_h"]],
            "bias_ih": [p["b_z"], p["b_h"]],
        }
        return torchrecurrent_outputs("LiGRUCell", x, weights)
