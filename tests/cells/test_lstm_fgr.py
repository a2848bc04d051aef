"""The variant FGR of Greff et al.: its equations written again, and what is known of it."""

import numpy as np

from support.cells import CellLaws, sigmoid


class TestLstmFgr(CellLaws):
    name = "lstm_fgr"
    size_at_20k = (28, 20_244)
    state_size = 40
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H + H) + 3 * H + 9 * H * H)
    options = [{}, {"peephole": "printed"}]

    @staticmethod
    def equations(p, x, peephole="new"):
        """Greff et al. 2017, FGR: nine matrices more, from each gate of the step before to each gate."""
        y = c = i = f = o = np.zeros((x.shape[1], p["R_z"].shape[0]))
        for x_t in x:
            z = np.tanh(x_t @ p["W_z"] + y @ p["R_z"] + p["b_z"])
            gates = np.concatenate([i, f, o], 1)
            sums = {
                g: x_t @ p[f"W_{g}"]
                + y @ p[f"R_{g}"]
                + p[f"b_{g}"]
                + gates @ np.concatenate([p[f"R_{a}{g}"] for a in "ifo"])
                for g in "ifo"
            }
            old = c
            i, f = sigmoid(sums["i"] + p["p_i"] * old), sigmoid(sums["f"] + p["p_f"] * old)
            c = z * i + f * old
            o = sigmoid(sums["o"] + p["p_o"] * (c if peephole == "new" else old))
            y = np.tanh(c) * o
            yield y
