"""The addition-subtraction twin-gated network: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestAtr(OracleLaws):
    name = "atr"
    size_at_20k = (104, 20_072)
    state_size = 8
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: X * H + H * H + H)

    @staticmethod
    def equations(p, x):
        """Zhang et al. 2018: the sum and the difference of two products are the gates."""
        h = np.zeros((x.shape[1], p["U"].shape[0]))
        for x_t in x:
            content, seen = x_t @ p["W"] + p["b_p"], h @ p["U"]
            h = sigmoid(content + seen) * content + sigmoid(content - seen) * h
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W"]],
            "weight_hh": [p["U"]],
            "bias_ih": [p["b_p"]],
        }
        return torchrecurrent_outputs("ATRCell", x, weights)
