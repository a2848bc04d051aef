"""The simple recurrent unit: its equations written again, and what is known of it."""

import numpy as np

from support.cells import CellLaws, sigmoid


class TestSru(CellLaws):
    name = "sru"
    size_at_20k = (56, 19_936)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * X * H + 4 * H)

    @staticmethod
    def equations(p, x):
        """Lei et al. 2018: diagonal recurrence and a highway."""
        c = np.zeros((x.shape[1], p["W"].shape[1]))
        for x_t in x:
            f, r = (sigmoid(x_t @ p[f"W_{k}"] + c @ np.diag(p[f"v_{k}"][0]) + p[f"b_{k}"]) for k in "fr")
            c = f * c + (1 - f) * (x_t @ p["W"])
            yield r * c + (1 - r) * (x_t @ p["W_x"])
