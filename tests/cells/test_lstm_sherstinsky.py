"""The vanilla LSTM of Sherstinsky 2020: its equations written again, and what is known of it."""

import numpy as np

from gatebench.graph import trace
from support.cells import CellLaws, parameters_at, sigmoid


class TestLSTMSherstinsky(CellLaws):
    name = "lstm_sherstinsky"
    size_at_20k = (34, 20_196)
    state_size = 16
    forget_gate_biases = {"b_cs": 1}
    parameters = staticmethod(lambda X, H: 4 * X * H + 7 * H * H + 4 * H)

    @staticmethod
    def equations(p, x):
        """Sherstinsky 2020, Eq. 126-136."""
        v = s = np.zeros((x.shape[1], p["W_scu"].shape[0]))
        for x_n in x:
            a_cu = x_n @ p["W_xcu"] + s @ p["W_scu"] + v @ p["W_vcu"] + p["b_cu"]
            a_cs = x_n @ p["W_xcs"] + s @ p["W_scs"] + v @ p["W_vcs"] + p["b_cs"]
            a_du = x_n @ p["W_xdu"] + v @ p["W_vdu"] + p["b_du"]
            s = sigmoid(a_cs) * s + sigmoid(a_cu) * np.tanh(a_du)
            a_cr = x_n @ p["W_xcr"] + s @ p["W_scr"] + v @ p["W_vcr"] + p["b_cr"]
            v = sigmoid(a_cr) * np.tanh(s)
            yield v


def test_its_parameters_have_the_papers_closed_form():
    inputs, units = 7, 10
    assert parameters_at(trace.load("lstm_sherstinsky"), inputs, units) == 4 * units * inputs + 7 * units**2 + 4 * units
