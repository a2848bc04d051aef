"""The recurrent additive network: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestRan(OracleLaws):
    name = "ran"
    size_at_20k = (54, 20_196)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 3 * X * H + 2 * H * H + 2 * H)

    @staticmethod
    def equations(p, x):
        """Lee et al. 2017: a gated sum of what is linear in the input."""
        h = c = np.zeros((x.shape[1], p["W_ih"].shape[0]))
        for x_t in x:
            i = sigmoid(h @ p["W_ih"] + x_t @ p["W_ix"] + p["b_i"])
            f = sigmoid(h @ p["W_fh"] + x_t @ p["W_fx"] + p["b_f"])
            c = i * (x_t @ p["W_cx"]) + f * c
            h = np.tanh(c)
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_cx"], p["W_ix"], p["W_fx"]],
            "weight_hh": [p["W_ih"], p["W_fh"]],
            "bias_ih": [p["b_i"], p["b_f"]],
        }
        return torchrecurrent_outputs("RANCell", x, weights)
