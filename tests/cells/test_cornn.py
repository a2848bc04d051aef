"""The coupled oscillatory network: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, torchrecurrent_outputs


class TestCornn(OracleLaws):
    name = "cornn"
    size_at_20k = (80, 19_920)
    state_size = 16
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: X * H + 2 * H * H + H)
    options = [{}, {"dt": 0.4, "gamma": 2.0, "epsilon": 0.5}]

    @staticmethod
    def equations(p, x, dt=0.1, gamma=1.0, epsilon=1.0):
        """Rusch, Mishra 2021, Eq. 3: velocities first, then positions."""
        y = z = np.zeros((x.shape[1], p["W_y"].shape[0]))
        for x_t in x:
            force = np.tanh(y @ p["W_y"] + z @ p["W_z"] + x_t @ p["V"] + p["b_y"])
            z = z + dt * force - dt * gamma * y - dt * epsilon * z
            y = y + dt * z
            yield y

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["V"]],
            "weight_hh": [p["W_y"]],
            "bias_ih": [p["b_y"]],
            "weight_ch": [p["W_z"]],
        }
        return torchrecurrent_outputs("coRNNCell", x, weights)
