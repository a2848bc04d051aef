"""The structurally constrained network: its equations written again, and what is known of it."""

import numpy as np

from support.cells import CellLaws, sigmoid


class TestScrn(CellLaws):
    name = "scrn"
    size_at_20k = (52, 19_968)
    state_size = 24
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 2 * X * H + 4 * H * H)
    options = [{}, {"alpha": 0.5}]

    @staticmethod
    def equations(p, x, alpha=0.95):
        """Mikolov et al. 2015: what their softmax reads."""
        h = s = np.zeros((x.shape[1], p["R"].shape[0]))
        for x_t in x:
            s = alpha * s + (1 - alpha) * x_t @ p["B"]
            h = sigmoid(s @ p["P"] + x_t @ p["A"] + h @ p["R"])
            yield h @ p["U"] + s @ p["V"]
