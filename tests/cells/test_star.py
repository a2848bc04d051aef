"""The stackable recurrent cell: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestStar(OracleLaws):
    name = "star"
    size_at_20k = (78, 19_968)
    state_size = 8
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 2 * X * H + H * H + 2 * H)

    @staticmethod
    def equations(p, x):
        """Turkoglu et al. 2021: one gate, tanh around the new state."""
        h = np.zeros((x.shape[1], p["W_h"].shape[0]))
        for x_t in x:
            k = sigmoid(x_t @ p["W_x"] + h @ p["W_h"] + p["b_k"])
            h = np.tanh(h + k * (np.tanh(x_t @ p["W_z"] + p["b_z"]) - h))
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_z"], p["W_x"]],
            "weight_hh": [p["W_h"]],
            "bias_ih": [p["b_z"], p["b_k"]],
        }
        return torchrecurrent_outputs("STARCell", x, weights)
