"""The gated recurrent unit: its equations written again, and what is known of it."""

import numpy as np

from support.cells import CellLaws, sigmoid, single_run, torch_gru_outputs


class TestGRU(CellLaws):
    name = "gru"
    size_at_20k = (48, 19_728)
    state_size = 8
    forget_gate_biases = {"b_z": -1}
    parameters = staticmethod(lambda X, H: 3 * (X * H + H * H + H))

    @staticmethod
    def equations(p, x):
        """Chung et al. 2014, Section 3.2: the reset gate acts before the product."""
        h = np.zeros((x.shape[1], p["U"].shape[0]))
        for x_t in x:
            z = sigmoid(x_t @ p["W_z"] + h @ p["U_z"] + p["b_z"])
            r = sigmoid(x_t @ p["W_r"] + h @ p["U_r"] + p["b_r"])
            candidate = np.tanh(x_t @ p["W"] + (r * h) @ p["U"] + p["b_h"])
            h = (1 - z) * h + z * candidate
            yield h


def test_it_is_not_torch_gru():
    outputs, p, x = single_run("gru")
    expected = torch_gru_outputs(p, x)
    # From the zero state there is nothing to reset, so the weights were copied right ...
    np.testing.assert_allclose(outputs[0], expected[0], rtol=0, atol=1e-12)
    # ... and from the second step on the place of the reset gate shows in every sequence.
    assert (np.abs(outputs[1:] - expected[1:]).max((0, 2)) > 0.01).all()
