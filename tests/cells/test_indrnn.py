"""The independently recurrent network: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, torchrecurrent_outputs


class TestIndrnn(OracleLaws):
    name = "indrnn"
    size_at_20k = (222, 19_980)
    state_size = 8
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: X * H + 2 * H)

    @staticmethod
    def equations(p, x):
        """Li et al. 2018, Eq. 2: a diagonal recurrence."""
        h = np.zeros((x.shape[1], p["W"].shape[1]))
        for x_t in x:
            h = np.maximum(x_t @ p["W"] + h @ np.diag(p["u"][0]) + p["b_h"], 0)
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {"weight_ih": [p["W"]], "vector_u": [p["u"]], "bias_ih": [p["b_h"]]}
        return torchrecurrent_outputs("IndRNNCell", x, weights, nonlinearity="relu")
