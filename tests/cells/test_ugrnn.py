"""The update gate recurrent network: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestUgrnn(OracleLaws):
    name = "ugrnn"
    size_at_20k = (65, 20_020)
    state_size = 8
    forget_gate_biases = {"b_g": 1}
    parameters = staticmethod(lambda X, H: 2 * (X * H + H * H + H))

    @staticmethod
    def equations(p, x):
        """Collins et al. 2017: a gated mean of the state and a plain recurrent network."""
        h = np.zeros((x.shape[1], p["W_ch"].shape[0]))
        for x_t in x:
            c = np.tanh(h @ p["W_ch"] + x_t @ p["W_cx"] + p["b_c"])
            g = sigmoid(h @ p["W_gh"] + x_t @ p["W_gx"] + p["b_g"])
            h = c + g * (h - c)
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_cx"], p["W_gx"]],
            "weight_hh": [p["W_ch"], p["W_gh"]],
            "bias_ih": [p["b_c"], p["b_g"]],
        }
        return torchrecurrent_outputs("UGRNNCell", x, weights)
