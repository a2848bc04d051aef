"""FastGRNN: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestFastgrnn(OracleLaws):
    name = "fastgrnn"
    size_at_20k = (103, 19_881)
    state_size = 8
    forget_gate_biases = {"b_z": 1}
    parameters = staticmethod(lambda X, H: X * H + H * H + 2 * H + 2)

    @staticmethod
    def equations(p, x):
        """Kusupati et al. 2018: one product for gate and candidate, and two numbers."""
        h = np.zeros((x.shape[1], p["U"].shape[0]))
        for x_t in x:
            a = x_t @ p["W"] + h @ p["U"]
            z = sigmoid(a + p["b_z"])
            h = (sigmoid(p["zeta"]) * (1 - z) + sigmoid(p["nu"])) * np.tanh(a + p["b_h"]) + z * h
            yield h

    @staticmethod
    def oracle(p, x):
        """Their gate is a tanh where nothing is said, and the paper's sigma is not."""
        weights = {
            "weight_ih": [p["W"]], "weight_hh": [p["U"]], "bias_ih": [p["b_z"], p["b_h"]], "zeta": [p["zeta"]],
            "nu": [p["nu"]],
        }  # fmt: skip
        return torchrecurrent_outputs("FastGRNNCell", x, weights, nonlinearity="sigmoid")
