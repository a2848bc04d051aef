"""The GRU whose reset gate acts after the product: its equations written again, and what is known of it."""

import numpy as np

from support.cells import CellLaws, sigmoid, single_run, torch_gru_outputs


class TestGRUResetAfter(CellLaws):
    name = "gru_reset_after"
    size_at_20k = (48, 19_776)  # 48 more than the GRU's: its second bias of the candidate
    state_size = 8
    forget_gate_biases = {"b_z": -1}
    parameters = staticmethod(lambda X, H: 3 * (X * H + H * H) + 4 * H)

    @staticmethod
    def equations(p, x):
        """Chung et al. 2014, footnote 1: the reset gate acts after the product, and on its bias as in cuDNN."""
        h = np.zeros((x.shape[1], p["U"].shape[0]))
        for x_t in x:
            z = sigmoid(x_t @ p["W_z"] + h @ p["U_z"] + p["b_z"])
            r = sigmoid(x_t @ p["W_r"] + h @ p["U_r"] + p["b_r"])
            candidate = np.tanh(x_t @ p["W"] + p["b_h"] + r * (h @ p["U"] + p["b_u"]))
            h = (1 - z) * h + z * candidate
            yield h


def test_it_is_torch_gru():
    outputs, p, x = single_run("gru_reset_after")
    np.testing.assert_allclose(outputs, torch_gru_outputs(p, x), rtol=0, atol=1e-12)
