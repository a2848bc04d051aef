"""The undamped oscillatory network: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestUnicornn(OracleLaws):
    name = "unicornn"
    size_at_20k = (220, 20_020)
    state_size = 16
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: X * H + 3 * H)
    options = [{}, {"dt": 0.5, "alpha": 0.0}]

    @staticmethod
    def equations(p, x, dt=0.1, alpha=1.0):
        """Rusch, Mishra 2021, Eq. 4, one layer."""
        y = z = np.zeros((x.shape[1], p["V"].shape[1]))
        for x_t in x:
            pace = dt * sigmoid(p["c"])
            z = z - pace * (np.tanh(p["w"] * y + x_t @ p["V"] + p["b_y"]) + alpha * y)
            y = y + pace * z
            yield y

    @staticmethod
    def oracle(p, x):
        """Their alpha is 0 where none is given."""
        weights = {"weight_ih": [p["V"]], "weight_hh": [p["w"]], "weight_ch": [p["c"]], "bias_ih": [p["b_y"]]}
        return torchrecurrent_outputs("UnICORNNCell", x, weights, alpha=1.0)
