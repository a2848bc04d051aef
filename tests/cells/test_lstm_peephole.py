"""The LSTM with peepholes: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, sigmoid
from support.greff import vanilla_outputs


class TestLSTMPeephole(OracleLaws):
    name = "lstm_peephole"
    size_at_20k = (39, 20_085)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H + H) + 3 * H)

    @staticmethod
    def equations(p, x):
        """Chung et al. 2014, Section 3.1: diagonal V; the output gate sees the new cell."""
        h = c = np.zeros((x.shape[1], p["U_c"].shape[0]))
        v_f, v_i, v_o = (np.diag(p[name][0]) for name in ("V_f", "V_i", "V_o"))
        for x_t in x:
            f = sigmoid(x_t @ p["W_f"] + h @ p["U_f"] + c @ v_f + p["b_f"])
            i = sigmoid(x_t @ p["W_i"] + h @ p["U_i"] + c @ v_i + p["b_i"])
            candidate = np.tanh(x_t @ p["W_c"] + h @ p["U_c"] + p["b_c"])
            new = f * c + i * candidate
            o = sigmoid(x_t @ p["W_o"] + h @ p["U_o"] + new @ v_o + p["b_o"])
            h, c = o * np.tanh(new), new
            yield h

    @staticmethod
    def oracle(p, x):
        """Chung's letters for what Greff's are read."""
        letters = {"W": "W", "U": "R", "V": "p", "b": "b"}
        greff = {f"{letters[name[0]]}_{name[2].replace('c', 'z')}": value for name, value in p.items()}
        return vanilla_outputs(greff, x)
