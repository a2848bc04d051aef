"""The LSTM without peepholes: its equations written again, and what is known of it."""

import numpy as np
from torch import nn

from support.cells import CellLaws, sigmoid, single_run, torch_outputs


class TestLSTM(CellLaws):
    name = "lstm"
    size_at_20k = (39, 19_968)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H + H))

    @staticmethod
    def equations(p, x):
        """Chung et al. 2014, Section 3.1, without peepholes: Zaremba et al. 2014, most libraries."""
        h = c = np.zeros((x.shape[1], p["U_c"].shape[0]))
        for x_t in x:
            i = sigmoid(x_t @ p["W_i"] + h @ p["U_i"] + p["b_i"])
            f = sigmoid(x_t @ p["W_f"] + h @ p["U_f"] + p["b_f"])
            o = sigmoid(x_t @ p["W_o"] + h @ p["U_o"] + p["b_o"])
            candidate = np.tanh(x_t @ p["W_c"] + h @ p["U_c"] + p["b_c"])
            c = f * c + i * candidate
            h = o * np.tanh(c)
            yield h


def test_it_is_torch_lstm():
    outputs, p, x = single_run("lstm")
    W, U, b = ([p[f"{letter}_{gate}"] for gate in "ifco"] for letter in "WUb")
    expected = torch_outputs(nn.LSTM, x, W, U, [0.25 * bias for bias in b], [0.75 * bias for bias in b])
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-12)
