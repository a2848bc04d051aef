"""The variant NIAF of Greff et al.: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid
from support.greff import identity, vanilla_outputs


class TestLstmNiaf(OracleLaws):
    name = "lstm_niaf"
    size_at_20k = (39, 20_085)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H + H) + 3 * H)

    @staticmethod
    def equations(p, x):
        """Greff et al. 2017, NIAF: a step of their vanilla LSTM, one part of it changed."""
        y = c = np.zeros((x.shape[1], p["R_z"].shape[0]))
        for x_t in x:
            z = x_t @ p["W_z"] + y @ p["R_z"] + p["b_z"]
            i = sigmoid(x_t @ p["W_i"] + y @ p["R_i"] + p["p_i"] * c + p["b_i"])
            f = sigmoid(x_t @ p["W_f"] + y @ p["R_f"] + p["p_f"] * c + p["b_f"])
            c = z * i + f * c
            o = sigmoid(x_t @ p["W_o"] + y @ p["R_o"] + p["p_o"] * c + p["b_o"])
            y = o * np.tanh(c)
            yield y

    @staticmethod
    def oracle(p, x):
        return vanilla_outputs(p, x, of_input=identity)
