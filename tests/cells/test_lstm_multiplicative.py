"""The multiplicative LSTM: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestLstmMultiplicative(OracleLaws):
    name = "lstm_multiplicative"
    size_at_20k = (33, 20_130)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 5 * (X * H + H * H + H))

    @staticmethod
    def equations(p, x):
        """Krause et al. 2017: the input multiplies the state that the gates see."""
        h = c = np.zeros((x.shape[1], p["W_mh"].shape[0]))
        for x_t in x:
            m = (x_t @ p["W_mx"] + p["b_m"]) * (h @ p["W_mh"])
            sums = {k: x_t @ p[f"W_{k}x"] + m @ p[f"W_{k}m"] + p[f"b_{k}"] for k in "hiof"}
            c = sigmoid(sums["f"]) * c + sigmoid(sums["i"]) * np.tanh(sums["h"])
            h = np.tanh(c) * sigmoid(sums["o"])
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_mx"], p["W_ix"], p["W_fx"], p["W_hx"], p["W_ox"]],
            "weight_hh": [p["W_mh"]],
            "bias_ih": [p["b_m"], p["b_i"], p["b_f"], p["b_h"], p["b_o"]],
            "weight_mh": [p["W_im"], p["W_fm"], p["W_hm"], p["W_om"]],
        }
        return torchrecurrent_outputs("MultiplicativeLSTMCell", x, weights)
