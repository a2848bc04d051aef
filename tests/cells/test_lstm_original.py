"""The LSTM of 1997: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestLstmOriginal(OracleLaws):
    name = "lstm_original"
    size_at_20k = (48, 19_728)
    state_size = 16
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 3 * (X * H + H * H + H))

    @staticmethod
    def equations(p, x):
        """Hochreiter, Schmidhuber 1997: g between -2 and 2, h between -1 and 1."""
        y = s = np.zeros((x.shape[1], p["U_c"].shape[0]))
        for x_t in x:
            i, o, net = (sigmoid(x_t @ p[f"W_{k}"] + y @ p[f"U_{k}"] + p[f"b_{k}"]) for k in "ioc")
            s = s + i * (4 * net - 2)
            y = o * (2 * sigmoid(s) - 1)
            yield y

    @staticmethod
    def oracle(p, x):
        """Theirs has tanh for both functions: at half the weights of the cell's input and half the state they meet."""
        halves = {"i": 1, "c": 0.5, "o": 1}
        weights = {
            "weight_ih": [scale * p[f"W_{k}"] for k, scale in halves.items()],
            "weight_hh": [scale * p[f"U_{k}"] for k, scale in halves.items()],
            "bias_ih": [scale * p[f"b_{k}"] for k, scale in halves.items()],
        }
        return torchrecurrent_outputs("OriginalLSTMCell", x, weights)
