"""The minimal gated unit: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestMgu(OracleLaws):
    name = "mgu"
    size_at_20k = (65, 20_020)
    state_size = 8
    forget_gate_biases = {"b_f": -1}
    parameters = staticmethod(lambda X, H: 2 * (X * H + H * H + H))

    @staticmethod
    def equations(p, x):
        """Zhou et al. 2016: one gate forgets and resets."""
        h = np.zeros((x.shape[1], p["U_h"].shape[0]))
        for x_t in x:
            f = sigmoid(x_t @ p["W_f"] + h @ p["U_f"] + p["b_f"])
            candidate = np.tanh(x_t @ p["W_h"] + (f * h) @ p["U_h"] + p["b_h"])
            h = h + f * (candidate - h)
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_f"], p["W_h"]],
            "weight_hh": [p["U_f"], p["U_h"]],
            "bias_ih": [p["b_f"], p["b_h"]],
        }
        return torchrecurrent_outputs("MGUCell", x, weights)
