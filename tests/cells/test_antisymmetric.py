"""The antisymmetric recurrent network: its equations written again, and what is known of it."""

import numpy as np

from support.cells import OracleLaws, assert_equals_oracle, sigmoid, torchrecurrent_outputs


class TestAntisymmetric(OracleLaws):
    name = "antisymmetric"
    size_at_20k = (104, 20_072)
    state_size = 8
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: X * H + H * H + H)
    options = [{}, {"epsilon": 0.5, "gamma": 0.0}, {"gated": True}]

    @staticmethod
    def equations(p, x, epsilon=0.1, gamma=0.01, gated=False):
        """Chang et al. 2019; a row of the batch is multiplied from the right, which turns the matrix."""
        H = p["W"].shape[0]
        A = p["W"] - p["W"].T - gamma * np.eye(H)
        h = np.zeros((x.shape[1], H))
        for x_t in x:
            z = sigmoid(h @ A + x_t @ p["V_z"] + p["b_z"]) if gated else 1
            h = h + epsilon * z * np.tanh(h @ A + x_t @ p["V_h"] + p["b_h"])
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {"weight_ih": [p["V_h"]], "weight_hh": [p["W"]], "bias_ih": [p["b_h"]]}
        return torchrecurrent_outputs("AntisymmetricRNNCell", x, weights, epsilon=0.1, gamma=0.01)


def test_its_gated_form_equals_that_of_torchrecurrent():
    def oracle(p, x):
        weights = {"weight_ih": [p["V_z"], p["V_h"]], "weight_hh": [p["W"]], "bias_ih": [p["b_z"], p["b_h"]]}
        return torchrecurrent_outputs("GatedAntisymmetricRNNCell", x, weights, epsilon=0.1, gamma=0.01)

    assert_equals_oracle("antisymmetric", oracle, gated=True)
