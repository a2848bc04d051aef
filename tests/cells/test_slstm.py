"""The LSTM with exponential gates: its equations written again, and what is known of it."""

import numpy as np

from support.cells import CellLaws, sigmoid


class TestSlstm(CellLaws):
    name = "slstm"
    size_at_20k = (39, 19_929)
    state_size = 32
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H) + 3 * H)
    options = [{}, {"forget": "exp"}]

    @staticmethod
    def equations(p, x, forget="sigmoid"):
        """Beck et al. 2024, without the stabiliser, which changes no output: exponentials of all that there is."""
        h = c = n = np.zeros((x.shape[1], p["R_z"].shape[0]))
        for x_t in x:
            sums = {k: x_t @ p[f"W_{k}"] + h @ p[f"R_{k}"] + p.get(f"b_{k}", 0) for k in "zifo"}
            f = sigmoid(sums["f"]) if forget == "sigmoid" else np.exp(sums["f"])
            c = f * c + np.exp(sums["i"]) * np.tanh(sums["z"])
            n = f * n + np.exp(sums["i"])
            h = sigmoid(sums["o"]) * c / n
            yield h
