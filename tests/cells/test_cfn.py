"""The chaos-free network: its equations written again, and what is known of it."""

import numpy as np

from gatebench.graph import trace
from support.cells import OracleLaws, engine_outputs, random_weights, sigmoid, torchrecurrent_outputs


class TestCfn(OracleLaws):
    name = "cfn"
    size_at_20k = (54, 20_196)
    state_size = 8
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 3 * X * H + 2 * H * H + 2 * H)

    @staticmethod
    def equations(p, x):
        """Laurent, von Brecht 2017: gated tanh of the state and gated tanh of the input."""
        h = np.zeros((x.shape[1], p["U_eta"].shape[0]))
        for x_t in x:
            theta, eta = (sigmoid(h @ p[f"U_{k}"] + x_t @ p[f"V_{k}"] + p[f"b_{k}"]) for k in ("theta", "eta"))
            h = theta * np.tanh(h) + eta * np.tanh(x_t @ p["W"])
            yield h

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["V_theta"], p["V_eta"], p["W"]],
            "weight_hh": [p["U_theta"], p["U_eta"]],
            "bias_hh": [p["b_theta"], p["b_eta"]],
        }
        return torchrecurrent_outputs("CFNCell", x, weights)


def test_without_an_input_it_decays():
    """Whatever the weights, without biases: this is the theorem of the paper."""
    graph = trace.load("cfn")
    p = {name: 5 * value * (not name.startswith("b_")) for name, value in random_weights(graph, 1).items()}
    x = np.zeros((1, 400, 1, 4))
    x[:, 0] = 3
    h = np.abs(engine_outputs(graph, p, x)[0, :, 0]).max(1)
    assert h[0] > 0.1
    assert (np.diff(h) <= 0).all()
    assert h[-1] < 0.6 * h[1]
