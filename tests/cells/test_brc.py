"""The bistable recurrent cell: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestBrc(OracleLaws):
    name = "brc"
    size_at_20k = (74, 19_906)
    state_size = 8
    forget_gate_biases = {"b_c": 1}
    parameters = staticmethod(lambda X, H: 3 * X * H + 5 * H)

    @staticmethod
    def equations(p, x):
        """Vecoven et al. 2021: diagonal feedback, of a strength between 0 and 2."""
        h = np.zeros((x.shape[1], p["U"].shape[1]))
        for x_t in x:
            a = 1 + np.tanh(x_t @ p["U_a"] + h @ np.diag(p["w_a"][0]) + p["b_a"])
            c = sigmoid(x_t @ p["U_c"] + h @ np.diag(p["w_c"][0]) + p["b_c"])
            h = c * h + (1 - c) * np.tanh(x_t @ p["U"] + a * h + p["b_h"])
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["U_a"], p["U_c"], p["U"]],
            "weight_hh": [p["w_a"], p["w_c"]],
            "bias_ih": [p["b_a"], p["b_c"], p["b_h"]],
        }
        return torchrecurrent_outputs("BRCell", x, weights)
