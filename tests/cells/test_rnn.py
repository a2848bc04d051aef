"""The plain recurrent network: its equations written again, and what is known of it."""

import numpy as np
from torch import nn

from support.cells import CellLaws, single_run, torch_outputs


class TestRNN(CellLaws):
    name = "rnn"
    size_at_20k = (104, 20_072)
    state_size = 8
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: X * H + H * H + H)

    @staticmethod
    def equations(p, x):
        """Chung et al. 2014, Eq. 1-2, with a bias."""
        h = np.zeros((x.shape[1], p["U"].shape[0]))
        for x_t in x:
            h = np.tanh(x_t @ p["W"] + h @ p["U"] + p["b_h"])
            yield h


def test_it_is_torch_rnn():
    outputs, p, x = single_run("rnn")
    # torch has two biases, which only their sum matters of
    expected = torch_outputs(nn.RNN, x, [p["W"]], [p["U"]], [0.25 * p["b_h"]], [0.75 * p["b_h"]])
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-12)
