"""The minimal recurrent network: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestMinimalRnn(OracleLaws):
    name = "minimal_rnn"
    size_at_20k = (80, 20_000)
    state_size = 8
    forget_gate_biases = {"b_u": 1}
    parameters = staticmethod(lambda X, H: X * H + 2 * H * H + 2 * H)

    @staticmethod
    def equations(p, x):
        """Chen 2017: the state is a gated mean of what is made of the inputs alone."""
        h = np.zeros((x.shape[1], p["U_h"].shape[0]))
        for x_t in x:
            z = np.tanh(x_t @ p["W_x"] + p["b_z"])
            u = sigmoid(h @ p["U_h"] + z @ p["U_z"] + p["b_u"])
            h = u * h + (1 - u) * z
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_x"]],
            "weight_hh": [p["U_h"]],
            "bias_ih": [p["b_z"]],
            "weight_mm": [p["U_z"]],
            "bias_hh": [p["b_u"]],
        }
        return torchrecurrent_outputs("MinimalRNNCell", x, weights)
